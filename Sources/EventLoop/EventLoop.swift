internal import CLinux
internal import Glibc
internal import Synchronization
package import System

/// A thread that handles input and output, and runs the tasks that need them.
///
/// The thread waits for the descriptors and timers of its sources, lets the sources react, and runs tasks that have the loop
/// as their executor preference. A request that is read, answered with the help of another server, and written on one loop
/// wakes no other thread, and waking threads up is most of what a short request costs.
///
/// A task on the loop must not compute for long, because all others wait meanwhile.
package final class EventLoop: TaskExecutor {
    /// The jobs and signals of other threads.
    private struct Inbox {
        var jobs: [UnownedJob] = []
        var isWoken = false
        /// Whether the thread waits, and has to be woken up.
        var isWaiting = false
        var isStopping = false
    }

    /// The numbers of sources. One that has ended leaves its number to another.
    private struct Slots {
        var free: [Int] = []
        var count = 0

        mutating func take() -> Int {
            if let number = free.popLast() { return number }
            precondition(count < EventSet.mostSources, "too many sources")
            defer { count += 1 }
            return count
        }
    }

    private let inbox = Mutex(Inbox())
    private let event: EventDescriptor
    private let epoll: CInt
    private let slots = Mutex(Slots())
    /// The loop's thread, once it runs.
    private let thread = Atomic<UInt>(0)

    /// Only the loop's thread uses these.
    private nonisolated(unsafe) var sources: [(any EventSource)?] = []
    private nonisolated(unsafe) var jobs: [UnownedJob] = []
    /// Whether a source was posted to on the loop's own thread since the last turns began.
    private nonisolated(unsafe) var isWokenByItself = false

    private static let eventID = UInt64.max

    /// - Parameter name: at most 15 bytes.
    package init(named name: String) throws(SystemError) {
        event = try EventDescriptor()
        epoll = epoll_create1(CInt(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw .last("epoll_create1") }
        // Edge-triggered: each signal is an edge, and nobody has to read the descriptor.
        var interest = epoll_event(
            events: EPOLLIN.rawValue | EPOLLET.rawValue, data: epoll_data(u64: Self.eventID))
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, event.descriptor, &interest) == 0 else { throw .last("epoll_ctl") }
        try startThread(named: name) { self.run() }
    }

    deinit { close(epoll) }

    /// The descriptors of a loop.
    package static let descriptors = 2

    // MARK: From any thread

    /// Makes the set of a source that is added next.
    package func makeSet() -> EventSet {
        EventSet(epoll: epoll, source: slots.withLock { $0.take() })
    }

    /// Adds a source.
    ///
    /// - Parameter set: a set of this loop, made for this source.
    package func add(_ source: sending any EventSource, with set: EventSet) {
        let arrival = Arrival(source, at: set.source)
        enqueue { self.install(arrival) }
    }

    /// Ends the thread as soon as all sources have ended. Tasks must not prefer the loop from then on.
    package func stop() {
        enqueue { self.inbox.withLock { $0.isStopping = true } }
    }

    /// Makes the sources take their turns, because something was posted to one of them.
    package func wake() {
        // On the loop's own thread the turns come before the next wait, unless it is a turn that has posted.
        guard !isCurrent else {
            isWokenByItself = true
            return
        }
        let wasWaiting = inbox.withLock { inbox in
            defer { inbox.isWaiting = false }
            inbox.isWoken = true
            return inbox.isWaiting
        }
        if wasWaiting { event.signal() }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        guard !isCurrent else { return jobs.append(job) }
        let wasWaiting = inbox.withLock { inbox in
            defer { inbox.isWaiting = false }
            inbox.jobs.append(job)
            return inbox.isWaiting
        }
        if wasWaiting { event.signal() }
    }

    package var isCurrent: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    private func enqueue(_ body: @escaping @Sendable () -> Void) { Task(executorPreference: self) { body() } }

    /// Hands a source over to the loop's thread, which is the only one that uses it from then on.
    private final class Arrival: @unchecked Sendable {
        let source: any EventSource
        let number: Int

        init(_ source: any EventSource, at number: Int) {
            self.source = source
            self.number = number
        }
    }

    // MARK: The loop's thread

    private func install(_ arrival: Arrival) {
        while sources.count <= arrival.number { sources.append(nil) }
        sources[arrival.number] = arrival.source
    }

    private func run() {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        let executor = asUnownedTaskExecutor()
        let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: 256)
        defer { events.deallocate() }
        var running: [UnownedJob] = []
        while true {
            let isStopping = takeJobs()
            // Jobs that are enqueued meanwhile run after the turns of the sources.
            swap(&running, &jobs)
            for job in running { job.runSynchronously(on: executor) }
            running.removeAll(keepingCapacity: running.capacity <= 4096)
            isWokenByItself = false
            let due = turnSources()
            if !jobs.isEmpty || isWokenByItself {
                poll(events, 0)
            } else if isStopping, sources.allSatisfy({ $0 == nil }) {
                return
            } else {
                wait(events, until: due)
            }
        }
    }

    /// - Returns: whether the loop is to stop.
    private func takeJobs() -> Bool {
        inbox.withLock { inbox in
            inbox.isWoken = false
            if !inbox.jobs.isEmpty {
                if jobs.isEmpty { swap(&jobs, &inbox.jobs) } else { jobs += inbox.jobs }
                inbox.jobs.removeAll(keepingCapacity: inbox.jobs.capacity <= 4096)
            }
            return inbox.isStopping
        }
    }

    /// Lets the sources take their turns. The last one that was added is the first: that is the one that answers, and it has
    /// added those whose calls it needs before itself. So an answer goes out before the calls that follow it, such as the end
    /// of a sandbox.
    ///
    /// - Returns: the time of the first timer.
    private func turnSources() -> ContinuousClock.Instant? {
        var first: ContinuousClock.Instant?
        for number in sources.indices.reversed() {
            switch sources[number]?.turn() {
            case .again(let due): if let due { first = min(first ?? due, due) }
            case .over:
                sources[number] = nil
                slots.withLock { $0.free.append(number) }
            case nil: break
            }
        }
        return first
    }

    private func wait(_ events: UnsafeMutablePointer<epoll_event>, until due: ContinuousClock.Instant?) {
        let mayWait = inbox.withLock { inbox in
            guard inbox.jobs.isEmpty, !inbox.isWoken else { return false }
            inbox.isWaiting = true
            return true
        }
        poll(events, mayWait ? milliseconds(until: due) : 0)
        if mayWait { inbox.withLock { $0.isWaiting = false } }
    }

    /// Returns the time that is left, rounded up, because a turn before the time would do nothing; -1 for no time.
    private func milliseconds(until due: ContinuousClock.Instant?) -> CInt {
        guard let due else { return -1 }
        let left = due - .now
        guard left > .zero else { return 0 }
        let (seconds, attoseconds) = left.components
        return seconds > 60
            ? 60_000 : CInt(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }

    private func poll(_ events: UnsafeMutablePointer<epoll_event>, _ milliseconds: CInt) {
        // An interrupted call (-1) counts as one without events.
        let count = epoll_wait(epoll, events, 256, milliseconds)
        for index in 0..<max(0, Int(count)) {
            let id = events[index].data.u64
            guard id != Self.eventID else { continue }
            let number = Int(id >> EventSet.sourceShift)
            guard number < sources.count, let source = sources[number] else { continue }
            source.react(to: id & (1 << EventSet.sourceShift - 1), events[index].events)
        }
    }
}

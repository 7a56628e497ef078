import Synchronization

/// Counts the executions in flight, limits their number, and refuses new ones when the responder stops.
package final class Executions: Sendable {
    private let places: FairSemaphore
    private let wait: Mutex<Duration>
    private let inFlight = InFlight()
    private let isDraining = Atomic(false)

    package init(_ limits: ExecutionLimits) {
        places = FairSemaphore(.init(limits))
        wait = Mutex(limits.wait)
    }

    /// Changes the limits. Executions in flight and requests that wait stay.
    package func set(_ limits: ExecutionLimits) {
        places.resize(to: .init(limits))
        wait.withLock { $0 = limits.wait }
    }

    package var count: Int { inFlight.count }
    package var limit: Int { places.capacity.total }
    /// The number of requests that wait for a place.
    package var waitingCount: Int { places.waitingCount }
    /// Whether new executions are refused, because ``refuse()`` was called.
    package var isRefusing: Bool { isDraining.load(ordering: .acquiring) }

    /// Waits for a place, and runs `work` in it.
    ///
    /// - Throws: `.busy`, `.ownerBusy` or `.ownerQueueBusy` if no place became free in time, `.shuttingDown` after
    ///   ``refuse()``, and `.cancelled` if the task was cancelled while it waited.
    package func run<Value>(for owner: String, _ work: () async -> Value) async throws(InterpreterError) -> Value {
        do throws(FairSemaphore.Shortage) {
            try await places.take(for: owner, until: .now + wait.withLock { $0 })
        } catch {
            throw InterpreterError(error, places.capacity)
        }
        defer { places.giveBack(of: owner) }
        inFlight.enter()
        defer { inFlight.leave() }
        // This is checked after `enter()`, so that an execution that ``drain()`` did not count sees that it is refused.
        guard !isRefusing else { throw .shuttingDown }
        return await work()
    }

    /// Refuses new executions and those that wait for a place.
    package func refuse() {
        isDraining.store(true, ordering: .releasing)
        places.close()
    }

    /// Does the same, and returns when the last one in flight has ended.
    package func drain() async {
        refuse()
        await inFlight.drain()
    }
}

extension FairSemaphore.Capacity {
    fileprivate init(_ limits: ExecutionLimits) {
        self.init(total: limits.places, share: limits.share, queue: limits.queue)
    }
}

extension InterpreterError {
    fileprivate init(_ shortage: FairSemaphore.Shortage, _ places: FairSemaphore.Capacity) {
        self =
            switch shortage {
            case .taken: .busy(limit: places.total)
            case .shareTaken: .ownerBusy(limit: places.share)
            case .queueShareTaken: .ownerQueueBusy
            case .closed: .shuttingDown
            case .cancelled: .cancelled
            }
    }
}

import Synchronization

/// Counts the executions in flight, limits their number, and refuses new ones when the responder stops.
package final class Executions: Sendable {
    private let places: FairSemaphore
    /// Those of keys with a limit of their own. Whoever has a place of the key waits for one of all.
    private let keyPlaces = Mutex<[String: FairSemaphore]>([:])
    private let wait: Mutex<Duration>
    private let inFlight = InFlight()
    private let isDraining = Atomic(false)

    package init(_ limits: ExecutionLimits) {
        places = FairSemaphore(.init(limits))
        wait = Mutex(limits.wait)
        set(keys: limits)
    }

    /// Changes the limits. Executions in flight and requests that wait stay.
    package func set(_ limits: ExecutionLimits) {
        places.resize(to: .init(limits))
        wait.withLock { $0 = limits.wait }
        set(keys: limits)
    }

    /// The places of a key that has no limit any more are there for those that hold them or wait for them.
    private func set(keys limits: ExecutionLimits) {
        keyPlaces.withLock { places in
            let capacities = limits.keys.compactMapValues { key in
                key.concurrent.map { FairSemaphore.Capacity(total: $0, queue: limits.queue) }
            }
            places = capacities.reduce(into: [:]) { kept, entry in
                let semaphore = places[entry.key] ?? FairSemaphore(entry.value)
                semaphore.resize(to: entry.value)
                kept[entry.key] = semaphore
            }
        }
    }

    package var count: Int { inFlight.count }
    package var limit: Int { places.capacity.total }
    /// The number of requests that wait for a place.
    package var waitingCount: Int { ofKeys.reduce(places.waitingCount) { $0 + $1.waitingCount } }
    /// The largest number of executions that have been in flight at the same time.
    package var mostInFlight: Int { inFlight.most }
    /// The largest number of requests that have waited for a place at the same time.
    package var mostWaiting: Int { ofKeys.reduce(places.mostWaiting) { max($0, $1.mostWaiting) } }
    /// The number of requests that have had to wait for a place.
    package var waitedCount: Int { ofKeys.reduce(places.waitedCount) { $0 + $1.waitedCount } }
    private var ofKeys: [FairSemaphore] { keyPlaces.withLock { Array($0.values) } }
    /// Whether new executions are refused, because ``refuse()`` was called.
    package var isRefusing: Bool { isDraining.load(ordering: .acquiring) }

    /// Waits for a place, and runs `work` in it.
    ///
    /// - Throws: `.busy`, `.ownerBusy` or `.ownerQueueBusy` if no place became free in time, `.shuttingDown` after
    ///   ``refuse()``, and `.cancelled` if the task was cancelled while it waited.
    package func run<Value>(for owner: String, _ work: () async -> Value) async throws(InterpreterError) -> Value {
        let end = ContinuousClock.now + wait.withLock { $0 }
        let own = keyPlaces.withLock { $0.isEmpty ? nil : $0[OwnerName.key(of: owner)] }
        if let own {
            do throws(FairSemaphore.Shortage) {
                try await own.take(for: owner, until: end)
            } catch {
                throw error == .taken ? .ownerBusy(limit: own.capacity.total) : InterpreterError(error, own.capacity)
            }
        }
        defer { own?.giveBack(of: owner) }
        do throws(FairSemaphore.Shortage) {
            try await places.take(for: owner, until: end)
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
        for own in ofKeys { own.close() }
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

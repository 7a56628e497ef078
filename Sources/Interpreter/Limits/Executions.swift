import Synchronization

/// The executions in flight: how many there may be, whose turn it is when all places are taken, and none that is new when the
/// responder stops.
package final class Executions: Sendable {
    private let places: FairSemaphore
    private let wait: Duration
    private let inFlight = InFlight()
    private let isDraining = Atomic(false)

    package init(_ limits: ExecutionLimits) {
        places = FairSemaphore(.init(total: limits.places, share: limits.share, queue: limits.queue))
        wait = limits.wait
    }

    package var count: Int { inFlight.count }
    package var limit: Int { places.capacity.total }
    /// Requests that wait for a place.
    package var waitingCount: Int { places.waitingCount }
    /// Since ``drain()``.
    package var isRefusing: Bool { isDraining.load(ordering: .acquiring) }

    /// Runs `work` in a place, when there is one.
    ///
    /// - Throws: `.busy`, `.ownerBusy` or `.ownerQueueBusy` without a place, `.shuttingDown` after ``drain()``, `.cancelled` when
    ///   the task was cancelled while it waited.
    package func run<Value>(for owner: String, _ work: () async -> Value) async throws(InterpreterError) -> Value {
        do throws(FairSemaphore.Shortage) {
            try await places.take(for: owner, until: .now + wait)
        } catch {
            throw InterpreterError(error, places.capacity)
        }
        defer { places.giveBack(of: owner) }
        inFlight.enter()
        defer { inFlight.leave() }
        // After entering: what enters later than ``drain()`` looks sees this.
        guard !isRefusing else { throw .shuttingDown }
        return await work()
    }

    /// Refuses new executions, those that wait for a place included. Returns when the last one has ended.
    package func drain() async {
        isDraining.store(true, ordering: .releasing)
        places.close()
        await inFlight.drain()
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

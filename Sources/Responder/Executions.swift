import Synchronization

/// The executions in flight: how many there may be, and none that is new when the responder stops.
final class Executions: Sendable {
    private let limit: Int
    private let inFlight = InFlight()
    private let isDraining = Atomic(false)

    init(limit: Int) { self.limit = limit }

    var count: Int { inFlight.count }
    /// Since ``drain()``.
    var isRefusing: Bool { isDraining.load(ordering: .acquiring) }

    /// Runs `work` within the limit.
    func run(_ work: () async -> Answer) async throws(Refusal) -> Answer {
        guard inFlight.enter(limit: limit) else {
            throw Refusal(
                status: 429, "All \(limit) places for executions are taken. Try again in a few seconds.",
                retryAfter: .seconds(5))
        }
        defer { inFlight.leave() }
        // After entering: what enters later than ``drain()`` looks sees this.
        guard !isRefusing else { throw .shuttingDown }
        return await work()
    }

    /// Refuses new executions. Returns when the last one has ended.
    func drain() async {
        isDraining.store(true, ordering: .releasing)
        await inFlight.drain()
    }
}

import Synchronization

/// The executions in flight: how many there may be, and none that is new when the responder stops.
package final class Executions: Sendable {
    private let limit: Int
    private let inFlight = InFlight()
    private let isDraining = Atomic(false)

    package init(limit: Int) { self.limit = limit }

    package var count: Int { inFlight.count }
    /// Since ``drain()``.
    package var isRefusing: Bool { isDraining.load(ordering: .acquiring) }

    /// Runs `work` within the limit.
    ///
    /// - Throws: `.busy` without a place, `.shuttingDown` after ``drain()``.
    package func run<Value>(_ work: () async -> Value) async throws(InterpreterError) -> Value {
        guard inFlight.enter(limit: limit) else { throw .busy(limit: limit) }
        defer { inFlight.leave() }
        // After entering: what enters later than ``drain()`` looks sees this.
        guard !isRefusing else { throw .shuttingDown }
        return await work()
    }

    /// Refuses new executions. Returns when the last one has ended.
    package func drain() async {
        isDraining.store(true, ordering: .releasing)
        await inFlight.drain()
    }
}

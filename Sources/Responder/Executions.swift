import Synchronization

/// The executions in flight: how many there may be, and their end when the responder stops.
final class Executions: Sendable {
    private struct State {
        var running: [UInt64: Task<Answer, Never>] = [:]
        var lastID: UInt64 = 0
        var isDraining = false
        var isCancelled = false
    }

    private let limit: Int
    private let inFlight = InFlight()
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    var count: Int { inFlight.count }

    /// Runs `work` within the limit; cancels it when the caller is cancelled or the grace period has passed.
    func run(_ work: @escaping @Sendable () async -> Answer) async throws(Refusal) -> Answer {
        guard inFlight.enter(limit: limit) else {
            throw Refusal(
                status: 429, "All \(limit) places for executions are taken. Try again in a few seconds.",
                retryAfter: .seconds(5))
        }
        defer { inFlight.leave() }
        let id = try state.withLock { state throws(Refusal) in
            guard !state.isDraining else { throw .shuttingDown }
            state.lastID += 1
            return state.lastID
        }
        // Immediate: on this thread, up to its first wait. Another one would have to be woken.
        let task = Task.immediate { await work() }
        let isCancelled = state.withLock { state in
            state.running[id] = task
            return state.isCancelled
        }
        if isCancelled { task.cancel() }
        defer { state.withLock { $0.running[id] = nil } }
        return await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }

    /// Refuses new executions. Returns when the last one has ended.
    func drain() async {
        state.withLock { $0.isDraining = true }
        await inFlight.drain()
    }

    /// Ends what is still running.
    func cancel() {
        let tasks = state.withLock { state in
            state.isCancelled = true
            return Array(state.running.values)
        }
        for task in tasks { task.cancel() }
    }
}

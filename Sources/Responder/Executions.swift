import Synchronization

/// The executions in flight: how many there may be, and their end when the responder stops.
final class Executions: Sendable {
    private struct State {
        var running: [UInt64: Task<Answer, Never>] = [:]
        var lastID: UInt64 = 0
        /// Admitted, perhaps not yet in `running`.
        var count = 0
        var isDraining = false
        var isCancelled = false
        var idleWaiters: [CheckedContinuation<Void, Never>] = []
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    var count: Int { state.withLock { $0.count } }

    /// Runs `work` within the limit; cancels it when the caller is cancelled or the grace period has passed.
    func run(_ work: @escaping @Sendable () async -> Answer) async throws(Refusal) -> Answer {
        let id = try admit()
        let task = Task { await work() }
        let isTooLate = state.withLock { state in
            state.running[id] = task
            return state.isCancelled
        }
        if isTooLate { task.cancel() }
        let answer = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        leave(id)
        return answer
    }

    /// Refuses new executions. Returns when the last one has ended.
    func drain() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                state.isDraining = true
                guard state.count > 0 else { return true }
                state.idleWaiters.append(continuation)
                return false
            }
            if isIdle { continuation.resume() }
        }
    }

    /// Ends what is still running.
    func cancel() {
        let tasks = state.withLock { state in
            state.isCancelled = true
            return Array(state.running.values)
        }
        for task in tasks { task.cancel() }
    }

    private func admit() throws(Refusal) -> UInt64 {
        try state.withLock { state throws(Refusal) in
            guard !state.isDraining else { throw .shuttingDown }
            guard state.count < limit else {
                throw Refusal(
                    status: 429, "All \(limit) places for executions are taken. Try again in a few seconds.",
                    retryAfter: .seconds(5))
            }
            state.count += 1
            state.lastID += 1
            return state.lastID
        }
    }

    private func leave(_ id: UInt64) {
        let waiters = state.withLock { state in
            state.running[id] = nil
            state.count -= 1
            guard state.count == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { state.idleWaiters = [] }
            return state.idleWaiters
        }
        for waiter in waiters { waiter.resume() }
    }
}

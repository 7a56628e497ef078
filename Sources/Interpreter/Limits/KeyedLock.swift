import Synchronization

/// The lock was not free in time.
package struct LockTimeout: Error {}

/// A lock for each key: one task at a time holds it, in the order in which they came.
package final class KeyedLock<Key: Hashable & Sendable>: Sendable {
    private typealias Waiter = (id: Int, continuation: CheckedContinuation<Bool, Never>)

    private struct State {
        /// The tasks that wait, by key. A key without an entry is free.
        var waiters: [Key: [Waiter]] = [:]
        var lastID = 0
        /// Tasks that were cancelled before they began to wait.
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())

    package init() {}

    func isTaken(_ key: Key) -> Bool { state.withLock { $0.waiters[key] != nil } }

    /// The number of tasks that wait.
    func waiterCount(_ key: Key) -> Int { state.withLock { $0.waiters[key]?.count ?? 0 } }

    /// The number of tasks that were cancelled before they began to wait, and have not noticed yet.
    var cancelledCount: Int { state.withLock { $0.cancelled.count } }

    /// Runs `work` when everybody who came earlier with this key is done.
    ///
    /// - Parameters:
    ///   - deadline: of the waiting; nil: there is none.
    ///   - rest: called when the work is done. For so long the lock stays taken, although the caller goes on.
    /// - Throws: what `work` throws; ``LockTimeout`` when the deadline comes before the turn, `CancellationError` when the task is
    ///   cancelled before.
    package func run<Value>(
        _ key: Key, until deadline: ContinuousClock.Instant? = nil, restingFor rest: () -> Duration = { .zero },
        _ work: () async throws -> Value
    ) async throws -> Value {
        guard await take(key, until: deadline) else {
            try Task.checkCancellation()
            throw LockTimeout()
        }
        defer {
            let pause = rest()
            if pause > .zero {
                Task {
                    // Nothing cancels this task, so there is nothing to catch.
                    try? await Task.sleep(for: pause)
                    leave(key)
                }
            } else {
                leave(key)
            }
        }
        return try await work()
    }

    /// - Returns: false if the task was cancelled, or the deadline has passed.
    private func take(_ key: Key, until deadline: ContinuousClock.Instant?) async -> Bool {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        // A task may be cancelled at the moment in which it gets the lock. Its entry is removed here.
        defer { state.withLock { _ = $0.cancelled.remove(id) } }
        var clock: Task<Void, Never>?
        defer { clock?.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Bool? in
                    if state.cancelled.contains(id) { return false }
                    guard state.waiters[key] != nil else {
                        state.waiters[key] = []
                        return true
                    }
                    state.waiters[key]?.append((id, continuation))
                    return nil
                }
                if let answer { return continuation.resume(returning: answer) }
                guard let deadline else { return }
                clock = Task {
                    // Cancelled when the turn has come.
                    guard (try? await Task.sleep(until: deadline, clock: .continuous)) != nil else { return }
                    leaveQueue(key, id)
                }
            }
        } onCancel: {
            abandon(key, id)
        }
    }

    private func leaveQueue(_ key: Key, _ id: Int) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.waiters[key]?.firstIndex(where: { $0.id == id }) else { return nil }
            return state.waiters[key]?.remove(at: index)
        }
        waiter?.continuation.resume(returning: false)
    }

    private func abandon(_ key: Key, _ id: Int) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.waiters[key]?.firstIndex(where: { $0.id == id }) else {
                state.cancelled.insert(id)
                return nil
            }
            return state.waiters[key]?.remove(at: index)
        }
        waiter?.continuation.resume(returning: false)
    }

    private func leave(_ key: Key) {
        let next = state.withLock { state -> Waiter? in
            guard let waiters = state.waiters[key], !waiters.isEmpty else {
                state.waiters[key] = nil
                return nil
            }
            return state.waiters[key]?.removeFirst()
        }
        next?.continuation.resume(returning: true)
    }
}

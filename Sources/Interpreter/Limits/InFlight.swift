import Synchronization

/// Counts what is under way, and tells when nothing is.
final class InFlight: Sendable {
    private struct State {
        var count = 0
        var most = 0
        var lastWaiter = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.count } }

    /// The largest number that has been under way at the same time.
    var most: Int { state.withLock { $0.most } }

    func enter() {
        state.withLock { state in
            state.count += 1
            state.most = max(state.most, state.count)
        }
    }

    func leave() {
        let waiters = state.withLock { state in
            state.count -= 1
            guard state.count == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Returns when nothing is under way, or after `limit`.
    func drain(within limit: Duration? = nil) async {
        await withCheckedContinuation { continuation in
            let waiter = state.withLock { state -> Int? in
                guard state.count > 0 else { return nil }
                state.lastWaiter += 1
                state.waiters[state.lastWaiter] = continuation
                return state.lastWaiter
            }
            guard let waiter else { return continuation.resume() }
            guard let limit else { return }
            Task {
                // Nothing cancels this task, so there is nothing to catch.
                try? await Task.sleep(for: limit)
                state.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume()
            }
        }
    }
}

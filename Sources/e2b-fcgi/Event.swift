import Synchronization

/// An event that happens once, and for which one task can wait.
final class Event: Sendable {
    private struct State {
        var hasHappened = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func happen() {
        let waiter = state.withLock { state in
            state.hasHappened = true
            return state.waiter.take()
        }
        waiter?.resume()
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let hasHappened = state.withLock { state in
                if !state.hasHappened { state.waiter = continuation }
                return state.hasHappened
            }
            if hasHappened { continuation.resume() }
        }
    }
}

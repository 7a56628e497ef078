import Synchronization

/// Counts the sandboxes that are being killed, and lets creations wait until one of them is gone.
final class PendingKills: Sendable {
    private struct State {
        var count = 0
        var endedCount = 0
        /// Each gets true when a sandbox is gone.
        var waiters: [OneShotChannel<Bool>] = []
    }

    private let state = Mutex(State())

    /// The number of sandboxes that have been killed so far.
    var endedCount: Int { state.withLock { $0.endedCount } }

    /// Whether creations wait for a kill.
    var isAwaited: Bool { state.withLock { !$0.waiters.isEmpty } }

    func begin() { state.withLock { $0.count += 1 } }

    func end() {
        state.withLock { state in
            state.count -= 1
            state.endedCount += 1
        }
        // There is room for one creation, so one waiter is woken. After the last kill all are, because nothing would
        // wake them later.
        while let waiter = state.withLock({ $0.waiters.isEmpty ? nil : $0.waiters.removeFirst() }) {
            if waiter.deliver(true), state.withLock({ $0.count > 0 }) { break }
        }
    }

    /// Waits until more than `endedCount` sandboxes have been killed.
    ///
    /// - Returns: false if no sandbox is being killed, or if none was within `limit`.
    func wait(beyond endedCount: Int, within limit: Duration) async -> Bool {
        let waiter = OneShotChannel<Bool>()
        let answer = state.withLock { state -> Bool? in
            if state.endedCount > endedCount { return true }
            if state.count == 0 { return false }
            state.waiters.append(waiter)
            return nil
        }
        if let answer { return answer }
        let timer = Task {
            // The sleep is cancelled when the wait is over.
            guard (try? await Task.sleep(for: limit)) != nil else { return }
            // Only one of `end()` and this task finds the waiter in the list, and delivers to it.
            let own = state.withLock { state in
                state.waiters.firstIndex { $0 === waiter }.map { state.waiters.remove(at: $0) }
            }
            _ = own?.deliver(false)
        }
        defer { timer.cancel() }
        return await waiter.receive() ?? false
    }
}

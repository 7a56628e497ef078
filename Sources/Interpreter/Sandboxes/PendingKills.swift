import Synchronization

/// The sandboxes that are being ended, for whoever needs the room that one of them takes.
final class PendingKills: Sendable {
    private struct State {
        var count = 0
        var endedCount = 0
        /// True: one has ended.
        var waiters: [OneShotChannel<Bool>] = []
    }

    private let state = Mutex(State())

    /// How many have ended so far.
    var endedCount: Int { state.withLock { $0.endedCount } }

    var isAwaited: Bool { state.withLock { !$0.waiters.isEmpty } }

    func begin() { state.withLock { $0.count += 1 } }

    func end() {
        state.withLock { state in
            state.count -= 1
            state.endedCount += 1
        }
        // There is room for one of them, unless a caller that is new is faster. After the last kill nobody would wake the others.
        while let waiter = state.withLock({ $0.waiters.isEmpty ? nil : $0.waiters.removeFirst() }) {
            if waiter.deliver(true), state.withLock({ $0.count > 0 }) { break }
        }
    }

    /// Waits until more than `endedCount` have ended.
    ///
    /// - Returns: false: none is being ended, or none has ended within `limit`.
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
            // Cancelled when the waiting is over.
            guard (try? await Task.sleep(for: limit)) != nil else { return }
            // Who takes it out of the list answers it.
            let own = state.withLock { state in
                state.waiters.firstIndex { $0 === waiter }.map { state.waiters.remove(at: $0) }
            }
            _ = own?.deliver(false)
        }
        defer { timer.cancel() }
        return await waiter.receive() ?? false
    }
}

import E2B
import FoundationEssentials
import Synchronization

/// What this process remembers of sessions, so that an action on a known one needs no look-up. Nothing depends on it.
final class SessionCache: Sendable {
    private enum Entry {
        case alive(Session)
        /// E2B ended it. With when its time was to run out.
        case ended(due: Date)
    }

    private struct State {
        var entries: [SessionKey: Entry] = [:]
        /// Oldest first; what is forgotten when there are too many.
        var order: [SessionKey] = []
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int = 10_000) { self.limit = limit }

    func session(_ key: SessionKey) -> Session? {
        state.withLock { state in
            guard case .alive(let session) = state.entries[key] else { return nil }
            return session
        }
    }

    /// When the time of a session that E2B ended was to run out; nil for one that is alive or not remembered.
    func end(of key: SessionKey) -> Date? {
        state.withLock { state in
            guard case .ended(let due) = state.entries[key] else { return nil }
            return due
        }
    }

    func keep(_ session: Session, as key: SessionKey) { set(.alive(session), key) }

    func extend(_ key: SessionKey, until end: Date) {
        state.withLock { state in
            guard case .alive(var session) = state.entries[key] else { return }
            session.endsAt = end
            state.entries[key] = .alive(session)
        }
    }

    /// The sandbox turned out to be gone. Another one that bears the name meanwhile stays.
    func markEnded(_ key: SessionKey, sandbox id: String) {
        state.withLock { state in
            guard case .alive(let session) = state.entries[key], session.sandbox.id == id else { return }
            state.entries[key] = .ended(due: session.endsAt)
        }
    }

    /// Killed on demand: a stranger again.
    func forget(_ key: SessionKey) {
        state.withLock { $0.entries[key] = nil }
    }

    private func set(_ entry: Entry, _ key: SessionKey) {
        state.withLock { state in
            if state.entries.updateValue(entry, forKey: key) == nil { state.order.append(key) }
            guard state.order.count > limit else { return }
            // A tenth at once: the array moves once for a thousand.
            let leaving = state.order.prefix(max(1, limit / 10))
            for key in leaving { state.entries[key] = nil }
            state.order.removeFirst(leaving.count)
        }
    }
}

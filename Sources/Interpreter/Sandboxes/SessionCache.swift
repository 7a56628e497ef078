import E2B
import FoundationEssentials
import Synchronization

/// The sessions that this process remembers, so that an action on a known one needs no look-up. Without the cache every answer
/// would be the same, and slower.
final class SessionCache: Sendable {
    private enum Entry {
        case alive(Session)
        /// E2B ended the sandbox. The date is when its time would have run out.
        case ended(due: Date)
        /// It was paused, and nobody used it for too long.
        case unused
    }

    private struct State {
        var entries: [SessionKey: Entry] = [:]
        /// The keys, oldest first. When there are too many, the first ones are forgotten.
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

    /// Whether the last thing known of the session is that nobody used its paused sandbox for too long.
    func isUnused(_ key: SessionKey) -> Bool {
        state.withLock { state in
            guard case .unused = state.entries[key] else { return false }
            return true
        }
    }

    func markUnused(_ key: SessionKey) { set(.unused, key) }

    func keep(_ session: Session, as key: SessionKey) { set(.alive(session), key) }

    func extend(_ key: SessionKey, until end: Date) {
        state.withLock { state in
            guard case .alive(var session) = state.entries[key] else { return }
            session.endsAt = end
            state.entries[key] = .alive(session)
        }
    }

    /// Notes that the sandbox is gone. If the session has another sandbox by now, that one stays.
    func markEnded(_ key: SessionKey, sandbox id: String) {
        state.withLock { state in
            guard case .alive(let session) = state.entries[key], session.sandbox.id == id else { return }
            state.entries[key] = .ended(due: session.endsAt)
        }
    }

    /// Forgets a session whose sandbox was killed on demand.
    func forget(_ key: SessionKey) {
        state.withLock { $0.entries[key] = nil }
    }

    private func set(_ entry: Entry, _ key: SessionKey) {
        state.withLock { state in
            if state.entries.updateValue(entry, forKey: key) == nil { state.order.append(key) }
            guard state.order.count > limit else { return }
            // A tenth is removed at once, because each removal moves the rest of the array.
            let leaving = state.order.prefix(max(1, limit / 10))
            for key in leaving { state.entries[key] = nil }
            state.order.removeFirst(leaving.count)
        }
    }
}

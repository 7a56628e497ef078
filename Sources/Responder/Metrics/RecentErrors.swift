import Synchronization

/// The last requests that failed, for people who look what is wrong.
final class RecentErrors: Sendable {
    /// What the log says of the request, without its path and its client.
    struct Entry: Sendable {
        /// Seconds since 1970.
        let time: Double
        let status: Int
        let route: String
        let error: String
        let step: String
        let requestID: String
    }

    private struct State {
        /// Those of callers with a key, and of strangers, each the oldest first.
        var known: [Entry] = []
        var unknown: [Entry] = []
    }

    /// Strangers get few of the places, so that they cannot push out what matters.
    private static let (knownLimit, unknownLimit) = (40, 10)

    private let state = Mutex(State())

    /// - Parameter isKnown: whether the caller was authenticated.
    func add(_ entry: Entry, isKnown: Bool) {
        state.withLock { state in
            if isKnown {
                if state.known.count >= Self.knownLimit { state.known.removeFirst() }
                state.known.append(entry)
            } else {
                if state.unknown.count >= Self.unknownLimit { state.unknown.removeFirst() }
                state.unknown.append(entry)
            }
        }
    }

    /// The newest first.
    var all: [Entry] { state.withLock { $0.known + $0.unknown }.sorted { $0.time > $1.time } }
}

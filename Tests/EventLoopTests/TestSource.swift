import EventLoop
import Synchronization

/// A source whose every call a test decides on, and counts.
final class TestSource: EventSource {
    /// What a test and the loop's thread share.
    final class Log: Sendable {
        struct State {
            var turns = 0
            var events: [UInt64] = []
            var hasEnded = false
            var isToEnd = false
            var isFreed = false
        }

        let state = Mutex(State())

        var turns: Int { state.withLock { $0.turns } }
        var events: [UInt64] { state.withLock { $0.events } }
    }

    private let log: Log
    private let due: @Sendable (Int) -> ContinuousClock.Instant?

    /// - Parameter due: when the turn after that number of turns has to come.
    init(_ log: Log, due: @escaping @Sendable (Int) -> ContinuousClock.Instant? = { _ in nil }) {
        self.log = log
        self.due = due
    }

    deinit { log.state.withLock { $0.isFreed = true } }

    func turn() -> Turn {
        let (turns, isToEnd) = log.state.withLock { state in
            state.turns += 1
            state.hasEnded = state.isToEnd
            return (state.turns, state.isToEnd)
        }
        return isToEnd ? .over : .again(due(turns))
    }

    func react(to id: UInt64, _ events: UInt32) { log.state.withLock { $0.events.append(id) } }
}

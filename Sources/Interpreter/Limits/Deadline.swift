import System

/// When a request has to be answered: before the web server gives it up.
///
/// Steps add up, so they share one time, and each takes what is left of it. What was asked for ends before the answer is due:
/// pictures are to be looked at then, and output that is too long for the answer to be saved.
package struct Deadline: Sendable {
    /// For what was asked for: waiting for a turn, making a sandbox, running code or a command.
    package let work: ContinuousClock.Instant
    /// For pictures, and for what is saved.
    package let end: ContinuousClock.Instant
    /// From the request to ``work``.
    package let workTime: Duration

    /// - Parameter limit: in which the request is to be answered.
    package init(_ limit: Duration, from start: ContinuousClock.Instant = .now) {
        end = start + limit
        workTime = limit - Self.finishing
        work = start + workTime
    }

    /// What is left of such a time limit. Zero: there is no time for it any more.
    package func left(of limit: Duration) -> Duration { max(.zero, min(limit, work - .now)) }

    /// Why there is less time than was asked for.
    package var reason: String {
        "a request has \(workTime.words) in all, and the rest of them went into waiting for E2B or for its turn"
    }

    /// What follows the work may take that long.
    package static let finishing = Duration.seconds(30)
    /// Between the end and the time at which the web server gives up.
    package static let margin = Duration.seconds(10)
}

import System

/// The times by which the work of a request and its answer have to be finished, before the web server gives it up.
///
/// The steps of a request share this time, and each step takes a part of what is left. The work ends before the answer is
/// due, because images are decoded and long output is saved after it.
package struct Deadline: Sendable {
    /// The end of the work: waiting for a place, creating a sandbox, and running code or a command.
    package let work: ContinuousClock.Instant
    /// The end of what follows the work: decoding images and saving long output.
    package let end: ContinuousClock.Instant
    /// The time from the request to ``work``.
    package let workTime: Duration

    /// - Parameter limit: the longest time from the request to its answer.
    package init(_ limit: Duration, from start: ContinuousClock.Instant = .now) {
        end = start + limit
        workTime = limit - Self.finishing
        work = start + workTime
    }

    /// The part of a time limit that is left for work. It is zero when the work has to end.
    package func left(of limit: Duration) -> Duration { max(.zero, min(limit, work - .now)) }

    /// The reason why there is less time than was asked for.
    package var reason: String {
        "a request has \(workTime.words) in all, and the rest of them went into waiting for E2B or for its turn"
    }

    /// The sentence for a call whose turn did not come in time (``LockTimeout``).
    package var turnMissed: String {
        "Nothing was done: \(reason). Try again, and do less at the same time in this session."
    }

    /// The longest time for what follows the work.
    package static let finishing = Duration.seconds(30)
    /// The time between the answer and the time at which the web server gives up.
    package static let margin = Duration.seconds(10)
}

/// How long the end of the responder takes, beside the grace period of executions in flight.
///
/// Whoever stops it waits for the sum before killing it: nginx/run.sh, and `TimeoutStopSec` in the README.
package enum StopTime {
    /// For answers that are still on their way when the last execution has ended.
    package static let answers = Duration.seconds(5)
    /// For E2B to end the sandboxes. What is left then ends by its own timeout.
    package static let kills = Duration.seconds(15)
    package static let afterGrace = answers + kills
}

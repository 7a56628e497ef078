/// The time that the responder takes to stop, after the grace period of executions in flight.
///
/// Programs that stop the responder have to wait for the sum before they kill it: see nginx/run.sh, and
/// `TimeoutStopSec` in nginx/README.md.
package enum StopTime {
    /// The time for the web server to read the last responses.
    package static let answers = Duration.seconds(5)
    /// The time for E2B to kill the sandboxes. Those that are left end by their own timeouts.
    package static let kills = Duration.seconds(15)
    package static let afterGrace = answers + kills
}

import Foundation

/// The signals that stop the server: SIGINT, SIGTERM, SIGHUP and SIGQUIT.
///
/// The signals are blocked in every thread from the first statement of `main` on, and the main thread only waits for
/// them. So a signal that arrives while the server starts is not lost, and does not end a half-started server.
enum StopSignals {
    private static let stream = AsyncStream<CInt>.makeStream()
    static var arrivals: AsyncStream<CInt> { stream.stream }

    private static var set: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] { sigaddset(&set, number) }
        return set
    }

    static func block() {
        var set = set
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// Waits for signals for ever. The main thread runs this.
    static func wait() -> Never {
        var set = Self.set
        var number: CInt = 0
        while true { if sigwait(&set, &number) == 0 { stream.continuation.yield(number) } }
    }
}

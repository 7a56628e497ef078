import Foundation

/// SIGINT, SIGTERM, SIGHUP and SIGQUIT: the server stops and leaves nothing behind.
///
/// They are blocked in every thread from the first statement of `main` on, and the main thread only waits for them: one that
/// comes while the server starts is neither lost nor the end of a half-started server.
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

    /// The life of the main thread.
    static func wait() -> Never {
        var set = Self.set
        var number: CInt = 0
        while true { if sigwait(&set, &number) == 0 { stream.continuation.yield(number) } }
    }
}

internal import Synchronization

/// A flag that a waiting task raises, and that the thread which decodes for it looks at.
final class Cancellation: Sendable {
    private let flag = Atomic(false)
    private let action = Mutex<(@Sendable () -> Void)?>(nil)

    func cancel() {
        flag.store(true, ordering: .relaxed)
        // The action runs under the lock, so that it has ended once `run` has returned.
        action.withLock { $0?() }
    }

    /// Throws once the flag is raised. Decoders call this between batches of rows, so that a decode which nobody waits
    /// for stops within milliseconds.
    func check() throws(ImageGateError) {
        if flag.load(ordering: .relaxed) == true { throw .cancelled }
    }

    /// Runs `body`, which cannot look at the flag; `stop`, which must be quick, makes it return when the flag is
    /// raised.
    func run<Value, Failure: Error>(
        stop: @escaping @Sendable () -> Void, _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        action.withLock { $0 = stop }
        defer { action.withLock { $0 = nil } }
        // Whoever raised the flag before `stop` was registered found nothing to call; the lock makes sure that we see
        // the flag.
        if flag.load(ordering: .relaxed) == true { stop() }
        return try body()
    }
}

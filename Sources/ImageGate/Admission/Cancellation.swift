internal import Synchronization

/// A flag between a waiting task and the thread that decodes for it.
final class Cancellation: Sendable {
    private let flag = Atomic(false)
    private let action = Mutex<(@Sendable () -> Void)?>(nil)

    func cancel() {
        flag.store(true, ordering: .relaxed)
        // Under the lock: once `run` has returned, its action is not running either.
        action.withLock { $0?() }
    }

    /// Between batches of rows: a decode nobody waits for stops within milliseconds.
    func check() throws(ImageGateError) {
        if flag.load(ordering: .relaxed) == true { throw .cancelled }
    }

    /// Runs `body`, which cannot look at the flag; `stop`, which must be quick, makes it return when the flag is raised.
    func run<Value, Failure: Error>(
        stop: @escaping @Sendable () -> Void, _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        action.withLock { $0 = stop }
        defer { action.withLock { $0 = nil } }
        // Raised before `stop` was there: whoever raised it found nothing to call, but the lock shows us the flag.
        if flag.load(ordering: .relaxed) == true { stop() }
        return try body()
    }
}

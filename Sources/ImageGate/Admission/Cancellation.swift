internal import Synchronization

/// A flag that a waiting task sets, and that the thread which decodes for the task checks.
final class Cancellation: Sendable {
    private let flag = Atomic(false)
    private let action = Mutex<(@Sendable () -> Void)?>(nil)

    func cancel() {
        flag.store(true, ordering: .relaxed)
        // The action runs under the lock, so that it has ended once `run` has returned.
        action.withLock { $0?() }
    }

    /// Throws if the flag is set. Decoders call this between batches of rows, so that a cancelled decode stops within
    /// milliseconds.
    func check() throws(ImageGateError) {
        if flag.load(ordering: .relaxed) == true { throw .cancelled }
    }

    /// Runs `body`, which cannot check the flag. When the flag is set, `stop` is called and makes `body` return; it
    /// must be quick.
    func run<Value, Failure: Error>(
        stop: @escaping @Sendable () -> Void, _ body: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        action.withLock { $0 = stop }
        defer { action.withLock { $0 = nil } }
        // If the flag was set before `stop` was registered, `stop` was not called. The lock guarantees that this thread
        // sees the flag then.
        if flag.load(ordering: .relaxed) == true { stop() }
        return try body()
    }
}

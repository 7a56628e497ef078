internal import Synchronization

/// Runs `work` in a task of its own, which neither the caller's cancellation nor its deadline ends, and waits for its end for
/// at most `patience`: cleaning up must not delay the answer.
package func inBackground(waitingAtMost patience: Duration, _ work: @escaping @Sendable () async -> Void) async {
    await withCheckedContinuation { continuation in
        let waiter = Waiter(continuation)
        Task {
            await E2BClient.$deadline.withValue(nil) { await work() }
            waiter.resume()
        }
        Task {
            // Nothing cancels this task, so there is nothing to catch.
            try? await Task.sleep(for: patience)
            waiter.resume()
        }
    }
}

/// A continuation that two tasks try to resume. The first one does.
private final class Waiter: Sendable {
    private let continuation: Mutex<CheckedContinuation<Void, Never>?>

    init(_ continuation: CheckedContinuation<Void, Never>) { self.continuation = Mutex(continuation) }

    func resume() { continuation.withLock { $0.take() }?.resume() }
}

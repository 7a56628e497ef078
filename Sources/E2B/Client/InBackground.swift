internal import Synchronization

/// Does it in a task of its own, which no cancellation and no deadline of the caller's ends, and waits for its end for a short
/// time: what cleans up must not hold up the answer.
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

/// Resumed once, by whoever comes first.
private final class Waiter: Sendable {
    private let continuation: Mutex<CheckedContinuation<Void, Never>?>

    init(_ continuation: CheckedContinuation<Void, Never>) { self.continuation = Mutex(continuation) }

    func resume() { continuation.withLock { $0.take() }?.resume() }
}

/// Encoded image in, admitted image or a reason out.
///
/// Decoding blocks, so it runs on the gate's own threads.
package final class ImageGate: Sendable {
    private let policy: ImagePolicy
    private let threads: DecodingThreads

    package init(policy: ImagePolicy, threads: Int = 2) {
        self.policy = policy
        self.threads = .start(count: max(threads, 1))
    }

    deinit { threads.stop() }

    /// Decodes all of `bytes` within the policy's limits.
    ///
    /// - Parameter claimed: the type that the sender says it is; the bytes decide, and a lie is a rejection.
    package func admit(_ bytes: [UInt8], claimed: ImageType) async throws(ImageRejection) -> AdmittedImage {
        let cancellation = Cancellation()
        let admission = Admission(policy: policy, cancellation: cancellation)
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                threads.submit(
                    .init(
                        cancellation: cancellation, work: { admission.outcome(bytes, claimed: claimed) }, waiter: waiter
                    ))
                // Cancelled before the job was in the queue: the handler came too early to find it.
                if Task.isCancelled { threads.cancel(cancellation) }
            }
        } onCancel: {
            threads.cancel(cancellation)
        }
        return try outcome.get()
    }
}

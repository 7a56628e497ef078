/// Encoded image in, admitted image or a reason out.
///
/// Decoding blocks, so the gate has threads of its own: they decode, or each waits for a decoder process that does.
package final class ImageGate: Sendable {
    private let policy: ImagePolicy
    private let threads: DecodingThreads
    /// Nil: the threads decode themselves.
    private let decoders: DecoderPool?

    /// What a gate with that many threads may have open at a time: the socket to each decoder, of which every thread may keep one
    /// of each kind; and what is open while one is started.
    package static func descriptors(threads: Int) -> Int { threads * (DecoderRole.allCases.count + 2) }

    package init(policy: ImagePolicy, threads: Int = 2, decoding: DecodingMode) {
        self.policy = policy
        self.threads = .start(count: max(threads, 1))
        decoders =
            switch decoding {
            case .inProcess: nil
            case .confined(let configuration): DecoderPool(configuration, policy)
            }
    }

    deinit { threads.stop() }

    /// Decodes all of `bytes` within the policy's limits.
    ///
    /// - Parameters:
    ///   - claimed: the type that the sender says it is; the bytes decide, and a lie is a rejection.
    ///   - batch: that of the execution which made it; nil for an image on its own.
    package func admit(
        _ bytes: [UInt8], claimed: ImageType, in batch: ImageBatch? = nil
    ) async throws(ImageGateError) -> AdmittedImage {
        let batch = batch ?? ImageBatch(owner: "")
        let cancellation = Cancellation()
        let admission = Admission(policy: policy, cancellation: cancellation)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let work = { @Sendable [decoders] in
                    Result { () throws(ImageGateError) in
                        guard let decoders else { return try admission.admit(bytes, claimed: claimed) }
                        return try decoders.admit(bytes, claimed: claimed, admission, batch)
                    }
                }
                threads.submit(
                    .init(cancellation: cancellation, work: work, waiter: waiter), DecoderRole(claimed, policy), batch)
                // Cancelled before the job was in the queue: the handler came too early to find it.
                if Task.isCancelled { threads.cancel(cancellation) }
            }
        } onCancel: {
            threads.cancel(cancellation)
        }
        return try result.get()
    }
}

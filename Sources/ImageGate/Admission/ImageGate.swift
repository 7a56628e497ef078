package import System

/// The gate for images: it decodes each image, and returns an image that may be shown, or throws the reason why there
/// is none.
///
/// Decoding blocks, so the gate has threads of its own. Each thread decodes, or waits for a decoder process.
package final class ImageGate: Sendable {
    /// The limits of each image for which a caller gives no others.
    package let policy: ImagePolicy
    private let threads: DecodingThreadsOwner
    /// The decoder processes; nil if the threads decode themselves.
    private let decoders: DecoderPool?

    /// Returns the number of descriptors that a gate with `threads` threads may have open at a time. Each thread may
    /// keep one decoder process of each role, with a socket to each, and starting a process takes two more for a
    /// moment.
    package static func descriptors(threads: Int) -> Int { threads * (DecoderRole.allCases.count + 2) }

    /// Returns the number of threads of a gate that decodes `count` images at a time.
    package static func threads(for count: Int) -> Int { DecodingThreads.total(for: max(count, 1)) }

    /// - Throws: if the system does not grant the threads.
    package init(policy: ImagePolicy, threads: Int = 2, decoding: DecodingMode) throws(SystemError) {
        self.policy = policy
        self.threads = DecodingThreadsOwner(try .start(count: max(threads, 1)))
        decoders = Self.makeDecoders(decoding, policy)
    }

    /// Makes a gate with other limits, which shares the threads of another one, so that both together decode no more images at a
    /// time.
    package init(policy: ImagePolicy, decoding: DecodingMode, sharingThreadsOf other: ImageGate) {
        self.policy = policy
        threads = other.threads
        decoders = Self.makeDecoders(decoding, policy)
    }

    private static func makeDecoders(_ decoding: DecodingMode, _ policy: ImagePolicy) -> DecoderPool? {
        switch decoding {
        case .inProcess: nil
        case .confined(let configuration): DecoderPool(configuration, policy)
        }
    }

    /// Decodes all of `bytes` within a policy's limits.
    ///
    /// - Parameters:
    ///   - claimed: the type that the sender claims. An image whose bytes are of another type is rejected.
    ///   - batch: the batch of the execution that made the image; nil for an image on its own.
    ///   - policy: the limits of this image, which must not exceed those of ``policy`` for what comes in; nil for these.
    package func admit(
        _ bytes: [UInt8], claimed: ImageType, in batch: ImageBatch? = nil, by policy: ImagePolicy? = nil
    ) async throws(ImageGateError) -> AdmittedImage {
        let policy = policy ?? self.policy
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
                threads.threads.submit(
                    .init(cancellation: cancellation, work: work, waiter: waiter), DecoderRole(claimed, policy), batch)
                // If the task was cancelled before the job was in the queue, the handler has run too early to find the
                // job.
                if Task.isCancelled { threads.threads.cancel(cancellation) }
            }
        } onCancel: {
            threads.threads.cancel(cancellation)
        }
        return try result.get()
    }
}

/// Ends the threads when the last gate that uses them is gone.
private final class DecodingThreadsOwner: Sendable {
    let threads: DecodingThreads

    init(_ threads: DecodingThreads) { self.threads = threads }

    deinit { threads.stop() }
}

/// Encoded image in, admitted image or a reason out.
///
/// Decoding blocks, so the gate has threads of its own: they decode, or each waits for a helper process that does.
package final class ImageGate: Sendable {
    private let policy: ImagePolicy
    private let threads: DecodingThreads
    /// Nil: the threads decode themselves.
    private let helpers: HelperPool?

    /// What a gate with that many threads may have open at a time: the socket to each helper, of which every thread may keep one
    /// of each kind; and what is open while one is started.
    package static func descriptors(threads: Int) -> Int { threads * (HelperDuty.allCases.count + 2) }

    package init(policy: ImagePolicy, threads: Int = 2, decoding: Decoding) {
        self.policy = policy
        self.threads = .start(count: max(threads, 1))
        helpers =
            switch decoding {
            case .inProcess: nil
            case .confined(let confinement): HelperPool(confinement, policy)
            }
    }

    deinit { threads.stop() }

    /// Decodes all of `bytes` within the policy's limits.
    ///
    /// - Parameters:
    ///   - claimed: the type that the sender says it is; the bytes decide, and a lie is a rejection.
    ///   - share: that of the execution which made it; nil for an image on its own.
    package func admit(
        _ bytes: [UInt8], claimed: ImageType, in share: ImageShare? = nil
    ) async throws(ImageRejection) -> AdmittedImage {
        let share = share ?? ImageShare(owner: "")
        let cancellation = Cancellation()
        let admission = Admission(policy: policy, cancellation: cancellation)
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let work = { @Sendable [helpers] in
                    Result { () throws(ImageRejection) in
                        guard let helpers else { return try admission.admit(bytes, claimed: claimed) }
                        return try helpers.admit(bytes, claimed: claimed, admission, share)
                    }
                }
                threads.submit(
                    .init(cancellation: cancellation, work: work, waiter: waiter), HelperDuty(claimed, policy), share)
                // Cancelled before the job was in the queue: the handler came too early to find it.
                if Task.isCancelled { threads.cancel(cancellation) }
            }
        } onCancel: {
            threads.cancel(cancellation)
        }
        return try outcome.get()
    }
}

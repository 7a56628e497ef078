internal import CImage
internal import Synchronization

/// Sends images to helper processes, of which there are never more than threads that ask.
///
/// A helper is started when none is idle, and used again and again: a start takes longer than most images. One that fails
/// takes nothing with it but its image.
final class HelperPool: Sendable {
    private struct State {
        var idle: [Helper] = []
        /// `cimage_gap_...`
        var toldGaps = 0
    }

    private let confinement: Confinement
    private let state = Mutex(State())

    /// Says at once what helpers will lack: an operator looks at the beginning of a log.
    init(_ confinement: Confinement, _ policy: ImagePolicy) {
        self.confinement = confinement
        tell(ofGaps: Int(cimage_confinement_gaps()), policy)
    }

    /// Blocks until a helper has answered, or is no more.
    func admit(
        _ bytes: [UInt8], claimed: ImageType, _ admission: Admission, _ share: ImageShare
    ) throws(ImageRejection) -> AdmittedImage {
        // Here as well, because it is cheap: what is no image needs no process.
        let type = try admission.check(bytes, claimed: claimed)
        let time = min(confinement.processorTime, share.left(of: confinement.shareTime))
        guard time >= Confinement.leastTime else { throw .noTimeLeft }
        let request = HelperRequest(admission.policy, type: type, processorTime: time, byteCount: bytes.count)
        let outcome: Result<AdmittedImage, ImageRejection>
        do throws(HelperFailure) {
            outcome = try exchange(bytes, request, admission.cancellation, share)
        } catch {
            // We have killed it ourselves.
            try admission.cancellation.check()
            confinement.notice("an image is rejected: the decoder of \(type.name) \(error)")
            throw error.rejection(of: type)
        }
        return try outcome.get()
    }

    private func exchange(
        _ bytes: [UInt8], _ request: HelperRequest, _ cancellation: Cancellation, _ share: ImageShare
    ) throws(HelperFailure) -> Result<AdmittedImage, ImageRejection> {
        let helper = try take(HelperDuty(request.type, request.policy), request.policy)
        let start = helper.processorTime
        // By the kernel's account: the helper's own would be a stranger's.
        defer { share.charge(helper.processorTime - start) }
        let outcome = try cancellation.run(stop: { helper.kill() }) { () throws(HelperFailure) in
            try helper.admit(bytes, request, within: confinement.deadline)
        }
        if !helper.retire(after: Self.imagesOfOneHelper) { state.withLock { $0.idle.append(helper) } }
        return outcome
    }

    private func take(_ duty: HelperDuty, _ policy: ImagePolicy) throws(HelperFailure) -> Helper {
        while let helper = popIdle(duty) {
            // Somebody may have killed it since.
            if helper.isIdle { return helper }
        }
        let helper = try Helper(duty, executable: confinement.executable, memory: policy.decodingMemory)
        tell(ofGaps: helper.gaps, policy)
        return helper
    }

    /// The one that was used last: its memory is warm, and the others stay swapped out.
    private func popIdle(_ duty: HelperDuty) -> Helper? {
        state.withLock { state in
            state.idle.lastIndex { $0.duty == duty }.map { state.idle.remove(at: $0) }
        }
    }

    /// Once of each: it is the same for all helpers.
    private func tell(ofGaps gaps: Int, _ policy: ImagePolicy) {
        let (seccomp, landlock) = (Int(cimage_gap_seccomp), Int(cimage_gap_landlock))
        // Only drawing opens files; without seccomp any helper could.
        let gaps = policy.svg == .rasterise || gaps & seccomp != 0 ? gaps : gaps & ~landlock
        let news = state.withLock { state in
            defer { state.toldGaps |= gaps }
            return gaps & ~state.toldGaps
        }
        if news & seccomp != 0 {
            confinement.notice(
                "the kernel refuses seccomp: limits on memory and time hold, but an image that takes its decoder over "
                    + "could open connections")
        }
        if news & landlock != 0 {
            confinement.notice(
                "the kernel refuses Landlock: an image that takes its decoder over could read files, and not only fonts"
            )
        }
    }

    private static let imagesOfOneHelper = 1000
}

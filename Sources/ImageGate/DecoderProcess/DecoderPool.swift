internal import CImage
internal import Synchronization

/// Sends images to decoder processes, of which there are never more than threads that ask.
///
/// A decoder is started when none is idle, and used again and again: a start takes longer than most images. One that fails
/// takes nothing with it but its image.
final class DecoderPool: Sendable {
    private struct State {
        var idle: [DecoderProcess] = []
        /// `cimage_gap_...`
        var reportedGaps = 0
    }

    private let configuration: DecoderConfiguration
    private let state = Mutex(State())

    /// Says at once what decoders will lack: an operator looks at the beginning of a log.
    init(_ configuration: DecoderConfiguration, _ policy: ImagePolicy) {
        self.configuration = configuration
        report(gaps: Int(cimage_confinement_gaps()), policy)
    }

    /// Blocks until a decoder has answered, or is no more.
    func admit(
        _ bytes: [UInt8], claimed: ImageType, _ admission: Admission, _ batch: ImageBatch
    ) throws(ImageGateError) -> AdmittedImage {
        // Here as well, because it is cheap: what is no image needs no process.
        let type = try admission.check(bytes, claimed: claimed)
        let time = min(configuration.processorTime, batch.left(of: configuration.batchTime))
        guard time >= DecoderConfiguration.leastTime else { throw .noTimeLeft }
        let request = DecoderRequest(admission.policy, type: type, processorTime: time, byteCount: bytes.count)
        let result: AdmissionResult
        do throws(DecoderError) {
            result = try exchange(bytes, request, admission.cancellation, batch)
        } catch {
            // We have killed it ourselves.
            try admission.cancellation.check()
            configuration.notice("an image is rejected: the decoder of \(type.name) \(error)")
            throw error.gateError(of: type)
        }
        return try result.get()
    }

    private func exchange(
        _ bytes: [UInt8], _ request: DecoderRequest, _ cancellation: Cancellation, _ batch: ImageBatch
    ) throws(DecoderError) -> AdmissionResult {
        let decoder = try take(DecoderRole(request.type, request.policy), request.policy)
        let start = decoder.processorTime
        // By the kernel's account: the decoder's own would be a stranger's.
        defer { batch.charge(decoder.processorTime - start) }
        let result = try cancellation.run(stop: { decoder.kill() }) { () throws(DecoderError) in
            try decoder.admit(bytes, request, within: configuration.deadline)
        }
        if !decoder.retire(after: Self.imagesPerProcess) { state.withLock { $0.idle.append(decoder) } }
        return result
    }

    private func take(_ role: DecoderRole, _ policy: ImagePolicy) throws(DecoderError) -> DecoderProcess {
        while let decoder = popIdle(role) {
            // Somebody may have killed it since.
            if decoder.isIdle { return decoder }
        }
        let decoder = try DecoderProcess(role, executable: configuration.executable, memory: policy.decodingMemory)
        report(gaps: decoder.gaps, policy)
        return decoder
    }

    /// The one that was used last: its memory is warm, and the others stay swapped out.
    private func popIdle(_ role: DecoderRole) -> DecoderProcess? {
        state.withLock { state in
            state.idle.lastIndex { $0.role == role }.map { state.idle.remove(at: $0) }
        }
    }

    /// Once of each: it is the same for all decoders.
    private func report(gaps: Int, _ policy: ImagePolicy) {
        let (seccomp, landlock) = (Int(cimage_gap_seccomp), Int(cimage_gap_landlock))
        // Only drawing opens files; without seccomp any decoder could.
        let gaps = policy.svg == .rasterise || gaps & seccomp != 0 ? gaps : gaps & ~landlock
        let newGaps = state.withLock { state in
            defer { state.reportedGaps |= gaps }
            return gaps & ~state.reportedGaps
        }
        if newGaps & seccomp != 0 {
            configuration.notice(
                "the kernel refuses seccomp: limits on memory and time hold, but an image that takes its decoder over "
                    + "could open connections")
        }
        if newGaps & landlock != 0 {
            configuration.notice(
                "the kernel refuses Landlock: an image that takes its decoder over could read files, and not only fonts"
            )
        }
    }

    private static let imagesPerProcess = 1000
}

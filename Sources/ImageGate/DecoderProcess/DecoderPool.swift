internal import CImage
internal import Synchronization

/// Sends images to decoder processes. At most as many processes work at a time as threads call.
///
/// A process is started when no process is idle, and is used for many images, because a start takes longer than most
/// images do. If a process fails, only its image is lost.
final class DecoderPool: Sendable {
    private struct State {
        var idle: [DecoderProcess] = []
        /// The gaps that the operator was told of, as `cimage_gap_...`.
        var reportedGaps = 0
    }

    private let configuration: DecoderConfiguration
    private let state = Mutex(State())

    /// Reports at once which kinds of confinement the kernel lacks, because an operator looks at the beginning of a
    /// log.
    init(_ configuration: DecoderConfiguration, _ policy: ImagePolicy) {
        self.configuration = configuration
        report(gaps: Int(cimage_confinement_gaps()), policy)
    }

    /// Blocks until a decoder process has responded or ended.
    func admit(
        _ bytes: [UInt8], claimed: ImageType, _ admission: Admission, _ batch: ImageBatch
    ) throws(ImageGateError) -> AdmittedImage {
        // The check is cheap, and avoids starting a process for bytes that are not an image.
        let type = try admission.check(bytes, claimed: claimed)
        let time = min(configuration.processorTime, batch.left(of: configuration.batchTime))
        guard time >= DecoderConfiguration.leastTime else { throw .noTimeLeft }
        let request = DecoderRequest(admission.policy, type: type, processorTime: time, byteCount: bytes.count)
        let result: AdmissionResult
        do throws(DecoderError) {
            result = try exchange(bytes, request, admission.cancellation, batch)
        } catch {
            // If the decode was cancelled, it failed because the process was killed for that reason.
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
        // The time is the kernel's figure, because a process that an image has taken over could report any.
        defer { batch.charge(decoder.processorTime - start) }
        let result = try cancellation.run(stop: { decoder.kill() }) { () throws(DecoderError) in
            try decoder.admit(bytes, request, within: configuration.deadline)
        }
        if !decoder.retire(after: Self.imagesPerProcess) { state.withLock { $0.idle.append(decoder) } }
        return result
    }

    private func take(_ role: DecoderRole, _ policy: ImagePolicy) throws(DecoderError) -> DecoderProcess {
        while let decoder = popIdle(role) {
            // The process may have been killed since it became idle.
            if decoder.isIdle { return decoder }
        }
        let decoder = try DecoderProcess(role, executable: configuration.executable, memory: policy.decodingMemory)
        report(gaps: decoder.gaps, policy)
        return decoder
    }

    /// Takes the process that was used last, because its memory is in the caches, and processes that are rarely used
    /// may stay swapped out.
    private func popIdle(_ role: DecoderRole) -> DecoderProcess? {
        state.withLock { state in
            state.idle.lastIndex { $0.role == role }.map { state.idle.remove(at: $0) }
        }
    }

    /// Tells the operator of each gap once, because all processes have the same gaps.
    private func report(gaps: Int, _ policy: ImagePolicy) {
        let (seccomp, landlock) = (Int(cimage_gap_seccomp), Int(cimage_gap_landlock))
        // Without Landlock only a process for drawings could read files, because seccomp forbids it to the others. If
        // seccomp is missing as well, all processes could.
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

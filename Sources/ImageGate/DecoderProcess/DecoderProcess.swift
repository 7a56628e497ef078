internal import CImage
internal import Glibc
internal import Synchronization
internal import System

/// A process that decodes images, and the gate's end of the socket to it. One thread at a time uses the socket; any
/// thread may kill the process.
final class DecoderProcess: Sendable {
    let role: DecoderRole
    /// The kinds of confinement that the kernel lacks, as `cimage_gap_...`.
    let gaps: Int
    private let socket: DecoderSocket
    private let state: Mutex<State>

    private struct State {
        /// The process id; nil when the process has been reaped, because the id may then belong to another process.
        var process: pid_t?
        var isKilled = false
        var served = 0
        /// The processor time that the process had used when it was reaped.
        var finalTime = Duration.zero
    }

    /// Starts a process and waits until it is confined.
    init(_ role: DecoderRole, executable: String, memory: Int) throws(DecoderError) {
        let (process, descriptor) = try DecoderLaunch(executable: executable, role: role, memory: memory).spawn()
        socket = DecoderSocket(owning: descriptor)
        state = Mutex(State(process: process))
        self.role = role
        do throws(DecoderError) {
            gaps = try socket.receive(words: 1, by: .now + Self.startTime)[0]
        } catch {
            gaps = 0
            throw .cannotStart("it \(Self.end(process)?.failure ?? error)")
        }
    }

    deinit { _ = end() }

    /// Whether the process runs and waits for an image.
    var isIdle: Bool { socket.isQuiet }

    /// The processor time that the process has used since its start.
    var processorTime: Duration {
        state.withLock { state in
            guard let process = state.process else { return state.finalTime }
            return .nanoseconds(cimage_processor_time(process))
        }
    }

    /// Sends an image, and waits for the response.
    ///
    /// - Throws: the reason why there is no response. The process cannot be used any more then.
    func admit(
        _ bytes: [UInt8], _ request: DecoderRequest, within time: Duration
    ) throws(DecoderError) -> AdmissionResult {
        let deadline = ContinuousClock.now + time
        do throws(DecoderError) {
            try socket.send(request.words, by: deadline)
            try socket.send(bytes, by: deadline)
            let head = try DecoderResponse.Head(
                socket.receive(words: DecoderResponse.Head.count, by: deadline), to: request)
            let response = DecoderResponse(head: head, bytes: try socket.receive(bytes: head.byteCount, by: deadline))
            return try response.result(of: request)
        } catch .hungUp {
            throw end() ?? .hungUp
        }
    }

    /// Kills the process. A thread that waits for its response gets an error.
    func kill() {
        state.withLock { state in
            state.isKilled = true
            if let process = state.process { _ = Glibc.kill(process, SIGKILL) }
        }
    }

    /// Counts an image. Call it after each.
    ///
    /// - Returns: whether the process has to be replaced, because it was killed, or because it has decoded so many
    ///   images that libraries may have leaked much memory.
    func retire(after images: Int) -> Bool {
        state.withLock { state in
            state.served += 1
            return state.isKilled || state.served >= images
        }
    }

    /// Kills and reaps the process.
    ///
    /// - Returns: the reason why the process had ended before; nil if another thread has reaped it.
    private func end() -> DecoderError? {
        guard let end = state.withLock({ $0.process.take() }).flatMap(Self.end) else { return nil }
        state.withLock { $0.finalTime = end.processorTime }
        return end.failure
    }

    private static func end(_ process: pid_t) -> (failure: DecoderError, processorTime: Duration)? {
        // A process that has closed its socket may still run, so it is killed before this thread waits for it. A
        // process that has already ended keeps its own status.
        _ = Glibc.kill(process, SIGKILL)
        guard let end = try? ProcessEnd.wait(for: process) else { return nil }
        switch end.cause {
        case .exited(let status): return (.exited(status: status), end.processorTime)
        // The timer of `cimage_limit_processor_time` sends this signal.
        case .killed(SIGPROF): return (.tooSlow, end.processorTime)
        case .killed(let signal): return (.killed(signal: signal), end.processorTime)
        }
    }

    private static let startTime = Duration.seconds(20)
}

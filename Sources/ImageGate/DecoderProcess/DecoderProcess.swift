internal import CImage
internal import Glibc
internal import Synchronization

/// A process that decodes, and our end of the socket to it. One thread at a time talks to it; any may kill it.
final class DecoderProcess: Sendable {
    let role: DecoderRole
    /// What the kernel does not have to confine it with: `cimage_gap_...`.
    let gaps: Int
    private let socket: DecoderSocket
    private let life: Mutex<Life>

    private struct Life {
        /// Nil once it has been waited for: the number may be another process's.
        var process: pid_t?
        var isKilled = false
        var served = 0
        /// Once it has been waited for.
        var finalTime = Duration.zero
    }

    /// Starts a process and waits until it is confined.
    init(_ role: DecoderRole, executable: String, memory: Int) throws(DecoderError) {
        let (process, descriptor) = try DecoderLaunch(executable: executable, role: role, memory: memory).spawn()
        socket = DecoderSocket(owning: descriptor)
        life = Mutex(Life(process: process))
        self.role = role
        do throws(DecoderError) {
            gaps = try socket.receive(words: 1, by: .now + Self.startTime)[0]
        } catch {
            gaps = 0
            throw .cannotStart("it \(Self.end(process)?.failure ?? error)")
        }
    }

    deinit { _ = end() }

    /// It lives, and waits for work.
    var isIdle: Bool { socket.isQuiet }

    /// That it has used since its start.
    var processorTime: Duration {
        life.withLock { life in
            guard let process = life.process else { return life.finalTime }
            return .nanoseconds(cimage_processor_time(process))
        }
    }

    /// Has it decode an image.
    ///
    /// - Throws: why there is no answer. The decoder is of no use then.
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

    /// Ends it at once; whoever talks to it finds it gone.
    func kill() {
        life.withLock { life in
            life.isKilled = true
            if let process = life.process { _ = Glibc.kill(process, SIGKILL) }
        }
    }

    /// To be called after each image.
    ///
    /// - Returns: whether it may have another one. After many it may not: what libraries have leaked or kept goes with it.
    func retire(after images: Int) -> Bool {
        life.withLock { life in
            life.served += 1
            return life.isKilled || life.served >= images
        }
    }

    /// - Returns: what it had died of before. Nil if it was waited for by somebody else.
    private func end() -> DecoderError? {
        guard let end = life.withLock({ $0.process.take() }).flatMap(Self.end) else { return nil }
        life.withLock { $0.finalTime = end.processorTime }
        return end.failure
    }

    private static func end(_ process: pid_t) -> (failure: DecoderError, processorTime: Duration)? {
        // One that only closed its socket would be waited for in vain. One that is dead keeps its own reason.
        _ = Glibc.kill(process, SIGKILL)
        var status: CInt = 0
        var usage = rusage()
        while wait4(process, &status, 0, &usage) < 0 { if errno != EINTR { return nil } }
        let time = Duration(usage.ru_utime) + Duration(usage.ru_stime)
        let signal = status & 0x7F
        switch signal {
        case 0: return (.exited(status: status >> 8 & 0xFF), time)
        // Its processor time is over.
        case SIGPROF: return (.tooSlow, time)
        default: return (.killed(signal: signal), time)
        }
    }

    private static let startTime = Duration.seconds(20)
}

extension Duration {
    fileprivate init(_ time: timeval) { self = .seconds(time.tv_sec) + .microseconds(Int(time.tv_usec)) }
}

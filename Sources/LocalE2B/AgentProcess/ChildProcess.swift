internal import CGNU
internal import Foundation
internal import Synchronization
internal import System

/// A program with pipes for stdin, stdout and stderr. `spawn`, `read` and `reap` belong to one thread.
final class ChildProcess: Sendable {
    private struct State {
        var pid: pid_t?
        var input: CInt?
        /// A pipe whose closing ends the sandbox of a forked agent.
        var keepAlive: CInt?
        var output: CInt = -1
        var log: CInt = -1
        /// Whether `kill` was called, perhaps before there was a process.
        var isKillRequested = false
    }

    /// KEYCTL_JOIN_SESSION_KEYRING of keyctl(2); without a name the keyring is a new one.
    private static let joinSessionKeyring: UInt = 1
    /// A second descriptor for stdout. bubblewrap is told to write information there.
    static let secondOutput: CInt = 3

    private let state = Mutex(State())
    /// The processes that have been started and have not been reaped.
    private static let running = Mutex<[ObjectIdentifier: ChildProcess]>([:])

    /// The process's number; nil before it starts and after it has been reaped.
    var pid: pid_t? { state.withLock { $0.pid } }

    /// Starts the program in a session of its own, with no descriptors but the three pipes.
    ///
    /// It gets a new session keyring as well. The user's, which it would inherit, may hold keys to file systems and
    /// Kerberos tickets.
    func spawn(_ launch: Launch) throws(LocalE2BError) {
        // The keyring belongs to this thread and the processes that it starts. An error is ignored: a kernel without
        // keyrings has none to protect, and if a quota is used up the sandbox's filter still refuses all calls about
        // keys.
        _ = cgnu_syscall(Int(__NR_keyctl), Self.joinSessionKeyring, 0)
        let pipes = try Pipes(launch)
        defer { pipes.closeChildEnds() }
        let spawned =
            if let keepAlive = pipes.keepAlive, let sandboxInfo = pipes.sandboxInfo {
                Self.spawn(launch, stdin: keepAlive.read, stdout: sandboxInfo.write, stderr: pipes.log.write)
            } else {
                Self.spawn(launch, stdin: pipes.input.read, stdout: pipes.output.write, stderr: pipes.log.write)
            }
        let isKillRequested = state.withLock { state in
            (state.output, state.log, state.input) = (pipes.output.read, pipes.log.read, pipes.input.write)
            state.keepAlive = pipes.keepAlive?.write
            if case .success(let pid) = spawned { state.pid = pid }
            return state.isKillRequested
        }
        if case .failure(let error) = spawned {
            closeAll()
            throw error
        }
        Self.running.withLock { $0[ObjectIdentifier(self)] = self }
        if isKillRequested {
            kill()
            return closeInput()
        }
        guard let (server, request) = launch.fork, let sandboxInfo = pipes.sandboxInfo else { return }
        do throws(LocalE2BError) {
            try server.fork(
                request, handing: [pipes.input.read, pipes.output.write, pipes.log.write, sandboxInfo.read])
        } catch {
            kill()
            reap()
            closeAll()
            throw error
        }
    }

    private static func spawn(
        _ launch: Launch, stdin: CInt, stdout: CInt, stderr: CInt
    ) -> Result<pid_t, LocalE2BError> {
        var spawn = ProcessSpawn(
            launch.program, arguments: launch.arguments,
            environment: launch.environment.map { "\($0.key)=\($0.value)" }, leadsSession: true)
        spawn.duplicate(stdin, as: 0)
        spawn.duplicate(stdout, as: 1)
        spawn.duplicate(stderr, as: 2)
        // The HTTP server's sockets are not close-on-exec, so they are closed here. A sandbox that inherited them would
        // keep clients' connections open.
        spawn.duplicate(1, as: secondOutput)
        spawn.close(from: launch.fork == nil ? secondOutput : secondOutput + 1)
        if let folder = launch.folder { spawn.enter(folder: folder) }
        do throws(SystemError) {
            return .success(try spawn.start())
        } catch {
            return .failure(.agentFailed("\(launch.program): \(error.words)"))
        }
    }

    /// Kills the program and its process group with SIGKILL. It may be called at any time, from any thread.
    func kill() {
        state.withLock { state in
            state.isKillRequested = true
            // The lock keeps `reap` from freeing the number in between.
            if let pid = state.pid {
                Foundation.kill(-pid, SIGKILL)
                Foundation.kill(pid, SIGKILL)
            }
        }
    }

    /// Kills all child processes.
    static func killAll() {
        for process in running.withLock({ Array($0.values) }) { process.kill() }
    }

    /// Writes all of the data, and blocks while the pipe is full. False if the program has ended or its stdin is
    /// closed.
    func write(_ data: Data) -> Bool {
        guard let input = state.withLock({ $0.input }) else { return false }
        return data.withUnsafeBytes { bytes in
            do throws(SystemError) {
                try Descriptor.write(bytes, to: input)
                return true
            } catch {
                return false
            }
        }
    }

    /// Sends one message with descriptors. The input has to be a socket. False if the program has ended, or does not
    /// read.
    func send(_ message: Data, handing descriptors: [CInt]) -> Bool {
        // The lock keeps the socket open meanwhile, and the call does not block.
        state.withLock { state in state.input.map { Self.send(message, descriptors, to: $0) } ?? false }
    }

    private static func send(_ message: Data, _ descriptors: [CInt], to socket: CInt) -> Bool {
        let size = MemoryLayout<CInt>.stride * descriptors.count
        let control = UnsafeMutableRawBufferPointer.allocate(
            byteCount: MemoryLayout<cmsghdr>.stride + size, alignment: MemoryLayout<cmsghdr>.alignment)
        defer { control.deallocate() }
        var header = cmsghdr()
        header.cmsg_len = MemoryLayout<cmsghdr>.stride + size
        (header.cmsg_level, header.cmsg_type) = (SOL_SOCKET, CInt(cgnu_scm_rights))
        control.storeBytes(of: header, as: cmsghdr.self)
        descriptors.withUnsafeBytes { bytes in
            UnsafeMutableRawBufferPointer(rebasing: control[MemoryLayout<cmsghdr>.stride...]).copyMemory(from: bytes)
        }
        return message.withUnsafeBytes { bytes in
            // sendmsg only reads from this buffer.
            var part = iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
            return withUnsafeMutablePointer(to: &part) { part in
                var all = msghdr()
                (all.msg_iov, all.msg_iovlen) = (part, 1)
                (all.msg_control, all.msg_controllen) = (control.baseAddress, control.count)
                return sendmsg(socket, &all, CInt(MSG_DONTWAIT | MSG_NOSIGNAL)) == bytes.count
            }
        }
    }

    /// Closes stdin. Only the queue that writes may call this, so that no write uses the number of a closed pipe.
    func closeInput() {
        let inputs = state.withLock { state in
            defer { (state.input, state.keepAlive) = (nil, nil) }
            return [state.input, state.keepAlive]
        }
        for case let input? in inputs { close(input) }
    }

    /// Passes on complete lines until both pipes are closed. A line of more than `longestLine` bytes kills the program.
    func read(longestLine: Int, output: (ArraySlice<UInt8>) -> Void, log: (String) -> Void) {
        let (outputPipe, logPipe) = state.withLock { ($0.output, $0.log) }
        var lines = LineBuffer(limit: longestLine, pieceSize: 256 << 10)
        var notes = LineBuffer(limit: 64 << 10, pieceSize: 4 << 10)
        var noteCount = 0
        var descriptors = [
            pollfd(fd: outputPipe, events: Int16(POLLIN), revents: 0),
            pollfd(fd: logPipe, events: Int16(POLLIN), revents: 0),
        ]
        while descriptors[0].fd >= 0 {
            guard uninterrupted({ poll(&descriptors, 2, -1) }) >= 0 else { break }
            if descriptors[1].revents != 0 {
                let isOpen = notes.fill(from: logPipe) { line in
                    noteCount += 1
                    // Programs in the sandbox can write here as well. They must not fill the log, or send commands to
                    // the terminal.
                    if noteCount <= 200 { log(String(decoding: line.prefix(500), as: UTF8.self).printable) }
                }
                if !isOpen { descriptors[1].fd = -1 }
            }
            if descriptors[0].revents != 0 {
                let isOpen = lines.fill(from: outputPipe, line: output)
                if !isOpen { descriptors[0].fd = -1 }
            }
        }
        kill()
    }

    /// Waits for the program to end, and reaps it.
    func reap() {
        guard let pid = state.withLock({ $0.pid }) else { return }
        // With WNOWAIT the process keeps its number until `kill` can no longer use it.
        var information = siginfo_t()
        _ = uninterrupted { waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) }
        state.withLock { $0.pid = nil }
        Self.running.withLock { $0[ObjectIdentifier(self)] = nil }
        _ = try? ProcessEnd.wait(for: pid)
        closePipes()
    }

    private func closePipes() {
        let (output, log) = state.withLock { state in
            defer { (state.output, state.log) = (-1, -1) }
            return (state.output, state.log)
        }
        if output >= 0 { close(output) }
        if log >= 0 { close(log) }
    }

    private func closeAll() {
        closePipes()
        closeInput()
    }
}

extension String {
    /// The text without control characters.
    var printable: String {
        String(String.UnicodeScalarView(unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "\u{FFFD}" : $0 }))
    }
}

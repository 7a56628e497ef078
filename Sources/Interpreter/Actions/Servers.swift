package import E2B

/// Finds the address at which a server in the sandbox is reached.
package struct FindAddress: SessionAction {
    package var session: String
    package var port: Int

    package init(session: String, port: Int) {
        self.session = session
        self.port = port
    }

    package func perform(_ call: ActionCall) async throws -> SandboxAddress {
        try await inSandbox(call) { call.client.address(ofPort: port, in: $0) }
    }
}

/// Starts a server in the background and waits until its port answers.
package struct StartServer: SessionAction {
    package var session: String
    package var command: String
    package var port: Int
    /// The file for the server's output.
    package var logFile: SandboxPath
    package var variables: [String: String]
    package var directory: String?
    package var user: UnixUser?

    package init(
        session: String, command: String, port: Int, logFile: SandboxPath, variables: [String: String] = [:],
        directory: String? = nil, user: UnixUser? = nil
    ) {
        self.session = session
        self.command = command.program
        self.port = port
        self.logFile = logFile
        self.variables = variables
        self.directory = directory
        self.user = user
    }

    package func perform(_ call: ActionCall) async throws -> StartServerResult {
        let server = ProcessRequest(
            command: "/bin/bash", arguments: ["-l", "-c", Self.serve, logFile.text, command], envs: variables,
            cwd: directory, user: user?.name, timeout: nil)
        return try await inSandbox(call) { sandbox in
            guard try await !isListening(call, in: sandbox) else {
                // The port is checked first. The new server could not listen there and would end, and the old server's
                // answer would be taken for its own.
                throw InterpreterError.portTaken(port)
            }
            let pid = try await call.client.start(server, in: sandbox)
            let wait = ProcessRequest(
                command: "/bin/bash", arguments: ["-c", Self.waitForPort, "\(port)", "\(pid)", logFile.text],
                cwd: directory, user: user?.name, timeout: .seconds(15))
            var log = CapturedOutput(limit: call.limits.fileSize)
            let exit = try await call.client.run(wait, in: sandbox) { event in
                if case .stdout(let bytes) = event { log.append(bytes[...]) }
            }
            guard exit.code != 0 else {
                return StartServerResult(pid: pid, state: .answers(call.client.address(ofPort: port, in: sandbox)))
            }
            let tail = await OutputStorage(call, in: sandbox).shown(log, as: "log")
            return StartServerResult(
                pid: pid, state: exit.code == Self.hasEnded ? .ended(log: tail) : .isSilent(log: tail))
        }
    }

    private func isListening(_ call: ActionCall, in sandbox: Sandbox) async throws -> Bool {
        let probe = ProcessRequest(
            command: "/bin/bash", arguments: ["-c", #"exec 3<>"/dev/tcp/127.0.0.1/$0""#, "\(port)"],
            timeout: .seconds(15))
        return try await call.client.run(probe, in: sandbox) { _ in }.code == 0
    }

    /// The script that starts the server. `$0` is the log file and `$1` the command. They are arguments, so that the
    /// shell does not read them as a part of this line.
    private static let serve = #"exec >>"$0" 2>&1 || exit; eval "$1""#

    /// The script that waits for the server. `$0` is the port, `$1` the server's process id and `$2` its log file. It
    /// prints the log's end if the port does not answer.
    private static let waitForPort = """
        for ((turn = 0; turn < 100; turn++)); do
          (exec 3<>"/dev/tcp/127.0.0.1/$0") 2>/dev/null && exit 0
          code=1
          kill -0 "$1" 2>/dev/null || { code=\(hasEnded); break; }
          sleep 0.1
        done
        tail -c 4000 -- "$2" 2>&1
        exit "$code"
        """
    private static let hasEnded = 3
}

package struct StartServerResult: Sendable {
    /// The server's state after at most ten seconds. `log` is the end of its log file.
    package enum State: Sendable {
        case answers(SandboxAddress)
        case ended(log: String)
        /// The server runs, but its port does not answer.
        case isSilent(log: String)
    }

    package let pid: UInt32
    package let state: State
}

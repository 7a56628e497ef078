import E2B
import Interpreter
import JSON

/// Servers in the sandbox, and where they are reached.
extension ActionCall {
    func getHost() async throws -> ActionOutcome {
        let port = try required(\.port)
        let address = try await inSandbox { client.address(ofPort: port, in: $0) }
        return .reply(
            reply(
                ("host", .text(address.host)), ("url", .text(address.url)), ("port", .number(port)),
                ("message", "Host+port retrieved for port \(port)")))
    }

    func startServer() async throws -> ActionOutcome {
        let command = try required(\.command)
        let port = try required(\.port)
        let logFile = try checkedPath(required(\.logFile), "logFile")
        let user = try checkedUser()
        let server = ProcessRequest(
            command: "/bin/bash", arguments: ["-l", "-c", Self.serve, logFile, command],
            envs: arguments.envs ?? [:], cwd: arguments.cwd, user: user, timeout: nil)
        return try await inSandbox { sandbox in
            guard try await !isListening(at: port, in: sandbox) else {
                // The new server would end for that, and the old one would be taken for it.
                throw failure(
                    "Another server answers at port \(port). `command_list` lists what runs: end it with `command_kill`, "
                        + "or choose another port.")
            }
            let pid = try await client.start(server, in: sandbox)
            let wait = ProcessRequest(
                command: "/bin/bash", arguments: ["-c", Self.waitForPort, "\(port)", "\(pid)", logFile],
                cwd: arguments.cwd, user: user, timeout: .seconds(15))
            var log = makeCapturedOutput()
            let exit = try await client.run(wait, in: sandbox) { event in
                if case .stdout(let bytes) = event { log.append(bytes[...]) }
            }
            guard exit.code == 0 else {
                let reason =
                    exit.code == Self.hasEnded
                    ? "The server ended before its port \(port) answered."
                    : "The server's port \(port) did not answer within 10 seconds; its command \(pid) still runs."
                let tail = await shown(log, "log", in: sandbox)
                var failure = failure("\(reason) `log` has the end of \(logFile): mend the command and start it again.")
                failure.members = [.init("commandId", .text("\(pid)")), .init("log", .text(tail))]
                throw failure
            }
            let address = client.address(ofPort: port, in: sandbox)
            return .reply(
                reply(
                    ("commandId", .text("\(pid)")), ("host", .text(address.host)), ("url", .text(address.url)),
                    ("logFile", .text(logFile)),
                    (
                        "message",
                        "Server started with ID \(pid), accessible at \(address.url). Logs are redirected to \(logFile)"
                    )))
        }
    }

    private func isListening(at port: Int, in sandbox: Sandbox) async throws -> Bool {
        let probe = ProcessRequest(
            command: "/bin/bash", arguments: ["-c", #"exec 3<>"/dev/tcp/127.0.0.1/$0""#, "\(port)"],
            timeout: .seconds(15))
        return try await client.run(probe, in: sandbox) { _ in }.code == 0
    }

    /// `$0` is the log file, `$1` the command: as arguments, so that neither is read as part of this line.
    private static let serve = #"exec >>"$0" 2>&1 || exit; eval "$1""#

    /// `$0` is the port, `$1` the server's process id, `$2` its log file. Prints the log's end when it fails.
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

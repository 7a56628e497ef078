import E2B
import System

/// Runs a shell command to its end.
package struct RunCommand: SessionAction {
    package var session: String
    package var command: String
    package var variables: [String: String]
    package var directory: String?
    package var user: UnixUser?
    /// The longest time for the command; nil for a minute.
    package var timeLimit: Duration?

    package init(
        session: String, command: String, variables: [String: String] = [:], directory: String? = nil,
        user: UnixUser? = nil, timeLimit: Duration? = nil
    ) {
        self.session = session
        self.command = command.program
        self.variables = variables
        self.directory = directory
        self.user = user
        self.timeLimit = timeLimit
    }

    package func perform(_ call: ActionCall) async throws -> RunCommandResult {
        let process = ProcessRequest.shell(
            command, envs: variables, cwd: directory, user: user?.name,
            timeout: try call.timeLimit(timeLimit, standard: .seconds(60)))
        return try await inSandbox(call, taking: process.timeout ?? .seconds(60)) {
            try await call.complete(process, in: $0)
        }
    }
}

package struct RunCommandResult: Sendable {
    /// The output as an answer shows it. Output that is too long for an answer is in a file of the sandbox.
    package let stdout: String
    package let stderr: String
    /// The exit code; nil if the command was stopped.
    package let exitCode: Int?
    /// A sentence about the command's end that its own output does not tell.
    package let note: String?

    /// The reason why the command failed, for the log; nil if it succeeded.
    package var problem: String? {
        guard exitCode != 0 else { return nil }
        return note ?? exitCode.map { "The command ended with exit code \($0)." } ?? "The command was stopped."
    }
}

extension ActionCall {
    /// Runs a command to its end. The result has all that it printed, even if it was stopped.
    func complete(_ process: ProcessRequest, in sandbox: Sandbox) async throws -> RunCommandResult {
        var (stdout, stderr) = (
            CapturedOutput(ofTerminal: limits.fileSize, without: secrets),
            CapturedOutput(ofTerminal: limits.fileSize, without: secrets)
        )
        var exitCode: Int?
        var note: String?
        var hasBegun = false
        var process = process
        let asked = process.timeout
        process.timeout = asked.map { deadline.left(of: $0) }
        if process.timeout == .zero {
            note = "The command was not begun: \(deadline.reason). Try again."
        } else {
            let run = MeasuredRun(RequestTrace.shell, for: owner)
            do {
                let exit = try await client.run(marked(process), in: sandbox) { event in
                    switch event {
                    case .started: hasBegun = true
                    case .stdout(let bytes): stdout.append(bytes[...])
                    case .stderr(let bytes): stderr.append(bytes[...])
                    case .ended: break
                    }
                    guard await memory.grow(to: stdout.heldCount + stderr.heldCount) else {
                        throw E2BError.outOfMemory(.runProcess)
                    }
                }
                run.ended(exit)
                exitCode = exit.code
                if !exit.isExited { note = "The command was ended by a signal (\(exit.status))." }
            } catch let error as E2BError {
                run.ended(error)
                if hasBegun { await killOrphans(in: sandbox) }
                guard let stop = stop(error, process.timeout, asked, hasBegun: hasBegun) else { throw error }
                note = stop
            }
        }
        let storage = OutputStorage(self, in: sandbox)
        return RunCommandResult(
            stdout: await storage.shown(stdout, as: "stdout"), stderr: await storage.shown(stderr, as: "stderr"),
            exitCode: exitCode, note: note)
    }

    /// Returns the note about a command that was stopped; nil if the error says everything.
    private func stop(_ error: E2BError, _ limit: Duration?, _ asked: Duration?, hasBegun: Bool) -> String? {
        switch error {
        case .executionTimedOut:
            let stop =
                limit == asked
                ? "at its time limit of \(asked?.words ?? "")"
                : "after \(limit?.wholeWords ?? ""), and not after \(asked?.words ?? ""): \(deadline.reason)"
            return "The command was stopped \(stop). Run what takes longer in the background."
        case .tooLarge(_, let limit):
            return "The command was stopped: it sent more than \(limit) bytes. Redirect its output to a file."
        case .outOfMemory where hasBegun:
            return
                "The command was stopped: \(ByteBudget.reason(isShareTaken: memory.isShareTaken)) Redirect it to a file."
        case _ where hasBegun && error != .cancelled: return "\(error)"
        default: return nil
        }
    }
}

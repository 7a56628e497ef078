import Budget
import E2B
import Interpreter
import JSON
import LibreChat
import System

/// Running shell commands, and ending them.
extension ActionCall {
    func shell() async throws -> ActionOutcome {
        try await runCommand { output, error in [("output", output), ("error", error)] }
    }

    func commandRun() async throws -> ActionOutcome {
        try await runCommand { output, error in [("stdout", output), ("stderr", error)] }
    }

    private func runCommand(
        _ members: (_ output: JSONNode, _ error: JSONNode) -> [(String, JSONNode)]
    ) async throws -> ActionOutcome {
        let isBackground = arguments.background == true
        let command = try required(\.command)
        var process = ProcessRequest.shell(
            command, envs: arguments.envs ?? [:], cwd: arguments.cwd, user: try checkedUser(), timeout: nil)
        if isBackground {
            let pid = try await inSandbox { [process] in try await client.start(process, in: $0) }
            return .reply(
                reply(
                    ("commandId", .text("\(pid)")), ("message", "Background command started with ID \(pid)")))
        }
        process.timeout = try timeLimit(standard: .seconds(60))
        return try await run(process, members)
    }

    /// Runs it to its end, and answers with what it printed and how it ended.
    func run(
        _ process: ProcessRequest, _ members: (_ output: JSONNode, _ error: JSONNode) -> [(String, JSONNode)]
    ) async throws -> ActionOutcome {
        try await inSandbox { sandbox in
            let ending = try await complete(process, in: sandbox)
            let output = await shown(ending.stdout, "stdout", in: sandbox)
            let error = await shown(ending.stderr, "stderr", in: sandbox)
            var reply = ActionReply(
                sessionID: sessionID, isSuccess: ending.exitCode == 0,
                members(.text(output), .text(ending.note.map { error.isEmpty ? $0 : "\(error)\n\($0)" } ?? error)))
            reply.members.append(.init("exitCode", ending.exitCode.map { .number($0) } ?? .null))
            return .reply(reply, problem: ending.problem)
        }
    }

    private struct Ending {
        var stdout: CapturedOutput
        var stderr: CapturedOutput
        /// nil: it was stopped.
        var exitCode: Int?
        /// What its error output does not say.
        var note: String?

        var problem: String? {
            guard exitCode != 0 else { return nil }
            return note ?? exitCode.map { "The command ended with exit code \($0)." } ?? "The command was stopped."
        }
    }

    private func complete(_ process: ProcessRequest, in sandbox: Sandbox) async throws -> Ending {
        var ending = Ending(stdout: makeCapturedOutput(), stderr: makeCapturedOutput())
        var hasBegun = false
        var process = process
        let asked = process.timeout
        process.timeout = asked.map { deadline.left(of: $0) }
        guard process.timeout != .zero else {
            ending.note = "The command was not begun: \(deadline.reason). Try again."
            return ending
        }
        do {
            let exit = try await client.run(marked(process), in: sandbox) { event in
                switch event {
                case .started: hasBegun = true
                case .stdout(let bytes): ending.stdout.append(bytes[...])
                case .stderr(let bytes): ending.stderr.append(bytes[...])
                case .ended: break
                }
                let held = ending.stdout.heldCount + ending.stderr.heldCount
                guard await memory.grow(to: held, within: ByteBudget.patience) else {
                    throw E2BError.outOfMemory(.runProcess)
                }
            }
            ending.exitCode = exit.code
            if !exit.isExited { ending.note = "The command was ended by a signal (\(exit.status))." }
        } catch let error as E2BError {
            if hasBegun { await killOrphans(in: sandbox) }
            switch error {
            case .executionTimedOut:
                let stop =
                    process.timeout == asked
                    ? "at its time limit of \(asked?.words ?? "")"
                    : "after \(process.timeout?.wholeWords ?? ""), and not after \(asked?.words ?? ""): \(deadline.reason)"
                ending.note = "The command was stopped \(stop). Run what takes longer in the background."
            case .tooLarge(_, let limit):
                ending.note =
                    "The command was stopped: it sent more than \(limit) bytes. Redirect its output to a file."
            case .outOfMemory where hasBegun:
                ending.note =
                    "The command was stopped: the service has no memory for its output now. Redirect it to a file."
            // What it printed until then is worth more than the error alone.
            case _ where hasBegun && error != .cancelled: ending.note = "\(error)"
            default: throw error
            }
        }
        return ending
    }

    // MARK: - Running commands

    func killCommand() async throws -> ActionOutcome {
        let commandID = try required(\.commandID)
        guard let pid = UInt32(commandID), pid > 0 else {
            throw failure("`commandId` must be the id that a background `shell` answered with.")
        }
        return try await kill(pid, "Background command with ID \(pid)")
    }

    func commandKill() async throws -> ActionOutcome {
        let pid = UInt32(try required(\.pid))
        return try await kill(pid, "Process with PID \(pid)")
    }

    private func kill(_ pid: UInt32, _ name: String) async throws -> ActionOutcome {
        let wasThere = try await inSandbox { sandbox in
            guard try await client.processes(in: sandbox).contains(where: { $0.pid == pid }) else { return false }
            // A signal reaches the shell alone, and what it started would live on.
            try await killDescendants(of: pid, in: sandbox)
            try await client.signal(.kill, to: .pid(pid), in: sandbox)
            return true
        }
        guard wasThere else { throw failure("\(name) is not running. `command_list` lists what is.") }
        return .reply(reply(("message", "\(name) has been killed.")))
    }

    /// As root: a command may have been started as any user. Where there is no root, as the user.
    private func killDescendants(of pid: UInt32, in sandbox: Sandbox) async throws {
        var process = ProcessRequest(
            command: "/bin/bash", arguments: ["-c", Self.killDescendants, "\(pid)"], user: "root",
            timeout: .seconds(10))
        do {
            try await client.run(process, in: sandbox) { _ in }
        } catch E2BError.unauthorized, E2BError.refused {
            process.user = nil
            try await client.run(process, in: sandbox) { _ in }
        }
    }

    /// Stops each process before it looks for its children, so that it makes no new ones meanwhile. `$0` is left stopped.
    private static let killDescendants = """
        descend() {
          local child
          kill -STOP "$1" 2>/dev/null
          for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
            descend "$child"
            kill -KILL "$child" 2>/dev/null
          done
        }
        descend "$0"
        """

    func commandList() async throws -> ActionOutcome {
        let processes = try await inSandbox { try await client.processes(in: $0) }
        return .reply(reply(("processes", .list(processes.map(\.summary)))))
    }

    func processInfo() async throws -> ActionOutcome {
        let pid = UInt32(try required(\.pid))
        let processes = try await inSandbox { try await client.processes(in: $0) }
        guard let process = processes.first(where: { $0.pid == pid }) else {
            throw failure("Process with PID \(pid) is not running. `command_list` lists what is.")
        }
        return .reply(reply(("process", process.summary)))
    }

    // MARK: - Users

    /// What may be the name of a Unix account.
    func checkedUser() throws(ActionFailure) -> String? {
        guard let user = arguments.user else { return nil }
        let isName =
            (1...32).contains(user.utf8.count)
            && user.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
        guard isName else { throw failure("`user` must be the name of a Unix user, root for example.") }
        return user
    }
}

extension RunningProcess {
    fileprivate var summary: JSONNode {
        [
            "pid": .number(Int(pid)), "cmd": .text(command), "args": .list(arguments.map { .text($0) }),
            "cwd": JSONNode(cwd), "tag": JSONNode(tag),
        ]
    }
}

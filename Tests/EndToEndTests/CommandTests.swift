import Foundation
import TestSupport
import Testing

extension ActionTests {
    /// Shell commands of a session: to their end, in the background, and past their limits.
    @Suite(.timeLimit(.minutes(10)))
    struct CommandTests {
        @Test func `a command is answered with what it printed and how it ended`() async throws {
            try await SharedStack.client.withSession { session in
                let failing = "echo out; echo err >&2; exit 3"
                let shell = try await session("shell", ["command": .text(failing)])
                #expect(
                    shell.json
                        == [
                            "sessionId": .text(session.id), "success": false, "output": "out\n", "error": "err\n",
                            "exitCode": 3,
                        ])
                #expect(
                    try await session("command_run", ["cmd": .text(failing)]).json
                        == [
                            "sessionId": .text(session.id), "success": false, "stdout": "out\n", "stderr": "err\n",
                            "exitCode": 3,
                        ])
                #expect(
                    try await session("shell", ["cmd": "true"]).json
                        == ["sessionId": .text(session.id), "success": true, "output": "", "error": "", "exitCode": 0])
            }
        }

        @Test func `a command that a signal ended is told so`() async throws {
            try await SharedStack.client.withSession { session in
                let answer = try await session("shell", ["command": "echo before; kill -TERM $$"])
                #expect(!answer.isSuccess && answer.output == "before\n", "\(answer)")
                #expect(answer.error.contains("signal") && answer.error.contains("terminated"), "\(answer)")
            }
        }

        @Test func `a command past its time limit is ended with all that it started`() async throws {
            try await SharedStack.client.withSession { session in
                let answer = try await session(
                    "shell", ["command": "echo begun; sleep 1001 & sleep 1002; echo over", "timeoutMs": 2500])
                #expect(
                    answer.json
                        == [
                            "sessionId": .text(session.id), "success": false, "output": "begun\n",
                            "error":
                                "The command was stopped at its time limit of 2.5 seconds. Run what takes longer in the background.",
                            "exitCode": nil,
                        ])
                try await session.waitForEnd(of: ["sleep 1001", "sleep 1002"])
            }
        }

        @Test func `a caller who hangs up ends the command with all that it started`() async throws {
            try await SharedStack.client.withSession { session in
                let body: JSONTree = [
                    "action": "shell", "sessionId": .text(session.id), "command": "sleep 1003 & (sleep 1004; true)",
                ]
                let request = try await SharedStack.client.start("POST", "/e2bcode", body: body.encoded())
                try await request.wait(for: "the command") { try await session.processes().contains("sleep 1004") }
                request.signal(SIGKILL)
                await request.ended()
                try await session.waitForEnd(of: ["sleep 1003", "sleep 1004"])
            }
        }

        @Test func `a background command outlives its request and is ended with its children`() async throws {
            try await SharedStack.client.withSession { session in
                let command = "sleep 2001 & (sleep 2002 & sleep 2003); wait"
                let started = try await session(
                    "shell", ["command": .text(command), "background": true, "cwd": "/tmp", "timeoutMs": 1000])
                let id = try #require(started["commandId"].string)
                #expect(
                    started.json
                        == [
                            "sessionId": .text(session.id), "success": true, "commandId": .text(id),
                            "message": .text("Background command started with ID \(id)"),
                        ])
                // Longer than its `timeoutMs`, which is no deadline for what runs in the background.
                try await Task.sleep(for: .milliseconds(1200))
                let process: JSONTree = [
                    "pid": .number(Double(id) ?? 0), "cmd": "/bin/bash", "args": ["-l", "-c", .text(command)],
                    "cwd": "/tmp", "tag": nil,
                ]
                #expect(try await session("command_list")["processes"] == [process])
                #expect(try await session("processinfo", ["pid": .number(Double(id) ?? 0)])["process"] == process)
                #expect(
                    try await session("kill_command", ["commandId": .text(id)]).json
                        == [
                            "sessionId": .text(session.id), "success": true,
                            "message": .text("Background command with ID \(id) has been killed."),
                        ])
                try await session.waitForEnd(of: ["sleep 2001", "sleep 2002", "sleep 2003"])
                try await session.waitForNoCommands()
                #expect(
                    try await session("kill_command", ["commandId": .text(id)]).json
                        == .failure(
                            "Background command with ID \(id) is not running. `command_list` lists what is.",
                            session: session.id))
            }
        }

        @Test(arguments: [1_000_000, 20_000_000])
        func `a long output is cut, and the whole of it is in a file`(count: Int) async throws {
            try await SharedStack.client.withSession { session in
                let command = "yes 'a line of text' | head -c \(count)"
                let answer = try await session("shell", ["command": .text("\(command) | tee /tmp/copy; echo END >&2")])
                #expect(answer.isSuccess && answer.error == "END\n")
                let path = try #require(answer.output.firstMatch(of: #/whole is in (\S+) …\]/#)?.1)
                let line = Array("a line of text\n")
                let part = { (range: Range<Int>) in String(range.map { line[$0 % line.count] }) }
                #expect(
                    answer.output
                        == part(0..<2000)
                        + "\n[… \(count - 8000) characters left out here; the whole is in \(path) …]\n"
                        + part(count - 6000..<count))
                #expect(try await session.shell("cmp \(path) /tmp/copy && stat -c %s \(path)") == "\(count)\n")
            }
        }

        @Test func `a character in two pieces is one character`() async throws {
            try await SharedStack.client.withSession { session in
                let duck = try await session.shell(
                    #"printf '\xf0\x9f'; sleep 0.3; printf '\xa6'; sleep 0.1; printf '\x86'"#)
                #expect(duck == "🦆")
            }
        }

        @Test func `envs, cwd and user are the command's`() async throws {
            try await SharedStack.client.withSession(["envs": ["A": "session", "B": "session"]]) { session in
                let answer = try await session(
                    "shell",
                    [
                        "command": #"printf '%s\n' "$A" "$B" "$PWD" "$(whoami)""#, "cwd": "/tmp",
                        "envs": ["B": "it's \"one\" $(true) `true`\nmore"],
                    ])
                #expect(answer.output == "session\nit's \"one\" $(true) `true`\nmore\n/tmp\nuser\n", "\(answer)")
                let missing = try await session("shell", ["command": "pwd", "cwd": "/no/such/place"])
                #expect(!missing.isSuccess && missing.error.contains("/no/such/place"), "\(missing)")
                let user = try await session("shell", ["command": "whoami", "user": "nosuchuser"])
                #expect(!user.isSuccess && !user.error.isEmpty, "\(user)")
            }
        }
    }
}

extension ActionSession {
    /// Waits until none of these command lines runs in the sandbox.
    func waitForEnd(of commands: Set<String>) async throws {
        try await eventually("the end of \(commands)") { try await commands.isDisjoint(with: processes()) }
    }
}

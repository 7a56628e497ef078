import Foundation
import TestSupport
import Testing

extension ActionTests {
    /// No parameter but a command is ever read by a shell.
    @Suite(.timeLimit(.minutes(10)))
    struct InjectionTests {
        /// Where the text reached a shell, there would be a file `/tmp/ran`.
        private static let hostile = [
            "$(touch /tmp/ran)", "`touch /tmp/ran`", "; touch /tmp/ran #", "a\ntouch /tmp/ran\n",
            "' ; touch /tmp/ran '",
            "\" ; touch /tmp/ran \"", "&& touch /tmp/ran", "|touch /tmp/ran", "--help; touch /tmp/ran",
            "-c touch /tmp/ran",
            "${IFS}$(touch${IFS}/tmp/ran)", "<(touch /tmp/ran)", "\u{0}; touch /tmp/ran",
        ]

        /// Every place of a parameter that is not meant for a shell.
        private static func requests(_ text: JSONTree) -> [(action: String, parameters: [String: JSONTree])] {
            [
                ("install", ["code": text]), ("install", ["packages": [text]]),
                // Without a network npm would try for minutes.
                ("install", ["code": text, "language": "javascript", "envs": ["npm_config_offline": "true"]]),
                ("system_install", ["packages": [text]]), ("kill_command", ["commandId": text]),
                ("command_kill", ["pid": text]), ("processinfo", ["pid": text]), ("kill", ["sandboxId": text]),
                ("shell", ["command": "true", "cwd": text]), ("shell", ["command": "true", "user": text]),
                ("shell", ["command": "true", "envs": ["A": text]]),
                ("command_run", ["cmd": "true", "envs": ["A": text]]),
                ("start_server", ["cmd": "exit 1", "port": 1, "logFile": text]),
                ("start_server", ["cmd": "exit 1", "port": 1, "logFile": "log", "cwd": text]),
                ("start_server", ["cmd": "exit 1", "port": 1, "logFile": "log", "user": text]),
                ("start_server", ["cmd": "exit 1", "port": text, "logFile": "log"]),
                ("get_host", ["port": text]), ("read_file", ["filePath": text]),
                ("write_file", ["filePath": text, "fileContent": text]), ("get_file_downloadurl", ["filePath": text]),
                ("execute", ["code": "1", "envs": ["A": text]]), ("execute", ["code": "1", "language": text]),
                ("execute", ["code": "true", "language": "bash", "envs": ["A": text]]),
                ("create", ["template": text]), ("create", ["envs": ["A": text]]), ("set_timeout", ["timeout": text]),
                ("help", ["command_name": text]),
            ]
        }

        @Test(arguments: hostile) func `nothing runs, and the answer is one of an action`(text: String) async throws {
            try await SharedStack.client.withSession { session in
                try await withThrowingTaskGroup { group in
                    for request in Self.requests(.text(text)) {
                        group.addTask {
                            let answer = try await session(request.action, request.parameters)
                            #expect(answer.status == 200, "\(request): \(answer)")
                            #expect(answer["success"] == true || !answer.error.isEmpty, "\(request): \(answer)")
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(try await session.shell("ls /tmp/ran 2>/dev/null; true") == "")
            }
        }

        @Test func `the same texts do run in a command`() async throws {
            try await SharedStack.client.withSession { session in
                var count = 0
                for text in Self.hostile {
                    _ = try await session("shell", ["command": .text("true \(text)")])
                    let removed = try await session("shell", ["command": "rm /tmp/ran"])
                    if removed.isSuccess { count += 1 }
                }
                // The others need quotes around them, or a program that takes -c.
                #expect(count == 9)
            }
        }

        @Test func `the name of a variable is a name`() async throws {
            try await SharedStack.client.withSession { session in
                for name in ["A;touch /tmp/ran", "$(touch /tmp/ran)", "A=B", "", "1A", "A\nB", "A B", "-u", "Ä"] {
                    let envs: JSONTree = .object([name: "x"])
                    let requests: [(String, [String: JSONTree])] = [
                        ("create", ["envs": envs]), ("execute", ["code": "1", "envs": envs]),
                        ("execute", ["code": "true", "language": "bash", "envs": envs]),
                        ("shell", ["command": "true", "envs": envs]), ("install", ["code": "requests", "envs": envs]),
                    ]
                    for (action, parameters) in requests {
                        let answer = try await session(action, parameters)
                        #expect(
                            answer.json
                                == .failure(
                                    "`envs` must be an object of strings, named with letters, digits and underscores.",
                                    session: session.id))
                    }
                }
                #expect(try await session.shell("ls /tmp/ran 2>/dev/null; true") == "")
            }
        }

        @Test func `variables, folders and log files are taken literally`() async throws {
            try await SharedStack.client.withSession { session in
                let name = "$(touch ran) `touch ran` 'it' \"is\"; -n"
                let variable = "\(name)\nsecond line"
                let bash = try await session(
                    "execute", ["code": #"printf %s "$A""#, "language": "bash", "envs": ["A": .text(variable)]])
                #expect(bash.stdout == variable, "\(bash)")
                let folder = "/tmp/\(name)"
                _ = try await session("write_file", ["filePath": .text("\(folder)/file"), "fileContent": "in it"])
                let there = try await session("shell", ["command": "cat file; pwd", "cwd": .text(folder)])
                #expect(there.output == "in it\(folder)\n", "\(there)")
                let server = try await session(
                    "start_server",
                    ["cmd": "echo logged; exit 1", "port": 1, "logFile": .text(name), "cwd": .text(folder)])
                #expect(server["log"] == "logged\n", "\(server)")
                #expect(
                    try await session("read_file", ["filePath": .text("\(folder)/\(name)")])["content"] == "logged\n")
                #expect(try await session.shell("find / -name ran 2>/dev/null; true") == "")
            }
        }

        @Test func `a package's name is no option`() async throws {
            try await SharedStack.client.withSession { session in
                for (action, parameters) in [
                    ("install", ["code": "--index-url=http://127.0.0.1:1/ x"]),
                    ("install", ["packages": ["x", "-e", "."]]),
                    ("install", ["code": "x -g", "language": "javascript"]),
                    ("system_install", ["packages": ["-oDPkg::Pre-Invoke::=touch /tmp/ran"]]),
                ] as [(String, [String: JSONTree])] {
                    let answer = try await session(action, parameters)
                    #expect(
                        answer.error.hasSuffix("' is not a package's name: it may not begin with '-'."), "\(answer)")
                }
            }
        }
    }
}

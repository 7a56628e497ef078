import Foundation
import TestSupport
import Testing

extension ActionTests {
    /// The document of the E2BCode plugin, played as a conversation: its own examples, word for word, and whole answers.
    @Suite(.timeLimit(.minutes(10)))
    struct ConversationTests {
        /// Says one thing after another. An id that an answer made up has a name in what follows.
        private struct Conversation {
            let client: HTTPClient
            /// By the name that stands for it.
            var ids: [String: String] = [:]

            /// - Parameters:
            ///   - request: JSON, with names in the place of ids.
            ///   - learning: the name for the answer's member of this name.
            mutating func say(_ request: String, learning names: [String: String] = [:]) async throws -> JSONTree {
                let body = ids.reduce(request) { $0.replacing($1.key, with: $1.value) }
                let reply = try await client.send("POST", "/e2bcode", body: Data(body.utf8))
                #expect(reply.status == 200 && reply.headers["content-type"] == "application/json")
                let answer = try ActionAnswer(reply)
                for (member, name) in names {
                    let id = try #require(answer[member].string, "\(answer)")
                    ids[name] = id
                }
                return answer.named(ids)
            }
        }

        /// A success in the session of the document's examples.
        private func success(_ members: [String: JSONTree], session: String = "unique_session_id") -> JSONTree {
            .object(["sessionId": .text(session), "success": true].merging(members) { $1 })
        }

        @Test func `the examples of all twelve actions, from create to kill`() async throws {
            var conversation = Conversation(client: try SharedStack.client)
            let created = try await conversation.say(
                """
                {
                  "action": "create",
                  "sessionId": "unique_session_id",
                  "timeout": 120,
                  "envs": { "MY_VAR": "my_value" }
                }
                """, learning: ["sandboxId": "SANDBOX"])
            #expect(
                created
                    == success([
                        "sandboxId": "SANDBOX", "currentUser": "user", "currentDirectory": "/home/user", "timeout": 120,
                        "message": "Sandbox created with timeout 120 minutes.",
                    ]))
            let list = try await conversation.say(
                """
                {
                  "action": "list_sandboxes"
                }
                """)
            #expect(
                list
                    == [
                        "sessionId": "", "success": true, "message": "Active sandboxes found",
                        "sandboxes": [
                            [
                                "sandboxId": "SANDBOX", "sessionId": "unique_session_id", "createdAt": "TIME",
                                "expiresAt": "TIME", "status": "running",
                            ]
                        ],
                    ])
            let timeout = try await conversation.say(
                """
                {
                  "action": "set_timeout",
                  "sessionId": "unique_session_id",
                  "timeout": 180
                }
                """)
            #expect(timeout == success(["message": "Sandbox timeout updated to 180 minutes.", "expiresAt": "TIME"]))
            let executed = try await conversation.say(
                """
                {
                  "action": "execute",
                  "sessionId": "unique_session_id",
                  "code": "import os; print(os.environ.get('MY_VAR'))",
                  "language": "python",
                  "envs": { "MY_VAR": "value" }
                }
                """)
            #expect(
                executed
                    == success([
                        "output": "", "logs": ["stdout": "value\n", "stderr": ""], "error": nil, "results": [],
                        "images": [],
                    ]))
            let written = try await conversation.say(
                """
                {
                  "action": "write_file",
                  "sessionId": "unique_session_id",
                  "filePath": "/home/user/test.txt",
                  "fileContent": "Hello, world!"
                }
                """)
            #expect(written == success(["message": "File written to /home/user/test.txt", "bytes": 13]))
            let read = try await conversation.say(
                """
                {
                  "action": "read_file",
                  "sessionId": "unique_session_id",
                  "filePath": "/home/user/test.txt"
                }
                """)
            #expect(read == success(["content": "Hello, world!", "bytes": 13, "encoding": "utf-8"]))
            let listing = try await conversation.say(
                """
                {
                  "action": "shell",
                  "sessionId": "unique_session_id",
                  "command": "ls -la"
                }
                """)
            #expect(listing == success(["output": listing["output"], "error": "", "exitCode": 0]))
            #expect(
                listing["output"].string?.contains(#/\n-rw-r--r-- +1 user +user +13 .{12} test\.txt\n/#) == true,
                "\(listing)")
            // What the next example runs.
            let app = try await conversation.say(
                #"""
                {"action": "write_file", "sessionId": "unique_session_id", "filePath": "app.py",
                 "fileContent": "import time\nprint('on', flush=True)\ntime.sleep(600)\n"}
                """#)
            #expect(app["success"] == true)
            let started = try await conversation.say(
                """
                {
                  "action": "shell",
                  "sessionId": "unique_session_id",
                  "command": "python3 app.py > output.log",
                  "background": true
                }
                """, learning: ["commandId": "command_id_from_background_command"])
            #expect(
                started
                    == success([
                        "commandId": "command_id_from_background_command",
                        "message": "Background command started with ID command_id_from_background_command",
                    ]))
            let killedCommand = try await conversation.say(
                """
                {
                  "action": "kill_command",
                  "sessionId": "unique_session_id",
                  "commandId": "command_id_from_background_command"
                }
                """)
            conversation.ids["command_id_from_background_command"] = nil
            #expect(killedCommand["success"] == true && killedCommand.members?.count == 3)
            let installed = try await conversation.say(
                """
                {
                  "action": "install",
                  "sessionId": "unique_session_id",
                  "code": "requests",
                  "language": "python"
                }
                """)
            #expect(installed == success(["output": installed["output"], "error": "", "exitCode": 0]))
            #expect(installed["output"].string?.contains("requests") == true)
            _ = try await conversation.say(
                #"""
                {"action": "write_file", "sessionId": "unique_session_id", "filePath": "/home/user/output.txt",
                 "fileContent": "to download"}
                """#)
            let link = try await conversation.say(
                """
                {
                  "action": "get_file_downloadurl",
                  "sessionId": "unique_session_id",
                  "filePath": "/home/user/output.txt"
                }
                """, learning: ["downloadUrl": "URL"])
            #expect(
                link
                    == success([
                        "downloadUrl": "URL", "expiresAt": "TIME",
                        "message": "Download URL generated for /home/user/output.txt",
                    ]))
            let url = try #require(conversation.ids["URL"])
            let file = try await HTTPClient(base: url, folder: conversation.client.folder).get("")
            #expect(file.status == 200 && file.text == "to download")
            let host = try await conversation.say(
                """
                {
                  "action": "get_host",
                  "sessionId": "unique_session_id",
                  "port": 8080
                }
                """, learning: ["host": "HOST"])
            #expect(
                host
                    == success([
                        "host": "HOST", "url": "http://HOST", "port": 8080,
                        "message": "Host+port retrieved for port 8080",
                    ]))
            let killed = try await conversation.say(
                """
                {
                  "action": "kill",
                  "sessionId": "unique_session_id"
                }
                """)
            #expect(killed == success(["message": "Sandbox with sessionId unique_session_id has been killed."]))
        }

        @Test func `the steps of using the plugin, with the example of an error and of a service`() async throws {
            var conversation = Conversation(client: try SharedStack.client)
            let session = "my_unique_session_id"
            let created = try await conversation.say(
                """
                {
                  "action": "create",
                  "sessionId": "my_unique_session_id",
                  "timeout": 60
                }
                """, learning: ["sandboxId": "SANDBOX"])
            #expect(
                created
                    == success(
                        [
                            "sandboxId": "SANDBOX", "currentUser": "user", "currentDirectory": "/home/user",
                            "timeout": 60, "message": "Sandbox created with timeout 60 minutes.",
                        ], session: session))
            let executed = try await conversation.say(
                """
                {
                  "action": "execute",
                  "sessionId": "my_unique_session_id",
                  "code": "print('Hello from the sandbox!')"
                }
                """)
            #expect(
                executed
                    == success(
                        [
                            "output": "", "logs": ["stdout": "Hello from the sandbox!\n", "stderr": ""], "error": nil,
                            "results": [], "images": [],
                        ], session: session))
            let error = try await conversation.say(#"{"action": "execute", "sessionId": "my_unique_session_id"}"#)
            #expect(error == .failure("Code is required for `execute` action.", session: session))
            _ = try await conversation.say(
                #"""
                {"action": "write_file", "sessionId": "my_unique_session_id", "filePath": "app.py",
                 "fileContent": "from http.server import *\nHTTPServer(('', 5000), SimpleHTTPRequestHandler).serve_forever()"}
                """#)
            let started = try await conversation.say(
                """
                {
                  "action": "shell",
                  "sessionId": "my_unique_session_id",
                  "command": "python3 app.py > output.log",
                  "background": true
                }
                """)
            #expect(started["success"] == true)
            let host = try await conversation.say(
                """
                {
                  "action": "get_host",
                  "sessionId": "my_unique_session_id",
                  "port": 5000
                }
                """, learning: ["url": "URL"])
            #expect(host["port"] == 5000)
            let service = HTTPClient(base: try #require(conversation.ids["URL"]), folder: conversation.client.folder)
            let stack = try #require(SharedStack.current)
            try await stack.local.wait(for: "the service") { try await service.get("/app.py").status == 200 }
            let killed = try await conversation.say(
                """
                {
                  "action": "kill",
                  "sessionId": "my_unique_session_id"
                }
                """)
            #expect(
                killed
                    == success(
                        ["message": .text("Sandbox with sessionId \(session) has been killed.")], session: session))
        }

        @Test func `the eight later actions`() async throws {
            let client = try SharedStack.client
            let help = try await client.act("help")
            #expect(help["message"].string?.contains("\nexecute: Run code.") == true && help.isSuccess)
            let shell = try await client.act("help", ["command_name": "shell"])
            #expect(
                shell["message"].string?.hasPrefix("shell: Run a shell command.\n- `sessionId`, a string: ") == true)
            #expect(
                try await client.act("list_templates").json
                    == [
                        "sessionId": "", "success": true, "templates": [],
                        "message": "No templates are configured: sandboxes are made from code-interpreter-v1.",
                    ])
            try await client.withSession { session in
                let ran = try await session("command_run", ["cmd": "echo one; echo two >&2"])
                #expect(
                    ran.json == success(["stdout": "one\n", "stderr": "two\n", "exitCode": 0], session: session.id))
                let server = try await session(
                    "start_server",
                    [
                        "cmd": "exec python3 -m http.server 8000", "port": 8000, "logFile": "/tmp/server.log",
                        "cwd": "/tmp",
                    ])
                let (id, url) = (server["commandId"].string ?? "", server["url"].string ?? "")
                let message =
                    "Server started with ID \(id), accessible at \(url). Logs are redirected to /tmp/server.log"
                #expect(
                    server.json
                        == success(
                            [
                                "commandId": .text(id), "host": server["host"], "url": .text(url),
                                "logFile": "/tmp/server.log", "message": .text(message),
                            ], session: session.id))
                let pid = JSONTree.number(Double(id) ?? 0)
                let list = try await session("command_list")
                #expect(list["processes"].list?.map { $0["pid"] } == [pid], "\(list)")
                let process = list["processes"][0]
                #expect(Set(process.members?.keys ?? [:].keys) == ["pid", "cmd", "args", "cwd", "tag"])
                let info = try await session("processinfo", ["pid": pid])
                #expect(info.json == success(["process": process], session: session.id))
                let killed = try await session("command_kill", ["pid": pid])
                #expect(
                    killed.json
                        == success(["message": .text("Process with PID \(id) has been killed.")], session: session.id))
                try await session.waitForNoCommands()
                // There is no root in a local sandbox, and that is the answer.
                let installed = try await session("system_install", ["packages": ["no-such-package"]])
                #expect(
                    installed.status == 200 && !installed.isSuccess && installed.error.contains("root"), "\(installed)")
            }
        }

        @Test(arguments: [
            (#"{"action":"create"}"#, "`sessionId` is required for `create` action."),
            (#"{"action":"kill"}"#, "`sessionId` or `sandboxId` is required for `kill` action."),
            (#"{"action":"shell","sessionId":"s"}"#, "`command` is required for `shell` action."),
            (#"{"action":"set_timeout","sessionId":"s"}"#, "`timeout` is required for `set_timeout` action."),
            (#"{"action":"execute","sessionId":"s","code":"  \n"}"#, "Code is required for `execute` action."),
            (#"{"action":"execute","sessionId":"s","code":7}"#, "`code` must be a string."),
            (#"{"action":"get_host","sessionId":"s","port":0}"#, "`port` must be a whole number from 1 to 65535."),
            (#"{"action":"create","sessionId":"s","envs":{"A":[1]}}"#, "`envs` must be an object of strings."),
            (
                #"{"action":"shell","sessionId":"s","command":"a","background":"maybe"}"#,
                "`background` must be true or false."
            ),
            (#"{"action":"create","sessionId":"\u0007"}"#, "`sessionId` must be 1 to 128 printable characters."),
        ])
        func `what is missing or wrong is named, in a 200 that the model sees`(body: String, sentence: String)
            async throws
        {
            let reply = try await SharedStack.client.send("POST", "/e2bcode", body: Data(body.utf8))
            let answer = try ActionAnswer(reply)
            #expect(reply.status == 200)
            #expect(answer.json == .failure(sentence, session: body.contains(#""s""#) ? "s" : ""))
        }

        @Test(arguments: ["", "{", "[]", "null", #""create""#, "{\"action\":\"help\"}}"])
        func `a body that is no JSON object is the caller's mistake`(body: String) async throws {
            let reply = try await SharedStack.client.send("POST", "/e2bcode", body: Data(body.utf8))
            #expect(reply.status == 400)
            #expect(try !ActionAnswer(reply).isSuccess)
        }
    }
}

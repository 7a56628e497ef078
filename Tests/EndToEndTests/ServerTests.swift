import Foundation
import TestSupport
import Testing

extension ActionTests {
    /// Servers in a sandbox: started, awaited, and reached from outside.
    @Suite(.timeLimit(.minutes(10)))
    struct ServerTests {
        @Test func `a server is started, and its page read from outside with plain curl`() async throws {
            let stack = try #require(SharedStack.current)
            try await stack.client.withSession { session in
                _ = try await session("write_file", ["filePath": "site/page.html", "fileContent": "<b>served</b>"])
                let server = try await session(
                    "start_server",
                    [
                        "cmd": "echo \"$GREETING\"; exec python3 -u -m http.server 8080", "port": 8080,
                        "logFile": "/tmp/server.log", "cwd": "/home/user/site", "envs": ["GREETING": "good morning"],
                    ])
                let (id, host) = (server["commandId"].string ?? "", server["host"].string ?? "")
                let url = try #require(server["url"].string)
                #expect(!id.isEmpty && !host.isEmpty && url.hasSuffix(host))
                #expect(
                    server.json
                        == [
                            "sessionId": .text(session.id), "success": true, "commandId": .text(id),
                            "host": .text(host),
                            "url": .text(url), "logFile": "/tmp/server.log",
                            "message": .text(
                                "Server started with ID \(id), accessible at \(url). Logs are redirected to /tmp/server.log"
                            ),
                        ])
                #expect(
                    try await session("get_host", ["port": 8080]).json
                        == [
                            "sessionId": .text(session.id), "success": true, "host": .text(host), "url": .text(url),
                            "port": 8080, "message": "Host+port retrieved for port 8080",
                        ])
                let page = try await HTTPClient(base: url, folder: stack.folder).get("/page.html")
                #expect(page.status == 200 && page.text == "<b>served</b>")
                let log = try await session("read_file", ["filePath": "/tmp/server.log"])["content"].string ?? ""
                #expect(log.hasPrefix("good morning\n") && log.contains("GET /page.html"), "\(log)")
                #expect(try await session("kill_command", ["commandId": .text(id)]).isSuccess)
                try await session.waitForEnd(of: ["python3 -u -m http.server 8080"])
            }
        }

        @Test func `a server that ends at once is answered with the end of its log`() async throws {
            try await SharedStack.client.withSession { session in
                let answer = try await session(
                    "start_server",
                    [
                        "cmd": "yes filler | head -n 5000; echo 'no such module' >&2; exit 1", "port": 8080,
                        "logFile": "server.log",
                    ])
                #expect(
                    answer.error
                        == "The server ended before its port 8080 answered. `log` has the end of server.log: "
                        + "mend the command and start it again.")
                #expect(!answer.isSuccess && answer["commandId"].string != nil)
                let log = answer["log"].string ?? ""
                #expect(log.hasSuffix("filler\nno such module\n") && log.count == 4000, "\(answer)")
            }
        }

        @Test func `a port that another server has, and a log that cannot be written, are said`() async throws {
            try await SharedStack.client.withSession { session in
                let parameters: [String: JSONTree] = [
                    "cmd": "exec python3 -m http.server 8080", "port": 8080, "logFile": "server.log",
                ]
                let unwritable = try await session("start_server", parameters.merging(["logFile": "/no/log"]) { $1 })
                #expect(unwritable.error.hasPrefix("The server ended before its port 8080 answered."), "\(unwritable)")
                #expect(unwritable["log"].string?.contains("/no/log") == true)
                #expect(try await session("start_server", parameters).isSuccess)
                let second = try await session("start_server", parameters)
                #expect(
                    second.json
                        == .failure(
                            "Another server answers at port 8080. `command_list` lists what runs: end it with "
                                + "`command_kill`, or choose another port.", session: session.id))
                #expect(try await session.commands().count == 1)
            }
        }

        @Test func `a server whose port does not answer in 10 seconds is told, and still runs`() async throws {
            try await SharedStack.client.withSession { session in
                let answer = try await session(
                    "start_server", ["cmd": "echo waiting; sleep 3001", "port": 8080, "logFile": "server.log"])
                let id = answer["commandId"].string ?? "?"
                #expect(
                    answer.error
                        == "The server's port 8080 did not answer within 10 seconds; its command \(id) still runs. "
                        + "`log` has the end of server.log: mend the command and start it again.")
                #expect(answer["log"] == "waiting\n" && !answer.isSuccess)
                #expect(try await session.processes().contains("sleep 3001"))
                #expect(try await session("command_kill", ["pid": .number(Double(id) ?? 0)]).isSuccess)
                try await session.waitForEnd(of: ["sleep 3001"])
            }
        }
    }
}

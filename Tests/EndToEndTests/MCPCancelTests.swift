import Foundation
import TestSupport
import Testing

private let key = "correct-horse-battery-staple-librechat"

/// Stop in a chat program: the code ends in the sandbox, whichever responder hears of it.
@Suite(
    .sharedStack(environment: ["E2B_FCGI_KEYS": "librechat:\(key)", "E2B_FCGI_TRUSTED_KEYS": "librechat"]), .serialized,
    .timeLimit(.minutes(10)))
struct MCPCancelTests {
    private func check(_ mode: String, at url: String, in folder: URL) async throws {
        let python = try await PythonEnvironment.with(PythonEnvironment.newestMCP)
        let script = Binaries.repository.appending(path: "Tests/EndToEndTests/mcp_cancel.py").path
        let check = try await ChildProcess(python, ["-B", script, url + "/mcp", key, mode], name: "stop", in: folder)
        let exit = await check.ended()
        #expect(exit == .status(0), "\(mode): \(check.log)")
        #expect(check.outputText.hasSuffix("all ok\n"), "\(mode): \(check.log)")
    }

    @Test(arguments: ["legacy", "2026-07-28"])
    func `stop in the official SDK ends the code`(mode: String) async throws {
        let client = try SharedStack.client
        try await check(mode, at: client.base, in: client.folder)
    }

    @Test func `it does so where two responders share the requests`() async throws {
        let stack = try #require(SharedStack.current)
        try await stack.withResponder { other in
            let port = try freePort()
            let folder = stack.folder.appending(path: "both")
            let nginx = try await Stack.startNginx(port: port, sockets: [stack.socket, other.socket], folder: folder)
            let result: Result<Void, any Error>
            do {
                result = .success(try await check("legacy", at: "http://127.0.0.1:\(port)", in: folder))
            } catch {
                result = .failure(error)
            }
            await nginx.stop()
            try result.get()
        }
    }

    // MARK: - By hand

    private func client(_ client: HTTPClient, user: String = "ann", conversation: String = "one") -> HTTPClient {
        var client = client
        client.headers = [
            "Authorization": "Bearer \(key)", "X-User-ID": user, "X-Conversation-ID": conversation,
        ]
        return client
    }

    private func call(_ code: String, id: String) -> Data {
        Data(
            #"{"jsonrpc":"2.0","id":\#(id),"method":"tools/call","params":{"name":"run_code","arguments":{"code":"\#(code)","timeout":300}}}"#
                .utf8)
    }

    private func cancel(_ client: HTTPClient, id: String) async throws {
        let body = #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":\#(id)}}"#
        let reply = try await client.send("POST", "/mcp", body: Data(body.utf8))
        #expect(reply.status == 202)
        #expect(reply.body.isEmpty)
    }

    /// Begins an endless run, and returns when it runs.
    private func begin(_ client: HTTPClient, id: String) async throws -> ChildProcess {
        _ = try await client.send("POST", "/mcp", body: call("open('began', 'w').close()", id: #""open""#))
        let loop = #"import os, time\nos.remove('began')\nx = 'kept'\nwhile True: time.sleep(0.05)"#
        let run = try await client.start("POST", "/mcp", body: call(loop, id: id))
        let look = Data(
            #"{"jsonrpc":"2.0","id":"look","method":"tools/call","params":{"name":"shell","arguments":{"command":"test ! -e began && echo running"}}}"#
                .utf8)
        try await run.wait(for: "the loop") {
            try await client.send("POST", "/mcp", body: look).text.contains("running")
        }
        return run
    }

    @Test func `another responder is told, and neither a stranger nor another id reaches the run`() async throws {
        let stack = try #require(SharedStack.current)
        try await stack.withResponder { other in
            let here = client(stack.client)
            let run = try await begin(here, id: "7")
            // The one that is meant comes last: whatever one of these had stopped would answer in its place.
            for (stranger, id) in [
                (client(other.client, user: "bob"), "7"), (client(other.client, conversation: "two"), "7"),
                (client(other.client), #""7""#), (client(other.client), "8"),
                (client(other.client), "\"\(String(repeating: "../", count: 5000))\""),
            ] {
                try await cancel(stranger, id: id)
                #expect(run.exit == nil)
            }
            try await cancel(client(other.client), id: "7")
            await run.ended()
            let answer = try HTTPReply(parsing: run.output)
            #expect(answer.status == 200)
            #expect(answer.text.contains("It was stopped before its end"))
            // The session lives on, in the same kernel.
            let next = try await here.send("POST", "/mcp", body: call("print(x)", id: "8"))
            #expect(next.text.contains("kept"))
        }
    }

    @Test func `a call that waits for its turn never runs once it is cancelled`() async throws {
        let stack = try #require(SharedStack.current)
        try await stack.withResponder(environment: ["E2B_FCGI_EXECUTIONS": "1", "E2B_FCGI_QUEUE_WAIT": "300"]) { busy in
            let here = client(stack.client, conversation: "turns")
            let run = try await begin(here, id: "1")
            let there = client(busy.client, conversation: "turns")
            // The kernel runs one after the other, so this one holds the only place for as long as that runs.
            let next = try await there.start("POST", "/mcp", body: call("y = 1", id: "2"))
            try await wait(until: 1, "executions", there)
            let waiting = try await there.start("POST", "/mcp", body: call("z = 1", id: "3"))
            try await wait(until: 1, "waiting", there)
            try await cancel(here, id: "3")
            await waiting.ended()
            #expect(try HTTPReply(parsing: waiting.output).text.contains("It was stopped before its end"))
            #expect(next.exit == nil)
            try await cancel(there, id: "1")
            for request in [run, next] { await request.ended() }
            let seen = try await here.send(
                "POST", "/mcp", body: call("print('y' in globals(), 'z' in globals())", id: "4"))
            #expect(seen.text.contains("True False"))
        }
    }

    private func wait(until count: Int, _ name: String, _ client: HTTPClient) async throws {
        while try await JSONTree(parsing: client.get("/health").body)[name].integer != count {
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test func `a program of CGI is told by another one`() async throws {
        let stack = try #require(SharedStack.current)
        let params = ["HTTP_AUTHORIZATION": "Bearer \(key)", "HTTP_X_USER_ID": "ann", "HTTP_X_CONVERSATION_ID": "cgi"]
        let here = client(stack.client, conversation: "cgi")
        let run = try await stack.startCGI(
            "/mcp", body: call(#"x = 'kept'\nopen('here', 'w').close()\nwhile True: pass"#, id: "5"), params: params)
        let look = Data(
            #"{"jsonrpc":"2.0","id":"look","method":"tools/call","params":{"name":"shell","arguments":{"command":"test -e here && echo running"}}}"#
                .utf8)
        try await run.wait(for: "the loop") {
            try await here.send("POST", "/mcp", body: look).text.contains("running")
        }
        let body = #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5}}"#
        let notice = try await stack.startCGI("/mcp", body: Data(body.utf8), params: params)
        #expect(await notice.ended() == .status(0))
        #expect(await run.ended() == .status(0))
        #expect(try await here.send("POST", "/mcp", body: call("print(x)", id: "6")).text.contains("kept"))
    }

    @Test(arguments: [nil, "2026-07-28"])
    func `a client that hangs up stops its code`(version: String?) async throws {
        var client = client(try SharedStack.client, conversation: "hang-up \(version ?? "")")
        var body = #""name":"run_code","arguments":{"code":"CODE","timeout":300}"#
        if let version {
            client.headers.merge(
                ["MCP-Protocol-Version": version, "Mcp-Method": "tools/call", "Mcp-Name": "run_code"]
            ) { $1 }
            body +=
                #","_meta":{"io.modelcontextprotocol/protocolVersion":"\#(version)","io.modelcontextprotocol/clientCapabilities":{}}"#
        }
        func call(_ code: String) -> Data {
            Data(
                #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{\#(body.replacing("CODE", with: code))}}"#
                    .utf8
            )
        }
        let request = try await client.start(
            "POST", "/mcp", body: call(#"x = 'kept'\nopen('here', 'w').close()\nwhile True: pass"#))
        var watcher = client
        watcher.headers["Mcp-Name"] = version.map { _ in "shell" }
        let look = Data(
            String(decoding: call("CODE"), as: UTF8.self).replacing("run_code", with: "shell")
                .replacing(#""code":"CODE","timeout":300"#, with: #""command":"test -e here && echo running""#).utf8)
        try await request.wait(for: "the loop") {
            try await watcher.send("POST", "/mcp", body: look).text.contains("running")
        }
        request.signal(SIGKILL)
        await request.ended()
        // In its turn: a kernel whose loop goes on would keep it waiting for five minutes.
        #expect(try await client.send("POST", "/mcp", body: call("print(x)")).text.contains("kept"))
    }
}

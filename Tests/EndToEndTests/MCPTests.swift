import Foundation
import TestSupport
import Testing

private let libreChatKey = "correct-horse-battery-staple-librechat"
private let otherKey = "correct-horse-battery-staple-other"

/// `POST /mcp` through nginx, the responder and real kernels.
@Suite(
    .sharedStack(environment: [
        "E2B_FCGI_KEYS": "librechat:\(libreChatKey),other:\(otherKey)", "E2B_FCGI_TRUSTED_KEYS": "librechat",
    ]), .serialized, .timeLimit(.minutes(10)))
struct MCPTests {
    private func client(_ key: String = libreChatKey, user: String = "", conversation: String = "") throws -> HTTPClient
    {
        var client = try SharedStack.client
        client.headers["Authorization"] = "Bearer \(key)"
        if !user.isEmpty { client.headers["X-User-ID"] = user }
        if !conversation.isEmpty { client.headers["X-Conversation-ID"] = conversation }
        return client
    }

    private func call(_ client: HTTPClient, _ tool: String, _ arguments: JSONTree) async throws -> JSONTree {
        let request: JSONTree = .object([
            "jsonrpc": .text("2.0"), "id": .number(7), "method": .text("tools/call"),
            "params": .object(["name": .text(tool), "arguments": arguments]),
        ])
        let reply = try await client.send("POST", "/mcp", body: request.encoded())
        #expect(reply.status == 200)
        let answer = try JSONTree(parsing: reply.body)
        #expect(answer["id"] == .number(7))
        return answer["result"]
    }

    private func python(_ client: HTTPClient, _ code: String, session: String? = nil) async throws -> String {
        var arguments = ["code": JSONTree.text(code)]
        if let session { arguments["session"] = .text(session) }
        return try await call(client, "run_code", .object(arguments))["content"][0]["text"].string ?? ""
    }

    @Test func `a conversation keeps its sandbox, and another one has another`() async throws {
        let (one, other) = (try client(conversation: "one"), try client(conversation: "two"))
        _ = try await python(one, "x = 'of one'")
        #expect(try await python(one, "print(x)").contains("of one"))
        #expect(try await python(other, "print('x' in globals())").contains("False"))
        _ = try await call(one, "end_session", .object([:]))
        #expect(try await python(one, "print('x' in globals())").contains("False"))
        for client in [one, other] { _ = try await call(client, "end_session", .object([:])) }
    }

    @Test func `two users of one key are strangers`() async throws {
        let (alice, bob) = (try client(user: "alice"), try client(user: "bob"))
        _ = try await python(alice, "x = 1", session: "shared")
        #expect(try await python(bob, "print('x' in globals())", session: "shared").contains("False"))
        #expect(try await python(alice, "print('x' in globals())", session: "shared").contains("True"))
        for client in [alice, bob] { _ = try await call(client, "end_session", .object(["session": .text("shared")])) }
    }

    @Test func `a key that is not trusted names no user and no conversation`() async throws {
        let client = try client(otherKey, user: "alice", conversation: "mine")
        _ = try await python(client, "x = 1")
        #expect(try await python(client, "print('x' in globals())").contains("False"))
        // Each of the two had a sandbox of its own, which ended with it.
        try await SharedStack.current?.waitForSandboxes("the end of both") { $0.running == 0 }
    }

    @Test func `a session of MCP is the same sandbox for an action`() async throws {
        let client = try client()
        _ = try await python(client, "x = 'by MCP'", session: "both")
        #expect(try await client.session("both").python("print(x)") == "by MCP\n")
        #expect(try await client.session("both")("kill").isSuccess)
        #expect(try await python(client, "print(1)", session: "both").contains("1"))
        _ = try await call(client, "end_session", .object(["session": .text("both")]))
    }

    @Test func `a picture of the sandbox's disk is shown`() async throws {
        let client = try client(conversation: "picture")
        _ = try await python(client, "from PIL import Image; Image.new('RGB', (40, 30)).save('/home/user/a.png')")
        let result = try await call(client, "read_file", .object(["path": .text("/home/user/a.png")]))
        #expect(result["content"][1]["type"] == .text("image"))
        #expect(result["content"][1]["mimeType"] == .text("image/png"))
        _ = try await call(client, "end_session", .object([:]))
    }

    @Test func `other methods than POST are 405, and a stranger needs a key`() async throws {
        for method in ["GET", "DELETE", "PUT"] {
            let reply = try await client().send(method, "/mcp")
            #expect(reply.status == 405)
            #expect(reply.headers["allow"] == "POST")
        }
        let reply = try await client("wrong-key-of-enough-letters").send("POST", "/mcp", body: Data("{}".utf8))
        #expect(reply.status == 401)
        #expect(reply.headers["www-authenticate"]?.hasPrefix("Bearer") == true)
        #expect(try await client().get("/.well-known/oauth-protected-resource").status == 404)
    }

    // MARK: - The official SDKs

    @Test(arguments: [("mcp==2.3.0", ["auto", "2026-07-28", "legacy"]), ("mcp==1.30.0", ["session"])])
    func `the official SDKs for Python are content`(package: String, modes: [String]) async throws {
        let python = try await PythonEnvironment.with(package)
        let script = Binaries.repository.appending(path: "Tests/EndToEndTests/mcp_check.py").path
        let client = try SharedStack.client
        for mode in modes {
            let check = try await ChildProcess(
                python, ["-B", script, client.base + "/mcp", libreChatKey, mode], name: "mcp-\(mode)", in: client.folder
            )
            let exit = await check.ended()
            #expect(exit == .status(0), "\(package) \(mode): \(check.log)")
            #expect(String(decoding: check.output, as: UTF8.self).hasSuffix("all ok\n"), "\(mode): \(check.log)")
        }
    }
}

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
    private func client(
        _ key: String = libreChatKey, user: String = "", conversation: String = "", of responder: HTTPClient? = nil
    ) throws -> HTTPClient {
        var client = try responder ?? SharedStack.client
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

    @Test(arguments: ["", "carol"])
    func `a session of MCP is the same sandbox for an action`(user: String) async throws {
        let client = try client(user: user)
        _ = try await python(client, "x = 'by MCP'", session: "both")
        #expect(try await client.session("both").python("print(x)") == "by MCP\n")
        #expect(try await client.session("both")("kill").isSuccess)
        #expect(try await python(client, "print(1)", session: "both").contains("1"))
        let stranger = try self.client(user: "dave")
        #expect(try await !stranger.session("both")("execute", ["code": "1"]).isSuccess)
        _ = try await call(client, "end_session", .object(["session": .text("both")]))
    }

    @Test func `a paused conversation goes on with its variables, and is told where they are gone`() async throws {
        let stack = try #require(SharedStack.current)
        let settings = ["E2B_FCGI_SESSION_END": "pause"]
        try await stack.withResponder(environment: settings) { one in
            try await stack.withResponder(environment: settings) { other in
                let first = try client(conversation: "paused", of: one.client)
                let second = try client(conversation: "paused", of: other.client)
                _ = try await python(first, "x = 'from before'")
                let created = try await stack.sandboxes().created
                func ids() async throws -> [String] {
                    let list = try JSONTree(parsing: await stack.control("GET", "/v2/sandboxes").body).list ?? []
                    return list.filter { $0["metadata"]["e2bFcgiSession"] == "paused" }
                        .compactMap { $0["sandboxID"].string }
                }
                let id = try #require(try await ids().first)
                let path = "/sandboxes/\(id)"
                let detail = try JSONTree(parsing: await stack.control("GET", path).body)
                #expect(detail["lifecycle"]["onTimeout"] == "pause", "\(detail)")

                #expect(try await stack.control("POST", path + "/pause").status == 204)
                async let here = python(first, "print(x)")
                async let there = python(second, "print(x)")
                for text in try await [here, there] {
                    #expect(text.contains("from before") && !text.contains("sandbox"), "\(text)")
                }
                #expect(try await ids() == [id])
                #expect(try await stack.sandboxes().created == created)

                #expect(try await stack.control("POST", path + "/pause").status == 204)
                #expect(try await stack.control("DELETE", path).status == 204)
                let told = try await python(first, "print('x' in globals())")
                #expect(told.hasPrefix("The earlier sandbox has ended (") && told.contains("False"), "\(told)")
                #expect(try await python(second, "print('x' in globals())").contains("False"))
                _ = try await call(second, "end_session", .object([:]))
                #expect(try await ids().isEmpty)
            }
        }
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

    // MARK: - Published clients

    private static let handshakes = ["mcp==1.30.0", "fastmcp==2.14.7"]

    @Test(arguments: [
        (PythonEnvironment.newestMCP, ["auto", "2026-07-28", "legacy", "fastmcp"]), (handshakes, ["sdk1", "fastmcp"]),
        // These two import what later versions of pydantic no longer have.
        (["mcp==1.12.4", "pydantic==2.11.7"], ["sdk1"]), (["mcp==1.8.1", "pydantic==2.11.7"], ["sdk1"]),
    ])
    func `published clients for Python are content`(packages: [String], clients: [String]) async throws {
        let python = try await PythonEnvironment.with(packages)
        let script = Binaries.repository.appending(path: "Tests/EndToEndTests/mcp_check.py").path
        let base = try SharedStack.client
        for client in clients {
            let check = try await ChildProcess(
                python, ["-B", script, base.base + "/mcp", libreChatKey, client], name: "mcp-\(client)",
                in: base.folder)
            let exit = await check.ended()
            #expect(exit == .status(0), "\(packages) \(client): \(check.log)")
            #expect(check.outputText.hasSuffix("all ok\n"), "\(packages) \(client): \(check.log)")
        }
    }

    @Test func `a client on the command line calls a tool`() async throws {
        let python = try await PythonEnvironment.with(PythonEnvironment.newestMCP)
        let base = try SharedStack.client
        let call = try await ChildProcess(
            python.deletingLastPathComponent().appending(path: "fastmcp"),
            ["call", base.base + "/mcp", "run_code", "code=print(6 * 7)", "--auth", otherKey], name: "fastmcp",
            in: base.folder)
        let exit = await call.ended()
        #expect(exit == .status(0), "\(call.log)")
        #expect(call.outputText.contains("42"), "\(call.outputText)")
    }

    /// The first ones of each client; those that run code are replayed without a sandbox elsewhere.
    @Test func `what published clients have sent passes the web server`() async throws {
        let rules = MCPRules(tools: try await toolNames())
        var counts: [String: Int] = [:]
        for request in try RecordedRequest.all where !request.body.contains("run_code") {
            let isUsual = request.method == "POST" && request.headers["origin"] == nil
            if isUsual { counts[request.client, default: 0] += 1 }
            guard !isUsual || counts[request.client, default: 0] <= 3 else { continue }
            var client = try client()
            client.headers.merge(request.headers) { own, _ in own }
            // These are there already.
            client.headers["content-type"] = nil
            client.headers["authorization"] = nil
            let isPost = request.method == "POST"
            let reply = try await client.send(
                request.method, "/mcp", body: isPost ? Data(request.body.utf8) : nil)
            let comment: Comment = "\(request.client) \(request.number): \(reply.status) \(reply.text)"
            if !isPost {
                #expect(reply.status == 405 && reply.headers["allow"] == "POST", comment)
            } else if request.headers["origin"] != nil {
                #expect(reply.status == 403, comment)
            } else {
                let violation = rules.violation(
                    in: reply.status, Array(reply.body), to: Array(request.body.utf8), request.mcpHeaders)
                #expect(violation == nil, comment)
            }
        }
    }

    private func toolNames() async throws -> Set<String> {
        let request = #"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#
        let reply = try await client().send("POST", "/mcp", body: Data(request.utf8))
        let tools = try JSONTree(parsing: reply.body)["result"]["tools"].list
        return Set(try #require(tools).compactMap { $0["name"].string })
    }

    /// Findings that are meant to be, by their codes.
    private static let intended: Set = [
        // A schema of results obliges a tool to answer with `structuredContent`, which LibreChat shows instead of the text, and
        // which older clients refuse.
        "schemas.output_schema_missing"
    ]

    @Test func `a checker of conformance finds nothing`() async throws {
        let python = try await PythonEnvironment.with(PythonEnvironment.newestMCP)
        let base = try SharedStack.client
        let check = try await ChildProcess(
            python,
            [
                "-B", "-m", "mcpcheck", base.base + "/mcp", "--json", "--probe", "all", "--legacy-probes", "--strict",
                "--token", libreChatKey,
            ], name: "mcpcheck", in: base.folder)
        _ = await check.ended()
        let checks = try #require(JSONTree(parsing: check.output)["checks"].list, "\(check.outputText) \(check.log)")
        #expect(checks.count >= 8)
        for check in checks {
            let findings = (check["failures"].list ?? []) + (check["warnings"].list ?? [])
            let others = findings.filter { !Self.intended.contains($0["code"].string ?? "") }
            #expect(others == [], "\(check["name"])")
            #expect(check["status"] == .text("pass") || !findings.isEmpty, "\(check)")
        }
    }
}

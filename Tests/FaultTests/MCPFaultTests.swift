import Foundation
import TestSupport
import Testing

/// E2B fails beneath a tool of MCP. A client would connect again or give up for good after an HTTP status that says so:
/// the model is told, in a result, and the connection stays.
@Suite(
    .sharedStack(faults: true), .serialized, .timeLimit(.minutes(10)))
struct MCPFaultTests {
    /// What LibreChat takes for a call to log in.
    private static let loginWords = ["401", "OAuth", "authentication"]

    @Test(arguments: [
        ("create:status=401,message=401: OAuth authentication failed", "E2B refuses the credentials"),
        ("create:status=404,message=template 'nope' not found", "template 'nope' not found"),
        ("create:status=429,retry-after=7,message=Rate limit exceeded", "Try again in 7 s"),
        (
            "create:status=429,message=you have reached the maximum number of concurrent E2B sandboxes (20)",
            "Try again in 10 s"
        ),
        ("create:status=500,message=internal trouble", "internal trouble"),
        ("create:status=503,message=Failed to place sandbox", "Try again in 10 s"),

        (#"execute:status=401,body={"code":401%2C"message":"authentication failed"}"#, "running the code"),
        (#"execute:status=502,body={"message":"The sandbox was not found"}"#, "sandbox"),
        ("execute:reset", "running the code"), ("execute:cut=110", "ended early"),
        ("execute:garbage", "running the code"), ("execute:gone", "gone"),
    ])
    func `a fault of E2B is a result that says so, and nothing is left running`(rule: String, words: String)
        async throws
    {
        let stack = try #require(SharedStack.current)
        try await stack.set(faults: rule)
        let told = try await stack.client.call("run_code", ["code": "print('hello')"])
        try await stack.set(faults: "")
        told.expectFailure(words)
        for word in Self.loginWords { #expect(!told.text.contains(word), "\(told.text)") }
        #expect(!told.text.contains(stack.environment["E2B_API_KEY"] ?? "?"))
        try await stack.waitForSandboxes("no sandbox left") { $0.running == 0 }
    }

    @Test func `a program may print any word`() async throws {
        let stack = try #require(SharedStack.current)
        try await stack.set(faults: "execute:cut=400")
        let code = "import time\nprint('401 OAuth', flush=True)\ntime.sleep(0.3)\nprint('x' * 500)"
        let told = try await stack.client.call("run_code", ["code": .text(code)])
        try await stack.set(faults: "")
        told.expectFailure("401 OAuth", "ended early")
    }

    @Test(
        arguments: [
            ("shell", "process-start", ["command": "true"]), ("read_file", "file-read", ["path": "/etc/passwd"]),
            ("write_file", "file-write", ["path": "/tmp/a", "content": "a"]), ("list_files", "file-list", [:]),
            ("share_file", "file-stat", ["path": "/etc/passwd"]), ("install", "process-start", ["packages": "x"]),
        ] as [(String, String, [String: JSONTree])])
    func `each tool tells what breaks beneath it`(tool: String, step: String, arguments: [String: JSONTree])
        async throws
    {
        let stack = try #require(SharedStack.current)
        for fault in ["reset", "status=500,message=internal trouble"] {
            try await stack.set(faults: "\(step):\(fault)")
            let told = try await stack.client.call(tool, arguments)
            try await stack.set(faults: "")
            told.expectFailure()
        }
        try await stack.waitForSandboxes("no sandbox left") { $0.running == 0 }
    }
}

/// More calls than the service has places, or E2B sandboxes.
@Suite(.timeLimit(.minutes(5)))
struct MCPLoadTests {
    private static let places = ["E2B_FCGI_EXECUTIONS": "4", "E2B_FCGI_QUEUE_WAIT": "1", "E2B_FCGI_LOG": "off"]

    @Test(arguments: [
        [:], ["E2B_FCGI_QUEUE": "0"],
        ["E2B_FCGI_OWNER_EXECUTIONS": "2", "E2B_FCGI_KEYS": "test:0123456789abcdefghij,b:0123456789abcdefghik"],
    ])
    func `calls beyond the places are told when to come back, and none by its status`(limits: [String: String])
        async throws
    {
        let (hold, count) = (Latch(), 200)
        let e2b = CannedE2B(execute: hold.pass)
        try await LoneResponder.with(e2b, environment: Self.places.merging(limits) { $1 }) { responder in
            let counts = try await withThrowingTaskGroup(of: ToldCall.self) { group in
                for id in 0..<count { group.addTask { try await responder.call(id: id) } }
                var counts = (succeeded: 0, refused: 0)
                for try await told in group {
                    if told.isError {
                        told.expectFailure("Try again in")
                        counts.refused += 1
                    } else {
                        counts.succeeded += 1
                    }
                    // All that have a place hold it until the others have been told.
                    if counts.refused == count - 4 || counts.refused == count - 2 { hold.open() }
                }
                return counts
            }
            #expect(counts.succeeded <= 4 && counts.succeeded > 0 && counts.succeeded + counts.refused == count)
            try await eventually("all sandboxes are killed") { e2b.killed == e2b.created }
        }
    }

    @Test func `calls beyond E2B's sandboxes are told when to come back`() async throws {
        let e2b = CannedE2B(limit: 2, execute: { usleep(100_000) })
        let settings = ["E2B_FCGI_EXECUTIONS": "50", "E2B_FCGI_QUEUE": "200", "E2B_FCGI_LOG": "off"]
        try await LoneResponder.with(e2b, environment: settings) { responder in
            let failures = try await withThrowingTaskGroup(of: ToldCall.self) { group in
                for id in 0..<200 { group.addTask { try await responder.call(id: id) } }
                return try await group.reduce(into: [ToldCall]()) { if $1.isError { $0.append($1) } }
            }
            for told in failures { told.expectFailure("Try again in 10 s") }
            #expect(!failures.isEmpty && failures.count < 200)
            try await eventually("all sandboxes are killed") { e2b.killed == e2b.created }
        }
    }

    @Test func `a call finds its way where all memory for bodies is taken`() async throws {
        let hold = Latch()
        let e2b = CannedE2B(execute: hold.pass)
        let settings = [
            "E2B_FCGI_MEMORY": "33554432", "E2B_FCGI_BODY_LIMIT": "1000000", "E2B_FCGI_FILE_BYTES": "8000000",
            "E2B_FCGI_IMAGE_INPUT_BYTES": "1000000", "E2B_FCGI_EXECUTIONS": "4", "E2B_FCGI_LOG": "off",
        ]
        try await LoneResponder.with(e2b, environment: settings) { responder in
            try await withThrowingTaskGroup { group in
                // Three of these take all of it but two bytes.
                for _ in 0..<3 { group.addTask { try await responder.ask(bytes: 33_554_430 / 3) } }
                try await eventually("all memory is taken") { e2b.executed == 3 }
                // As large a one is told so by its status, and not by the one after which LibreChat never comes back.
                let refused = try await responder.ask(bytes: 33_554_430 / 3)
                #expect(refused.status == 503 && refused.header("Retry-After") != nil, "\(refused.bodyText)")
                group.addTask { try await responder.ask(bytes: 200) }
                try await eventually("a small one runs all the same") { e2b.executed == 4 }
                hold.open()
                for try await answer in group { #expect(answer.status == 200, "\(answer.bodyText)") }
            }
        }
    }
}

/// E2B cannot be reached, says nothing, or there is no key for it.
@Suite(.timeLimit(.minutes(5)))
struct MCPWithoutE2BTests {
    @Test(arguments: [["E2B_API_URL": "http://127.0.0.1:9"], ["E2B_API_KEY": ""]])
    func `what the operator has to mend is told in a result`(environment: [String: String]) async throws {
        try await LoneResponder.with(CannedE2B(), environment: environment) { responder in
            let told = try await responder.call(id: 1)
            told.expectFailure(environment["E2B_API_KEY"] == nil ? "127.0.0.1" : "E2B_API_KEY")
        }
    }

    @Test(arguments: [true, false]) func `an E2B that says nothing, or hangs up, is told`(isSilent: Bool) async throws {
        let over = Latch()
        let e2b = Loopback { connection in
            _ = connection.readRequest()
            if isSilent { over.pass() }
        }
        let settings = ["E2B_API_URL": e2b.url, "E2B_API_KEY": "e2b_0", "E2B_FCGI_E2B_TIMEOUT": "1"]
        try await LoneResponder.with(environment: settings) { responder in
            try await responder.call(id: 1).expectFailure(isSilent ? "did not answer in time" : "creating the sandbox")
        }
        over.open()
    }
}

/// What a call of a tool got.
private struct ToldCall: Sendable {
    let status: Int?
    let answer: JSONTree
    let id: Int

    var isError: Bool { answer["result"]["isError"] != .flag(false) }
    var text: String { answer["result"]["content"][0]["text"].string ?? "\(answer)" }

    /// It is a result that says that it failed, and why.
    func expectFailure(_ words: String..., sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(status == 200 && answer["id"].integer == id, "\(answer)", sourceLocation: sourceLocation)
        #expect(answer["result"]["isError"] == .flag(true), "\(answer)", sourceLocation: sourceLocation)
        #expect(text.contains("."), "\(text)", sourceLocation: sourceLocation)
        for word in words { #expect(text.contains(word), "\(text)", sourceLocation: sourceLocation) }
    }

    static func request(_ tool: String, _ arguments: JSONTree, id: Int) throws -> Data {
        let params: JSONTree = ["name": .text(tool), "arguments": arguments]
        let request: JSONTree = [
            "jsonrpc": "2.0", "id": .number(Double(id)), "method": "tools/call", "params": params,
        ]
        return try request.encoded()
    }
}

extension HTTPClient {
    fileprivate func call(_ tool: String, _ arguments: [String: JSONTree]) async throws -> ToldCall {
        let reply = try await send("POST", "/mcp", body: ToldCall.request(tool, .object(arguments), id: 7))
        return ToldCall(status: reply.status, answer: try JSONTree(parsing: reply.body), id: 7)
    }
}

extension LoneResponder {
    /// Runs a program without a session.
    fileprivate func call(id: Int) async throws -> ToldCall {
        let request = try ToldCall.request("run_code", ["code": "1"], id: id)
        let answer = try await post("/mcp", String(decoding: request, as: UTF8.self))
        return ToldCall(status: answer.status, answer: try JSONTree(parsing: answer.body), id: id)
    }

    /// Runs a program in a request of so many bytes.
    fileprivate func ask(bytes: Int) async throws -> WebServer.Answer {
        let request = String(decoding: try ToldCall.request("run_code", ["code": "1"], id: 1), as: UTF8.self)
        return try await post("/mcp", String(repeating: " ", count: bytes - request.utf8.count) + request)
    }
}

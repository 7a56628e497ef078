import Foundation
import TestSupport
import Testing

private let key = "correct-horse-battery-staple-log-1"
private let token = "s3cret-value"

/// What an operator reads of a request: whether it did what was asked, for whom, and why not.
@Suite(
    .sharedStack(
        environment: [
            "E2B_FCGI_KEYS": "alice:\(key)", "E2B_CODE_EV_TOKEN": token, "E2B_FCGI_BODY_LIMIT": "10000",
            "E2B_FCGI_FILE_BYTES": "20000",
        ],
        faults: true),
    .serialized, .timeLimit(.minutes(10)))
struct LogTests {
    /// What must not be in the log: of code, of what it prints and throws, and of files.
    private static let mark = "marked-1f6a"

    private struct Line: Decodable {
        let id: String
        let status: Int
        let success: Bool
        let error: String?
        let client: String?
        let caller: String?
        let level: String
        let step: String?
        let e2b: String?
        let e2bMs: Double?
        let imageMs: Double?
        let queueMs: Double?
    }

    private func client() throws -> HTTPClient {
        var client = try SharedStack.client
        client.headers["Authorization"] = "Bearer \(key)"
        return client
    }

    /// The line of the request with this answer.
    private func line(of headers: [String: String]) async throws -> Line {
        let responder = try #require(SharedStack.current).responder
        let id = try #require(headers["x-request-id"])
        func find() -> Substring? {
            responder.log.split(separator: "\n").first { $0.contains("\"id\":\"\(id)\"") }
        }
        try await responder.wait(for: "the line of \(id)") { find() != nil }
        return try JSONDecoder().decode(Line.self, from: Data(#require(find()).utf8))
    }

    private func expect(
        _ headers: [String: String], _ status: Int, _ words: String, caller: String? = "alice", step: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let line = try await line(of: headers)
        #expect(line.status == status, sourceLocation: sourceLocation)
        #expect(!line.success, sourceLocation: sourceLocation)
        #expect(line.error?.contains(words) == true, "\(line)", sourceLocation: sourceLocation)
        #expect(line.client == "127.0.0.1", sourceLocation: sourceLocation)
        #expect(line.caller == caller, sourceLocation: sourceLocation)
        #expect(line.level == (status >= 500 ? "error" : "warning"), sourceLocation: sourceLocation)
        #expect(line.step != nil && (step == nil || line.step == step), "\(line)", sourceLocation: sourceLocation)
        let times = [line.e2bMs, line.imageMs, line.queueMs]
        #expect(!times.contains(nil), "\(line)", sourceLocation: sourceLocation)
        let stack = try #require(SharedStack.current)
        let (log, apiKey) = (stack.responder.log, try #require(stack.environment["E2B_API_KEY"]))
        for secret in [Self.mark, token, key, apiKey] {
            #expect(!log.contains(secret), "\(line)", sourceLocation: sourceLocation)
        }
    }

    @Test func `what was done has no reason`() async throws {
        for path in ["/health", "/openapi.json"] {
            let line = try await line(of: try SharedStack.client.get(path).headers)
            #expect(line.success && line.error == nil && line.client == "127.0.0.1" && line.caller == nil)
            #expect(line.level == "info" && line.step == nil)
            // nginx's.
            #expect(line.id.count == 32 && line.id.allSatisfy(\.isHexDigit))
        }
        let line = try await line(of: try client().execute("print('\(Self.mark)')").headers)
        #expect(line.success && line.error == nil && line.client == "127.0.0.1" && line.caller == "alice")
        #expect((line.e2bMs ?? 0) > 0 && line.queueMs != nil)
    }

    // nginx hands on the paths that there are.
    @Test(arguments: [("GET", "/execute"), ("PUT", "/e2bcode"), ("POST", "/health")])
    func `another method has its reason`(method: String, path: String) async throws {
        let reply = try await client().send(method, path)
        #expect(reply.status == 405)
        try await expect(reply.headers, 405, "\(path) answers", caller: nil, step: "route")
    }

    @Test(arguments: ["/execute", "/e2bcode"]) func `a body too large has its reason`(path: String) async throws {
        let body = Data(String(repeating: Self.mark, count: path == "/execute" ? 1000 : 10_000).utf8)
        let reply = try await client().send("POST", path, body: body)
        #expect(reply.status == 413)
        try await expect(reply.headers, 413, "the limit is", step: "body")
    }

    @Test(arguments: ["/execute", "/e2bcode"]) func `a stranger's request has its reason`(path: String) async throws {
        let body = Data(#"{"code":"\#(Self.mark)","action":"\#(Self.mark)"}"#.utf8)
        for header in [[:], ["Authorization": "Bearer \(key)x"], ["X-API-Key": Self.mark]] {
            var client = try SharedStack.client
            client.headers = header
            let reply = try await client.send("POST", path, body: body)
            try await expect(reply.headers, 401, "key", caller: nil, step: "access")
        }
    }

    @Test(arguments: [
        ("/execute", "{\(mark)", 400, "JSON"), ("/execute", "{}", 400, "`code`"),
        ("/execute", #"{"code":"\#(mark)","language":"\#(mark)"}"#, 400, "`language`"),
        ("/execute", #"{"code":"1","envs":{"\#(mark) ":"1"}}"#, 400, "`envs`"),
        ("/execute", #"{"code":"1","envs":{"\#(mark)":{}}}"#, 400, "`envs`"),
        ("/e2bcode", "[\(mark)]", 400, "JSON object"),
        ("/e2bcode", #"{"action":"\#(mark)"}"#, 200, "no such action"),
        ("/e2bcode", #"{"action":"help","command_name":"\#(mark)"}"#, 200, "no such action"),
        ("/e2bcode", #"{"action":"execute","sessionId":"s"}"#, 200, "Code is required"),
        ("/e2bcode", #"{"action":"execute","sessionId":"s","code":["\#(mark)"]}"#, 200, "`code`"),
        ("/e2bcode", #"{"action":"execute","sessionId":"s","code":"\#(mark)"}"#, 200, "'create' action"),
        ("/e2bcode", #"{"action":"install","sessionId":"s","code":"-\#(mark)"}"#, 200, "package"),
    ])
    func `a request that is wrong has its reason`(path: String, body: String, status: Int, words: String) async throws {
        let reply = try await client().send("POST", path, body: Data(body.utf8))
        #expect(reply.status == status)
        try await expect(reply.headers, status, words)
    }

    @Test func `code that does not run to its end has its reason, and nothing of its own`() async throws {
        let client = try client()
        let cases: [(code: String, language: String, words: String)] = [
            ("raise type('\(Self.mark)', (Exception,), {})('\(Self.mark)')", "python", "ended with an exception"),
            ("print('\(Self.mark)'); import time; time.sleep(100)", "python", "time limit of 5 seconds"),
            ("echo \(Self.mark) >&2; exit 3", "bash", "ended with an exception"),
            ("import os; os._exit(1) # \(Self.mark)", "python", "process that ran the code died"),
        ]
        for (code, language, words) in cases {
            let reply = try await client.execute(code, ["language": language, "timeout": 5])
            #expect(reply.status == 200)
            try await expect(reply.headers, 200, words, step: "execute")
        }
    }

    @Test func `E2B's words are there, without hidden values`() async throws {
        let stack = try #require(SharedStack.current)
        for (rule, status, words) in [
            ("create:status=429,message=Too many%2C \(token)", 429, #"("Too many, [hidden:TOKEN]")"#),
            ("create:status=503,message=No room", 503, #"("No room")"#),
            ("create:status=400,message=A\nsecond", 502, #"("A second")"#),
            ("execute:status=500,message=It broke", 502, #"("It broke")"#),
        ] {
            try await stack.set(faults: rule)
            let reply = try await client().execute("print('\(Self.mark)')")
            try await stack.set(faults: "")
            #expect(reply.status == status)
            try await expect(reply.headers, status, words, step: String(rule.prefix { $0 != ":" }))
            let said = try await line(of: reply.headers).e2b
            #expect(said.map { words.contains("\"\($0)\"") } == true, "\(said ?? "nothing")")
        }
    }

    @Test func `what MCP refuses by its protocol has its reason`() async throws {
        let body = #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"no_such_tool","arguments":{}}}"#
        let reply = try await client().send("POST", "/mcp", body: Data(body.utf8))
        try await expect(reply.headers, reply.status, "no_such_tool", step: "body")
        let broken = try await client().send("POST", "/mcp", body: Data("{".utf8))
        try await expect(broken.headers, broken.status, "JSON", step: "body")
    }

    @Test func `an action that fails has its reason`() async throws {
        let stack = try #require(SharedStack.current)
        try await client().withSession { session in
            let cases: [(action: String, parameters: [String: JSONTree], words: String)] = [
                ("shell", ["command": .text("echo \(Self.mark); exit 3")], "ended with exit code 3"),
                ("command_run", ["cmd": .text("echo \(Self.mark); kill -9 $$")], "ended by a signal"),
                ("shell", ["command": .text("echo \(Self.mark); sleep 9"), "timeoutMs": 500], "time limit"),
                ("execute", ["code": .text("print('\(Self.mark)'); 1/0")], "ended with an exception"),
                ("execute", ["code": .text("\(Self.mark)"), "language": "bash"], "ended with an exception"),
                ("read_file", ["filePath": "/tmp/nothing"], "no file /tmp/nothing"),
                ("write_file", ["filePath": "/proc/x", "fileContent": .text(Self.mark)], "cannot be written"),
                ("kill_command", ["commandId": "99999"], "not running"),
                ("install", ["packages": ["no-such-package-of-ours"]], "ended with exit code"),
                (
                    "start_server", ["cmd": .text("echo \(Self.mark)"), "port": 4000, "logFile": "/tmp/log"],
                    "ended before its port"
                ),
            ]
            for (action, parameters, words) in cases {
                let answer = try await session(action, parameters)
                #expect(answer.status == 200, "\(answer)")
                try await expect(answer.headers, 200, words)
            }
            for (action, parameters, rule) in [
                ("execute", ["code": "1"], "execute:status=500"),
                ("shell", ["command": "true"], "process-start:status=500"),
                ("read_file", ["filePath": "/etc/passwd"], "file-read:status=500"),
            ] as [(String, [String: JSONTree], String)] {
                try await stack.set(faults: "\(rule),message=It broke %3B \(token)")
                let answer = try await session(action, parameters)
                try await stack.set(faults: "")
                try await expect(answer.headers, 200, "It broke ; [hidden:TOKEN]")
            }
            let request: JSONTree = .object([
                "action": "execute", "sessionId": .text(session.id), "code": .text("1/0 # \(Self.mark)"),
                "format": "content",
            ])
            let reply = try await client().send("POST", "/e2bcode", body: request.encoded())
            try await expect(reply.headers, 200, "ended with an exception")
            let line = try await line(of: try await session("shell", ["command": "true"]).headers)
            #expect(line.success && line.error == nil)
        }
    }
}

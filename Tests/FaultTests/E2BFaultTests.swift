import Foundation
import TestSupport
import Testing

/// E2B fails, at each step and in each way; the responder answers in words, with the right status, and no sandbox is left.
@Suite(
    .sharedStack(environment: ["E2B_FCGI_E2B_TIMEOUT": "8"], faults: true), .serialized, .timeLimit(.minutes(10)))
struct E2BFaultTests {
    struct Fault: CustomTestStringConvertible, Sendable {
        let rule: String
        let status: Int
        /// What the text must say.
        let words: [String]
        var retryAfter: String?
        var testDescription: String { rule }
    }

    @Test(arguments: [
        Fault(rule: "create:status=401,message=Invalid API key format", status: 502, words: ["Invalid API key format"]),
        Fault(rule: "create:status=403,message=team is blocked", status: 502, words: ["team is blocked"]),
        Fault(
            rule: "create:status=404,message=template 'nope' not found", status: 502,
            words: ["template 'nope' not found"]),
        Fault(
            rule: "create:status=429,retry-after=7,message=Rate limit exceeded", status: 429,
            words: ["Rate limit exceeded"], retryAfter: "7"),
        Fault(
            rule: "create:status=429,message=you have reached the maximum number of concurrent E2B sandboxes (20)",
            status: 429, words: ["maximum number of concurrent E2B sandboxes"], retryAfter: "10"),
        Fault(rule: "create:status=500,message=internal trouble", status: 502, words: ["internal trouble"]),
        Fault(
            rule: "create:status=503,message=Failed to place sandbox", status: 503, words: ["Failed to place sandbox"],
            retryAfter: "10"),
        Fault(
            rule: "create:status=504,message=placement timed out", status: 503, words: ["placement timed out"],
            retryAfter: "10"),
        Fault(rule: "create:status=200,body=this is not JSON", status: 502, words: ["creating the sandbox"]),
        Fault(rule: "create:status=201,body={\"sandboxID\":7}", status: 502, words: ["creating the sandbox"]),
        Fault(rule: "create:hang", status: 504, words: ["did not answer"]),
        Fault(rule: "create:reset", status: 502, words: []),
        Fault(rule: "execute:status=404,body=Context x not found", status: 502, words: ["Context x not found"]),
        Fault(
            rule: "execute:status=500,body=Failed to create context: {}", status: 502,
            words: ["Failed to create context"]),
        Fault(
            rule: #"execute:status=502,body={"message":"The sandbox was not found"}"#,
            status: 502, words: ["sandbox"]),
        Fault(
            rule:
                #"execute:status=502,body={"message":"The sandbox is running but port is not open"}"#,
            status: 502, words: ["port is not open"]),
        Fault(rule: "execute:reset", status: 502, words: []),
        Fault(rule: "execute:cut=0", status: 502, words: ["ended early"]),
        Fault(rule: "execute:cut=30", status: 502, words: ["ended early"]),
        Fault(rule: "execute:cut=110", status: 502, words: ["ended early"]),
        Fault(rule: "execute:garbage", status: 502, words: []),
    ])
    func `a fault is answered in words, with its status`(fault: Fault) async throws {
        let stack = try #require(SharedStack.current)
        try await stack.set(faults: fault.rule)
        let reply = try await stack.client.execute("print('hello')")
        try await stack.set(faults: "")
        #expect(reply.status == fault.status)
        let text = try ToolAnswer(reply).text
        for word in fault.words { #expect(text.contains(word), "\(text)") }
        if let retryAfter = fault.retryAfter { #expect(reply.headers["retry-after"] == retryAfter) }
        #expect(!text.contains(stack.environment["E2B_API_KEY"] ?? "?"))
        try await stack.waitForSandboxes("no sandbox left") { $0.running == 0 }
        // The responder lives and answers.
        let next = try ToolAnswer(await stack.client.execute("print('hello')")).text
        #expect(next.hasPrefix("**Console Output:**\n```\nhello\n"), "\(next)")
    }

    @Test func `what was printed before the stream was cut is in the answer`() async throws {
        let stack = try #require(SharedStack.current)
        try await stack.set(faults: "execute:cut=400")
        let reply = try await stack.client.execute(
            "import time\nprint('first', flush=True)\ntime.sleep(0.3)\nprint('x' * 500)")
        try await stack.set(faults: "")
        #expect(reply.status == 502)
        let text = try ToolAnswer(reply).text
        #expect(text.hasPrefix("**Console Output:**\n```\nfirst\n"))
        #expect(text.contains("**Execution Error:**"))
        #expect(text.contains("**Executed Code:**"))
    }

    @Test func `silence while the code should run ends with its time limit`() async throws {
        let stack = try #require(SharedStack.current)
        try await stack.set(faults: "execute:hang")
        let reply = try await stack.client.execute("print('hello')", ["timeout": 2])
        try await stack.set(faults: "")
        #expect(reply.status == 504)
        _ = try ToolAnswer(reply)
        try await stack.waitForSandboxes("no sandbox left") { $0.running == 0 }
    }

    @Test(arguments: [
        "kill:status=500,times=2", "kill:status=429,retry-after=1,times=1", "kill:reset,times=1", "kill:hang,times=1",
    ])
    func `a kill that fails is tried again, and the answer does not wait for it`(rule: String) async throws {
        let stack = try #require(SharedStack.current)
        try await stack.set(faults: rule)
        #expect(try await stack.client.execute("print('hello')").status == 200)
        try await stack.waitForSandboxes("no sandbox left") { $0.running == 0 }
        try await stack.set(faults: "")
    }

    @Test func `a caller who hangs up while the sandbox is made leaves none`() async throws {
        let stack = try #require(SharedStack.current)
        let before = try await stack.sandboxes()
        try await stack.set(faults: "create:delay=1000")
        let request = try await stack.client.start("POST", "/execute", body: HTTPClient.body("print(1)"))
        try await stack.waitForSandboxes("the request for one") { $0.faults > before.faults }
        request.signal(SIGKILL)
        await request.ended()
        try await stack.waitForSandboxes("it made and killed") { $0.created == before.created + 1 && $0.running == 0 }
        try await stack.set(faults: "")
    }

    @Test func `a sandbox whose creation went unanswered is found and killed`() async throws {
        let stack = try #require(SharedStack.current)
        let before = try await stack.sandboxes().created
        // Longer than the responder waits.
        try await stack.set(faults: "create:delay=9000,times=1")
        #expect(try await stack.client.execute("print(1)").status == 504)
        try await stack.set(faults: "")
        try await stack.waitForSandboxes("it made and killed") { $0.created == before + 1 && $0.running == 0 }
    }
}

/// E2B cannot be reached at all.
@Suite(.timeLimit(.minutes(10)))
struct UnreachableTests {
    @Test func `a refused connection`() async throws {
        let url = "http://127.0.0.1:\(try freePort())"
        try await Stack.with(environment: ["E2B_API_URL": url]) { stack in
            let reply = try await stack.client.execute("print(1)")
            #expect(reply.status == 502)
            #expect(try ToolAnswer(reply).text.contains("127.0.0.1"))
        }
    }

    @Test func `a server that does not speak TLS`() async throws {
        try await Stack.with { plain in
            let url = plain.localURL.replacing("http:", with: "https:")
            try await Stack.with(environment: ["E2B_API_URL": url]) { stack in
                let reply = try await stack.client.execute("print(1)")
                #expect(reply.status == 502)
                #expect(try ToolAnswer(reply).text.contains("secure connection"))
            }
        }
    }

    @Test func `no key for E2B`() async throws {
        try await Stack.with(environment: ["E2B_API_KEY": ""]) { stack in
            let reply = try await stack.client.execute("print(1)")
            #expect(reply.status == 502)
            #expect(try ToolAnswer(reply).text.contains("E2B_API_KEY"))
            #expect(try await stack.client.get("/health").text.contains(#""apiKeyConfigured":false"#))
        }
    }
}

import Foundation
import Glibc
import TestSupport
import Testing

/// Starting, stopping, hanging up: no sandbox outlives its reason.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct LifetimeTests {
    private let sleeping = "import time\nprint('started', flush=True)\ntime.sleep(120)"

    @Test func `a sandbox is gone when its answer has been read`() async throws {
        try await Stack.with { stack in
            #expect(try await stack.client.execute("print(1)").status == 200)
            try await stack.waitForSandboxes("one sandbox, killed") { $0.created == 1 && $0.killed == 1 }
        }
    }

    @Test func `a hang-up kills the sandbox`() async throws {
        try await Stack.with { stack in
            let request = try await stack.client.start("POST", "/execute", body: HTTPClient.body(sleeping))
            try await stack.waitForSandboxes("a sandbox") { $0.created == 1 }
            request.signal(SIGKILL)
            await request.ended()
            try await stack.waitForSandboxes("its death") { $0.killed == 1 }
            // The thread is free again.
            #expect(try await stack.client.execute("print(1)").status == 200)
        }
    }

    @Test func `past the limit an execution is refused at once, and health is not`() async throws {
        try await Stack.with(environment: ["E2B_FCGI_EXECUTIONS": "2", "E2B_FCGI_QUEUE": "0"]) { stack in
            var requests: [ChildProcess] = []
            for count in 1...2 {
                requests.append(try await stack.client.start("POST", "/execute", body: HTTPClient.body(sleeping)))
                try await stack.waitForSandboxes("sandbox \(count)") { $0.created == count }
            }
            let reply = try await stack.client.execute("print(1)")
            #expect(reply.status == 429)
            #expect(reply.headers["retry-after"] != nil)
            _ = try ToolAnswer(reply)
            #expect(try await stack.client.get("/health").status == 200)
            for request in requests { await request.stop() }
            try await stack.waitForSandboxes("their death") { $0.killed == 2 }
        }
    }

    @Test func `SIGTERM lets an execution finish and takes no new one`() async throws {
        try await Stack.with { stack in
            let code = "import time\ntime.sleep(3)\nprint('finished')"
            let request = try await stack.client.start("POST", "/execute", body: HTTPClient.body(code))
            try await stack.waitForSandboxes("a sandbox") { $0.created == 1 }
            stack.responder.signal(SIGTERM)
            await request.ended()
            #expect(try ToolAnswer(HTTPReply(parsing: request.output)).text.contains("finished"))
            #expect(await stack.responder.ended() == .status(0))
            try await stack.waitForSandboxes("its death") { $0.killed == 1 }
            let refused = try await stack.client.execute("print(1)")
            #expect(refused.status == 502)
            _ = try ToolAnswer(refused)
        }
    }

    @Test func `SIGTERM ends what outlasts the grace`() async throws {
        try await Stack.with(environment: ["E2B_FCGI_GRACE": "1"]) { stack in
            let request = try await stack.client.start("POST", "/execute", body: HTTPClient.body(sleeping))
            try await stack.waitForSandboxes("a sandbox") { $0.created == 1 }
            stack.responder.signal(SIGTERM)
            #expect(await stack.responder.ended() == .status(0))
            await request.ended()
            let counts = try await stack.sandboxes()
            #expect(counts.killed == counts.created)
        }
    }
}

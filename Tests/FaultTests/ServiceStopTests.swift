import Foundation
import TestSupport
import Testing

/// E2B, or the responder itself, goes while actions are under way.
@Suite(.timeLimit(.minutes(10)))
struct ServiceStopTests {
    // MARK: - E2B goes away

    @Test func `E2B that dies under its actions is told, and that it cannot be reached`() async throws {
        try await Stack.with(environment: ["E2B_FCGI_E2B_TIMEOUT": "5"]) { stack in
            #expect(try await stack.client.ask("create").isSuccess)
            let requests = try await stack.beginBoth()
            stack.local.signal(SIGKILL)
            await stack.local.ended()
            for request in requests { try await request.told().expectFailure() }
            for (action, parameters) in [
                ("shell", ["command": "true"]), ("read_file", ["filePath": "/x"]), ("execute", ["code": "1"]),
                ("write_file", ["filePath": "/x", "fileContent": ""]), ("list_sandboxes", [:]), ("kill", [:]),
                ("create", ["sessionId": "other"]), ("set_timeout", ["timeout": 5]),
            ] as [(String, [String: any Sendable])] {
                try await stack.client.ask(action, parameters).expectFailure("cannot be reached")
            }
            // What needs no E2B.
            #expect(try await stack.client.ask("help").isSuccess)
            #expect(try await stack.client.ask("get_host", ["port": 80]).isSuccess)
        }
    }

    @Test func `a sandbox that cannot be reached is not left behind`() async throws {
        try await Stack.with(environment: ["E2B_SANDBOX_URL": "http://127.0.0.1:\(try freePort())"]) { stack in
            try await stack.client.ask("create").expectFailure("cannot be reached")
            try await stack.waitForSandboxes("one, killed") { $0.created == 1 && $0.running == 0 }
        }
    }

    @Test func `without a key for E2B the model is told what is missing`() async throws {
        try await Stack.with(environment: ["E2B_API_KEY": ""]) { stack in
            try await stack.client.ask("create").expectFailure("E2B_API_KEY is not set")
            try await stack.client.ask("shell").expectFailure("`command` is required")
        }
    }

    // MARK: - The responder stops

    @Test func `SIGTERM lets actions finish, and the sandbox lives on`() async throws {
        try await Stack.with { stack in
            #expect(try await stack.client.ask("create").isSuccess)
            let shell = try await stack.client.begin("shell", ["command": "touch /tmp/first; sleep 2; echo done"])
            let code = try await stack.client.begin(
                "execute", ["code": "open('/tmp/second', 'w'); import time; time.sleep(2); print('done')"])
            try await stack.waitForFile("/tmp/first")
            try await stack.waitForFile("/tmp/second")
            stack.responder.signal(SIGTERM)
            #expect(try await shell.told().output == "done\n")
            #expect(try await code.told().stdout == "done\n")
            #expect(await stack.responder.ended() == .status(0))
            #expect(try await stack.sandboxes().running == 1)
        }
    }

    @Test func `SIGTERM tells those whom it cuts short to come again, and the sandbox lives on`() async throws {
        try await Stack.with(environment: ["E2B_FCGI_GRACE": "4"]) { stack in
            #expect(try await stack.client.ask("create").isSuccess)
            let requests = try await stack.beginBoth()
            let queued = try await stack.client.begin("execute", ["code": "1"])
            // What has not arrived by then is not answered.
            try await stack.responder.wait(for: "the last request") {
                try await stack.client.get("/health").text.contains(#""executions":3"#)
            }
            stack.responder.signal(SIGTERM)
            for request in requests + [queued] {
                try await request.told().expectFailure("shutting down", status: 503, retryAfter: "5")
            }
            #expect(await stack.responder.ended() == .status(0))
            #expect(try await stack.sandboxes().running == 1)
        }
    }
}

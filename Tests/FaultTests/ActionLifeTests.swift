import Foundation
import TestSupport
import Testing

/// Sandboxes that end, callers that leave, services that stop, while actions are under way.
@Suite(.timeLimit(.minutes(2)))
struct ActionLifeTests {
    // MARK: - Ends of sandboxes

    @Test func `a sandbox whose time ran out, or that was killed, is told as such`() async throws {
        try await Stack.with { stack in
            let client = stack.client
            var ids: [String: String] = [:]
            for (session, timeout) in [("short", 0.1), ("shortened", 60), ("killed", 60)] {
                let created = try await client.ask("create", ["sessionId": session, "timeout": timeout])
                ids[session] = created["sandboxId"] as? String
                #expect(created.isSuccess, "\(created.text)")
            }
            #expect(try await client.ask("set_timeout", ["sessionId": "shortened", "timeout": 0.1]).isSuccess)

            var api = HTTPClient(base: stack.localURL, folder: stack.folder)
            api.headers["X-API-Key"] = stack.environment["E2B_API_KEY"]
            #expect(try await api.send("DELETE", "/sandboxes/\(#require(ids["killed"]))").status == 204)
            try await client.ask("shell", ["sessionId": "killed", "command": "true"])
                .expectFailure("sessionId killed has ended", "it was killed, or ran out of memory", "'create' action")

            try await stack.waitForSandboxes("their ends") { $0.running == 0 }
            for (session, action) in [("short", "shell"), ("shortened", "command_list")] {
                // Always, not only the first time.
                for _ in 0..<2 {
                    let told = try await client.ask(action, ["sessionId": session, "command": "true"])
                    told.expectFailure("sessionId \(session) has ended", "its time ran out at ", "'create' action")
                    #expect(told.error.contains(/at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/))
                }
            }
            try await client.ask("shell", ["sessionId": "stranger", "command": "true"])
                .expectFailure("No sandbox found for sessionId stranger.")
            let again = try await client.ask("create", ["sessionId": "short"])
            #expect(again.isSuccess && again["sandboxId"] as? String != ids["short"], "\(again.text)")
            #expect(try await client.ask("shell", ["sessionId": "short", "command": "echo new"]).output == "new\n")
        }
    }

    @Test func `a sandbox that is killed under its actions ends them in words`() async throws {
        try await Stack.with { stack in
            #expect(try await stack.client.ask("create").isSuccess)
            let requests = try await beginBoth(stack)
            #expect(try await stack.client.ask("kill").isSuccess)
            for request in requests {
                let told = try await request.told()
                told.expectFailure()
                #expect(told.text.contains("first"), "\(told.text)")
            }
            try await stack.client.ask("shell", ["command": "true"]).expectFailure("create")
        }
    }

    // MARK: - E2B goes away

    @Test func `E2B that dies under its actions is told, and that it cannot be reached`() async throws {
        try await Stack.with(environment: ["E2B_FCGI_E2B_TIMEOUT": "5"]) { stack in
            #expect(try await stack.client.ask("create").isSuccess)
            let requests = try await beginBoth(stack)
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

    // MARK: - Callers who leave

    @Test func `a caller who leaves while the sandbox is made leaves none`() async throws {
        try await Stack.with(faults: true) { stack in
            try await stack.set(faults: "create:delay=1000")
            let request = try await stack.client.begin("create")
            try await Task.sleep(for: .milliseconds(300))
            request.signal(SIGKILL)
            try await stack.waitForSandboxes("it made and killed") { $0.created == 1 && $0.running == 0 }
            // Later: when it is made, and looked into.
            try await stack.set(faults: "process-start:delay=1000")
            let second = try await stack.client.begin("create")
            try await stack.waitForSandboxes("another") { $0.created == 2 }
            second.signal(SIGKILL)
            try await stack.waitForSandboxes("its end") { $0.running == 0 }
            try await stack.set(faults: "")
            #expect(try await stack.client.ask("list_sandboxes")["message"] as? String == "No active sandboxes found")
        }
    }

    @Test func `a caller who leaves ends the command and interrupts the code`() async throws {
        try await Stack.with { stack in
            #expect(try await stack.client.ask("create").isSuccess)
            let requests = try await beginBoth(stack)
            for request in requests { request.signal(SIGKILL) }
            try await stack.local.wait(for: "the command's end") {
                (try await stack.client.ask("command_list")["processes"] as? [Any])?.isEmpty == true
            }
            // The kernel is free, and has kept what it knew.
            let told = try await stack.client.ask("execute", ["code": "print(known)"])
            #expect(told.stdout == "before\n", "\(told.text)")
            #expect(try await stack.sandboxes().running == 1)
        }
    }

    @Test func `who leaves the queue of a kernel keeps nobody waiting`() async throws {
        try await Stack.with { stack in
            #expect(try await stack.client.ask("create").isSuccess)
            let first = try await stack.client.begin(
                "execute", ["code": "open('/tmp/first', 'w'); import time; time.sleep(2); print('one')"])
            try await waitForFile("/tmp/first", stack)
            let queued = try await stack.client.begin("execute", ["code": "open('/tmp/second', 'w'); print('two')"])
            let last = try await stack.client.begin("execute", ["code": "print('three')"])
            queued.signal(SIGKILL)
            #expect(try await first.told().stdout == "one\n")
            #expect(try await last.told().stdout == "three\n")
        }
    }

    // MARK: - The responder stops

    @Test func `SIGTERM lets actions finish, and the sandbox lives on`() async throws {
        try await Stack.with { stack in
            #expect(try await stack.client.ask("create").isSuccess)
            let shell = try await stack.client.begin("shell", ["command": "touch /tmp/first; sleep 2; echo done"])
            let code = try await stack.client.begin(
                "execute", ["code": "open('/tmp/second', 'w'); import time; time.sleep(2); print('done')"])
            try await waitForFile("/tmp/first", stack)
            try await waitForFile("/tmp/second", stack)
            stack.responder.signal(SIGTERM)
            #expect(try await shell.told().output == "done\n")
            #expect(try await code.told().stdout == "done\n")
            #expect(await stack.responder.ended() == .status(0))
            #expect(try await stack.sandboxes().running == 1)
        }
    }

    @Test func `SIGTERM tells those whom it cuts short to come again, and the sandbox lives on`() async throws {
        try await Stack.with(environment: ["E2B_FCGI_GRACE": "1"]) { stack in
            #expect(try await stack.client.ask("create").isSuccess)
            let requests = try await beginBoth(stack)
            let queued = try await stack.client.begin("execute", ["code": "1"])
            stack.responder.signal(SIGTERM)
            for request in requests + [queued] {
                try await request.told().expectFailure("shutting down", status: 503, retryAfter: "5")
            }
            #expect(await stack.responder.ended() == .status(0))
            #expect(try await stack.sandboxes().running == 1)
        }
    }

    // MARK: -

    /// A command and an execution that are under way for a minute, and have printed `first`.
    private func beginBoth(_ stack: Stack) async throws -> [ChildProcess] {
        let shell = try await stack.client.begin("shell", ["command": "echo first; touch /tmp/shell; sleep 60"])
        let code = """
            import time
            known = 'before'
            print('first', flush=True)
            open('/tmp/code', 'w').close()
            time.sleep(60)
            """
        let execution = try await stack.client.begin("execute", ["code": code])
        try await waitForFile("/tmp/shell", stack)
        try await waitForFile("/tmp/code", stack)
        // What was printed before is on its way.
        try await Task.sleep(for: .milliseconds(300))
        return [shell, execution]
    }

    private func waitForFile(_ path: String, _ stack: Stack) async throws {
        try await stack.local.wait(for: path) {
            try await stack.client.ask("read_file", ["filePath": path]).isSuccess
        }
    }
}

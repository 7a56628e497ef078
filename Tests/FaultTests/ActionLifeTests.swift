import Foundation
import TestSupport
import Testing

/// Sandboxes that end, and callers that leave, while actions are under way.
@Suite(.sharedStack(faults: true), .serialized, .timeLimit(.minutes(10)))
struct ActionLifeTests {
    // MARK: - Ends of sandboxes

    @Test func `a sandbox whose time ran out, or that was killed, is told as such`() async throws {
        let stack = try #require(SharedStack.current)
        let client = stack.client
        _ = try await client.ask("kill")
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
        #expect(try await client.ask("kill", ["sessionId": "short"]).isSuccess)
    }

    @Test func `a sandbox that is killed under its actions ends them in words`() async throws {
        let stack = try #require(SharedStack.current)
        try await stack.renewSession()
        let requests = try await stack.beginBoth()
        #expect(try await stack.client.ask("kill").isSuccess)
        for request in requests {
            let told = try await request.told()
            told.expectFailure()
            #expect(told.text.contains("first"), "\(told.text)")
        }
        try await stack.client.ask("shell", ["command": "true"]).expectFailure("create")
    }

    // MARK: - Callers who leave

    @Test func `a caller who leaves while the sandbox is made leaves none`() async throws {
        let stack = try #require(SharedStack.current)
        _ = try await stack.client.ask("kill")
        let before = try await stack.sandboxes()
        try await stack.set(faults: "create:delay=1000")
        let request = try await stack.client.begin("create")
        try await stack.waitForSandboxes("the request for one") { $0.faults > before.faults }
        request.signal(SIGKILL)
        try await stack.waitForSandboxes("it made and killed") { $0.created == before.created + 1 && $0.running == 0 }
        // Later: when it is made, and looked into.
        try await stack.set(faults: "process-start:delay=1000")
        let second = try await stack.client.begin("create")
        try await stack.waitForSandboxes("another") { $0.created == before.created + 2 }
        second.signal(SIGKILL)
        try await stack.waitForSandboxes("its end") { $0.running == 0 }
        try await stack.set(faults: "")
        #expect(try await stack.client.ask("list_sandboxes")["message"] as? String == "No active sandboxes found")
    }

    @Test func `a caller who leaves ends the command and interrupts the code`() async throws {
        let stack = try #require(SharedStack.current)
        try await stack.renewSession()
        let requests = try await stack.beginBoth()
        for request in requests { request.signal(SIGKILL) }
        try await stack.waitForNoCommands()
        // The kernel is free, and has kept what it knew.
        let told = try await stack.client.ask("execute", ["code": "print(known)"])
        #expect(told.stdout == "before\n", "\(told.text)")
        #expect(try await stack.sandboxes().running == 1)
    }

    @Test func `who leaves the queue of a kernel keeps nobody waiting`() async throws {
        let stack = try #require(SharedStack.current)
        try await stack.renewSession()
        let first = try await stack.client.begin(
            "execute", ["code": "open('/tmp/first', 'w'); import time; time.sleep(2); print('one')"])
        try await stack.waitForFile("/tmp/first")
        let queued = try await stack.client.begin("execute", ["code": "open('/tmp/second', 'w'); print('two')"])
        let last = try await stack.client.begin("execute", ["code": "print('three')"])
        queued.signal(SIGKILL)
        #expect(try await first.told().stdout == "one\n")
        #expect(try await last.told().stdout == "three\n")
    }
}

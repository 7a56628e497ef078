import TestSupport
import Testing

private let aliceKey = "correct-horse-battery-staple-alice"
private let bobKey = "correct-horse-battery-staple-bob-1"

/// Whoever holds a key has sessions of their own: nobody else sees, uses or ends them.
@Suite(
    .sharedStack(environment: ["E2B_FCGI_KEYS": "alice:\(aliceKey),bob:\(bobKey)"]), .serialized,
    .timeLimit(.minutes(10)))
struct OwnerTests {
    private func client(_ key: String) throws -> HTTPClient {
        var client = try SharedStack.client
        client.headers["Authorization"] = "Bearer \(key)"
        return client
    }

    @Test func `one sessionId of two owners is two sandboxes`() async throws {
        let (alice, bob) = (try client(aliceKey).session("shared name"), try client(bobKey).session("shared name"))
        let first = try await alice("create")["sandboxId"]
        let second = try await bob("create")["sandboxId"]
        #expect(first.string != nil && second.string != nil && first != second)
        _ = try await alice.python("secret = 'of alice'")
        #expect(try await bob.python("print('secret' in globals())") == "False\n")
        _ = try await alice("write_file", ["filePath": "note", "fileContent": "of alice"])
        #expect(try await bob("read_file", ["filePath": "note"]).error == "There is no file note in the sandbox.")
        // Each list has its own alone.
        for (session, sandbox) in [(alice, first), (bob, second)] {
            let list = try await session("list_sandboxes")["sandboxes"].list ?? []
            #expect(list.map { $0["sandboxId"] } == [sandbox])
        }
        // Each kill ends its own alone.
        #expect(try await bob("kill").isSuccess)
        #expect(try await alice.python("print(secret)") == "of alice\n")
        #expect(try await alice("kill").isSuccess)
    }

    @Test func `a session of another owner is a stranger to every action`() async throws {
        try await client(aliceKey).withSession { session in
            let stranger = try client(bobKey).session(session.id)
            let requests: [(String, [String: JSONTree])] = [
                ("set_timeout", ["timeout": 5]), ("execute", ["code": "1"]), ("shell", ["command": "true"]),
                ("shell", ["command": "true", "background": true]), ("kill_command", ["commandId": "1"]),
                ("write_file", ["filePath": "a", "fileContent": "a"]), ("read_file", ["filePath": "/etc/passwd"]),
                ("install", ["code": "requests"]), ("get_file_downloadurl", ["filePath": "/etc/passwd"]),
                ("get_host", ["port": 80]), ("command_run", ["cmd": "true"]),
                ("start_server", ["cmd": "true", "port": 80, "logFile": "log"]), ("command_list", [:]),
                ("command_kill", ["pid": 1]), ("processinfo", ["pid": 1]), ("system_install", ["packages": ["jq"]]),
            ]
            for (action, parameters) in requests {
                #expect(
                    try await stranger(action, parameters).json
                        == .failure(
                            "No sandbox found for sessionId \(session.id). Please create one using the 'create' action.",
                            session: session.id), "\(action)")
            }
            #expect(try await stranger("list_sandboxes")["sandboxes"] == [])
        }
    }

    @Test func `a sandbox of another owner is not killed by its id`() async throws {
        try await client(aliceKey).withSession { session in
            let id = try #require(try await session("list_sandboxes")["sandboxes"][0]["sandboxId"].string)
            #expect(
                try await client(bobKey).act("kill", ["sandboxId": .text(id)]).json
                    == [
                        "sessionId": "", "success": true,
                        "message": .text("No sandbox \(id) is running: there is nothing to kill."),
                    ])
            #expect(try await session.python("print('alive')") == "alive\n")
            #expect(
                try await client(aliceKey).act("kill", ["sandboxId": .text(id)]).json
                    == [
                        "sessionId": .text(session.id), "success": true,
                        "message": .text("Sandbox with sessionId \(session.id) and sandboxId \(id) has been killed."),
                    ])
        }
    }

    @Test func `without a valid key nothing is done, and the answer is an action's`() async throws {
        let stack = try #require(SharedStack.current)
        let before = try await stack.sandboxes()
        for headers in [[:], ["Authorization": "Bearer \(aliceKey)x"], ["X-Forwarded-User": "alice"]] {
            var client = try SharedStack.client
            client.headers = headers
            let answer = try await client.act("create", ["sessionId": "nobody's"])
            #expect(answer.status == 401 && !answer.isSuccess && !answer.error.isEmpty)
            #expect(answer.headers["www-authenticate"]?.hasPrefix("Bearer") == true)
        }
        #expect(try await stack.sandboxes() == before)
    }
}

import Foundation
import TestSupport
import Testing

/// What is not an execution: the other paths, and everything that is refused before code runs.
@Suite(.sharedStack, .timeLimit(.minutes(10)))
struct RefusalTests {
    @Test func `health says that it is well`() async throws {
        let reply = try await SharedStack.client.get("/health")
        #expect(reply.status == 200)
        let object = try #require(try JSONSerialization.jsonObject(with: reply.body) as? [String: Any])
        #expect(object["status"] as? String == "healthy")
        #expect(object["service"] as? String == "e2b-code-interpreter")
        #expect(object["apiKeyConfigured"] as? Bool == true)
    }

    @Test func `the OpenAPI document names the address it was asked at`() async throws {
        let client = try SharedStack.client
        let reply = try await client.get("/openapi.json")
        #expect(reply.status == 200)
        let object = try #require(try JSONSerialization.jsonObject(with: reply.body) as? [String: Any])
        let servers = try #require(object["servers"] as? [[String: Any]])
        #expect(servers.first?["url"] as? String == client.base)
        let paths = try #require(object["paths"] as? [String: Any])
        #expect(paths["/execute"] != nil)
    }

    @Test func `another path is not found`() async throws {
        let reply = try await SharedStack.client.get("/nothing")
        #expect(reply.status == 404)
        #expect(try ToolAnswer(reply).images.isEmpty)
    }

    @Test func `another method is refused and the right one named`() async throws {
        let reply = try await SharedStack.client.get("/execute")
        #expect(reply.status == 405)
        #expect(reply.headers["allow"]?.contains("POST") == true)
        _ = try ToolAnswer(reply)
    }

    @Test(arguments: [
        ("{", "JSON"), ("[]", "object"), ("{}", "code"), (#"{"code":" "}"#, "code"), (#"{"code":7}"#, "code"),
        (#"{"code":"1","language":"cobol"}"#, "python"), (#"{"code":"1","timeout":"soon"}"#, "timeout"),
    ])
    func `a bad request is refused and the field named`(body: String, word: String) async throws {
        let reply = try await SharedStack.client.send("POST", "/execute", body: Data(body.utf8))
        #expect(reply.status == 400)
        #expect(try ToolAnswer(reply).text.contains(word))
    }

    // Past the responder's limit it refuses; past nginx's, nginx does. Both in words that LibreChat can show.
    @Test(arguments: [4_300_000, 9_000_000]) func `a body too large is refused`(size: Int) async throws {
        let code = "#" + String(repeating: "x", count: size)
        let reply = try await SharedStack.client.execute(code)
        #expect(reply.status == 413)
        #expect(try ToolAnswer(reply).text.contains("large"))
    }

    @Test func `a key is asked for when there are keys`() async throws {
        let secret = "correct-horse-battery-staple-0123456789"
        try await Stack.with(environment: ["E2B_FCGI_KEYS": "alice:\(secret)"]) { stack in
            var client = stack.client
            #expect(try await client.execute("print(1)").status == 401)
            client.headers["Authorization"] = "Bearer \(secret)x"
            #expect(try await client.execute("print(1)").status == 401)
            // A header a proxy might set must not pass for an identity.
            client.headers = ["Remote-User": "alice", "X-Forwarded-User": "alice"]
            #expect(try await client.execute("print(1)").status == 401)
            client.headers = ["Authorization": "Bearer \(secret)"]
            #expect(try await client.execute("print(1)").status == 200)
            client.headers = [:]
            let health = try await client.get("/health")
            #expect(health.status == 200)
            #expect(!stack.responder.log.contains(secret))
        }
    }
}

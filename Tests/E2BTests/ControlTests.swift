import Foundation
import TestSupport
import Testing

@testable import E2B

@Suite(.timeLimit(.minutes(10))) struct ControlTests {
    /// What E2B's Python SDK 2.45 and 2.63 send for the same three calls, apart from fields that say who they are.
    @Test func `create, execute and kill are what E2B's own client sends`() async throws {
        let e2b = LoopbackE2B { request, connection in
            switch request.line {
            case "POST /sandboxes HTTP/1.1": return connection.respond(testSandboxJSON, status: "201 Created")
            case "POST /execute HTTP/1.1":
                connection.beginStream()
                connection.write(chunk: startedLine + stdoutLine("hello\\n"))
                connection.write(chunk: endLine)
                return connection.write(chunk: "")
            default: return connection.write("HTTP/1.1 204 No Content\r\n\r\n")
            }
        }
        try await e2b.withClient { client in
            let sandbox = try await client.create(
                SandboxOptions(timeout: .seconds(120), metadata: ["conv": "a b&c"], envs: ["K": "V"]))
            #expect(sandbox == testSandbox)
            let events = try await client.events(of: ExecutionRequest(code: "print(\"hello\")\n42"), in: sandbox)
            #expect(events == [.started(count: 1), .stdout("hello\n")])
            let wasThere = try await client.kill(sandbox: sandbox.id)
            #expect(wasThere)
        }

        let requests = e2b.requests
        try #require(requests.count == 3)
        #expect(requests[0].line == "POST /sandboxes HTTP/1.1")
        #expect(requests[0].fields == ["x-api-key": testKey, "content-type": "application/json"])
        #expect(
            requests[0].json == [
                "templateID": "code-interpreter-v1", "timeout": 120, "secure": true, "metadata": ["conv": "a b&c"],
                "envVars": ["K": "V"],
            ])
        #expect(requests[1].line == "POST /execute HTTP/1.1")
        #expect(
            requests[1].fields == [
                "e2b-sandbox-id": "if2846bd046cb1639aa8", "e2b-sandbox-port": "49999", "x-access-token": testToken,
                "content-type": "application/json",
            ])
        #expect(requests[1].body == Array(#"{"code":"print(\"hello\")\n42"}"#.utf8))
        #expect(requests[2].line == "DELETE /sandboxes/if2846bd046cb1639aa8 HTTP/1.1")
        #expect(requests[2].fields == ["x-api-key": testKey])
        #expect(requests[2].body.isEmpty)
        // The kill may be sent before the end of the execution's response is there.
        #expect(e2b.connectionCount <= 2)
    }

    @Test func `a sandbox that is to be paused at its end is asked for as such`() async throws {
        let e2b = LoopbackE2B { _, connection in connection.respond(testSandboxJSON, status: "201 Created") }
        try await e2b.withClient { _ = try await $0.create(SandboxOptions(pausesAtEnd: true)) }
        #expect(
            e2b.requests.first?.json
                == ["templateID": "code-interpreter-v1", "timeout": 300, "secure": true, "autoPause": true])
    }

    @Test func `all that an execution may carry is sent`() async throws {
        let e2b = LoopbackE2B(stream: [endLine])
        var execution = ExecutionRequest(
            code: "x", language: "bash", contextID: "c1", envs: ["A": "1", "B": "\"\\\u{1}"])
        execution.timeout = .seconds(5)
        var sandbox = Sandbox(id: "a-b")
        sandbox.trafficAccessToken = "traffic"
        try await e2b.withClient { client in
            let events = try await client.events(of: execution, in: sandbox)
            #expect(events == [])
            let request = try #require(e2b.requests.first)
            #expect(
                request.json == [
                    "code": "x", "language": "bash", "context_id": "c1", "env_vars": ["A": "1", "B": "\"\\\u{1}"],
                ])
            #expect(request.fields["x-access-token"] == nil)
            #expect(request.fields["e2b-traffic-access-token"] == "traffic")
        }
    }

    @Test(arguments: [
        #"{"sandboxID":"abc","envdVersion":"1"}"#,
        #"{"sandboxID":"abc","envdVersion":"1","domain":"","envdAccessToken":"","trafficAccessToken":null,"new":[{}]}"#,
    ])
    func `a sandbox may lack what it need not have`(json: String) async throws {
        try await LoopbackE2B("201 Created", ["Content-Type: application/json; charset=utf-8"], json).withClient {
            client in
            let sandbox = try await client.create(.init())
            #expect(sandbox == Sandbox(id: "abc", envdVersion: "1"))
        }
    }

    @Test(arguments: [
        "", "{", "[]", "null", "{}", #"{"sandboxID":null}"#, #"{"sandboxID":"a/../b"}"#, #"{"sandboxID":"a\r\nX: y"}"#,
        #"{"sandboxID":"a","envdAccessToken":"x\r\nY: z"}"#, #"{"sandboxID":"a","domain":"evil/x?"}"#,
        #"{"sandboxID":"a","domain":"user@evil"}"#, "<html></html>",
    ])
    func `an answer that is no sandbox is broken`(json: String) async throws {
        try await LoopbackE2B("201 Created", [], json).withClient { client in
            await #expect(throws: E2BError.broken(.create, why: "the answer is not what the protocol says")) {
                try await client.create(.init())
            }
        }
    }

    @Test func `a sandbox that is gone was killed before`() async throws {
        try await LoopbackE2B("404 Not Found", [], #"{"code":404,"message":"gone"}"#).withClient { client in
            let wasThere = try await client.kill(sandbox: "abc")
            #expect(!wasThere)
        }
    }

    @Test(arguments: ["", "a/b", "../x", "A", "a b", "é", "a\r\nb", String(repeating: "a", count: 65)])
    func `what is not an id is never sent`(id: String) async throws {
        let e2b = LoopbackE2B("204 No Content")
        try await e2b.withClient { client in
            await #expect(throws: E2BError.refused(.kill, status: 400, message: "this is not a sandbox's id")) {
                try await client.kill(sandbox: id)
            }
            await #expect(throws: E2BError.self) { try await client.events(of: .init(code: "1"), in: Sandbox(id: id)) }
            #expect(e2b.requests.isEmpty)
        }
    }

    @Test(arguments: [("200 OK", true), ("201 Created", true), ("202 Accepted", false)])
    func `connecting succeeds with two statuses`(status: String, isSuccess: Bool) async throws {
        let e2b = LoopbackE2B(status, [], testSandboxJSON)
        try await e2b.withClient { client in
            let sandbox = try? await client.connect(sandbox: "abc", timeout: .milliseconds(1500))
            #expect((sandbox == testSandbox) == isSuccess)
            #expect(e2b.requests.first?.line == "POST /sandboxes/abc/connect HTTP/1.1")
            #expect(e2b.requests.first?.json == ["timeout": 2])
        }
    }

    @Test func `a timeout is whole seconds`() async throws {
        let e2b = LoopbackE2B { _, connection in connection.write("HTTP/1.1 204 No Content\r\n\r\n") }
        try await e2b.withClient { client in
            for timeout in [Duration.seconds(600), .milliseconds(1), .zero, .seconds(-5), .seconds(Int64.max)] {
                try await client.setTimeout(timeout, sandbox: "abc")
            }
            #expect(e2b.requests.map(\.json) == [600, 1, 1, 1, Int(Int32.max)].map { ["timeout": $0] })
            #expect(e2b.requests.allSatisfy { $0.line == "POST /sandboxes/abc/timeout HTTP/1.1" })
        }
    }

    @Test func `a sandbox's description is read`() async throws {
        try await LoopbackE2B(
            "200 OK", [],
            #"""
            {"templateID":"t1","alias":"base","sandboxID":"abc","clientID":"c","startedAt":"2026-11-20T23:11:34.5Z",
             "endAt":"2026-11-21T01:16:34+02:00","cpuCount":2,"memoryMB":512,"diskSizeMB":1,"state":"paused",
             "envdVersion":"0.6.13","metadata":{"conv":"a b&c","n":null},"lifecycle":{"autoResume":false}}
            """#
        ).withClient { client in
            let info = try await client.info(sandbox: "abc")
            #expect(
                info
                    == SandboxInfo(
                        id: "abc", templateID: "t1", alias: "base", metadata: ["conv": "a b&c"], state: .paused,
                        startedAt: Date(timeIntervalSince1970: 1_795_216_294.5),
                        endsAt: Date(timeIntervalSince1970: 1_795_216_594)))
        }
    }
}

@Suite(.timeLimit(.minutes(10))) struct ListTests {
    /// As sent by E2B's Python SDK 2.63.
    @Test func `metadata is escaped three times`() {
        var query = ListQuery(metadata: ["conv": "a b&c"], limit: 2)
        #expect(query.text == "metadata=conv%3Da%252520b%252526c&limit=2")
        query.metadata["x"] = "ý"
        #expect(query.text == "metadata=conv%3Da%252520b%252526c%26x%3D%2525C3%2525BD&limit=2")
        #expect(
            ListQuery(states: [.paused, .running], limit: 1, nextToken: "a+b/=").text
                == "state=running%2Cpaused&nextToken=a%2Bb%2F%3D&limit=1")
    }

    private static func item(_ id: String) -> String {
        #"{"sandboxID":"\#(id)","startedAt":"2026-01-01T00:00:00Z","endAt":"2026-01-01T01:00:00Z","state":"running"}"#
    }

    @Test func `pages are followed to the last`() async throws {
        let e2b = LoopbackE2B { request, connection in
            let isSecond = request.line.contains("nextToken=second%3D")
            let body =
                isSecond ? "[\(Self.item("c")),5,{},\(Self.item("d"))]" : "[\(Self.item("a")),\(Self.item("b"))]"
            return connection.respond(body, headers: isSecond ? [] : ["X-Next-Token: second="])
        }
        try await e2b.withClient { client in
            let all = try await client.list(states: [.running])
            #expect(all.map(\.id) == ["a", "b", "c", "d"])
            #expect(
                e2b.requests.map(\.line) == [
                    "GET /v2/sandboxes?state=running&limit=100 HTTP/1.1",
                    "GET /v2/sandboxes?state=running&nextToken=second%3D&limit=100 HTTP/1.1",
                ])
            let some = try await client.list(limit: 3)
            #expect(some.map(\.id) == ["a", "b", "c"])
            let none = try await client.list(limit: 0)
            #expect(none.isEmpty)
        }
    }

    @Test func `a list without end is ended`() async throws {
        let e2b = LoopbackE2B("200 OK", ["X-Next-Token: again"], "[]")
        try await e2b.withClient { client in
            let list = try await client.list()
            #expect(list.isEmpty)
            #expect(e2b.requests.count == 100)
        }
    }

    @Test(arguments: ["", "{}", "[", "null"]) func `what is not a list is broken`(body: String) async throws {
        try await LoopbackE2B("200 OK", [], body).withClient { client in
            await #expect(throws: E2BError.broken(.list, why: "the answer is not what the protocol says")) {
                try await client.list()
            }
        }
    }
}

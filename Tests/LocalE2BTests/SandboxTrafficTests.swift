import Foundation
import Testing

@testable import LocalE2B

@Suite(.timeLimit(.minutes(10))) struct SandboxTrafficTests {
    @Test func `an execution streams its lines without a content type`() async throws {
        try await StubServer.with { stub in
            let answer = await stub.execute("hello", in: try await stub.create())
            #expect(answer.status == 200 && answer.isWhole)
            #expect(answer.headers["content-type"] == nil)
            #expect(answer.lines.first == #"{"type": "number_of_executions", "execution_count": 1}"#)
            #expect(answer.lines.last == #"{"type": "end_of_execution"}"#)
        }
    }

    @Test func `a line of 20 MB passes whole`() async throws {
        try await StubServer.with { stub in
            let answer = await stub.execute("big", in: try await stub.create())
            let lines = answer.lines.filter { !$0.contains("keepalive") }
            #expect(answer.isWhole && lines.count == 3)
            #expect(answer.body.utf8.count > 20 << 20)
        }
    }

    @Test func `noise on the agent's pipe harms nobody`() async throws {
        try await StubServer.with { stub in
            let id = try await stub.create()
            #expect(await stub.execute("noise", in: id).lines.count == 2)
            #expect(await stub.execute("after", in: id).isWhole)
        }
    }

    @Test func `a client that leaves interrupts its execution`() async throws {
        try await StubServer.with { stub in
            let id = try await stub.create()
            _ = await stub.execute("wait", in: id, leaveAfter: "execution_count")
            #expect(await stub.execute("was cancelled", in: id).body.contains("yes"))
        }
    }

    @Test func `silence is broken every 5 s`() async throws {
        try await StubServer.with { stub in
            let answer = await stub.execute("wait", in: try await stub.create(), leaveAfter: "keepalive")
            #expect(answer.lines.last == #"{"type": "keepalive"}"#)
        }
    }

    @Test func `a sandbox that dies cuts its streams and is gone`() async throws {
        try await StubServer.with { stub in
            let id = try await stub.create()
            let cut = await stub.execute("die", in: id)
            #expect(cut.status == 200 && !cut.isWhole)
            let gone = await stub.execute("hello", in: id)
            #expect(gone.status == 502)
            #expect(gone.json["message"] as? String == "The sandbox was not found")
            #expect(gone.json["sandboxId"] as? String == id && gone.json["code"] as? Int == 502)
        }
    }

    @Test func `a client that does not read stops its sandbox, and not its end`() async throws {
        try await StubServer.with { stub in
            let id = try await stub.create()
            let client = stub.http.hold("POST", "/execute", stub.interpreter(id), body: #"{"code":"flood"}"#)
            defer { close(client) }
            // The flood stands when all buffers on its way are full.
            var (seen, count) = ("", 0)
            while count < 10 {
                try await Task.sleep(for: .milliseconds(50))
                let now = try stub.note("flood")
                (seen, count) = (now, now == seen && !now.isEmpty ? count + 1 : 0)
            }
            #expect(try #require(Int(seen)) < 200)
            #expect(await stub.control("DELETE", "/sandboxes/\(id)").status == 204)
        }
    }

    @Test func `mistakes in a body are named as FastAPI names them`() async throws {
        try await StubServer.with { stub in
            let headers = stub.interpreter(try await stub.create())
            func post(_ body: String, _ change: [String: String] = [:]) async -> RawHTTP.Answer {
                await stub.http.send("POST", "/execute", headers.merging(change) { $1 }, body: body)
            }
            let missing = await post("{}")
            #expect(missing.status == 422)
            #expect(
                missing.body
                    == #"{"detail":[{"input":{},"loc":["body","code"],"msg":"Field required","type":"missing"}]}"#
            )
            #expect(await post(#"{"code":5}"#).body.contains(#""msg":"Input should be a valid string""#))
            #expect(await post("{").status == 422)
            #expect(await post(#"{"code":"1"}"#, ["Content-Type": "text/plain"]).status == 422)
            let both = await post(#"{"code":"1","language":"python","context_id":"c"}"#)
            #expect(both.status == 400 && both.body == "Only one of context_id or language can be provided")
            let unknown = await post(#"{"code":"1","context_id":"c"}"#)
            #expect(unknown.status == 404 && unknown.body == "Context c not found")
            #expect(unknown.headers["content-type"] == "text/plain; charset=utf-8")
        }
    }

    @Test func `a request has to say which sandbox it means`() async throws {
        try await StubServer.with { stub in
            let id = try await stub.create()
            func get(_ path: String, _ headers: [String: String]) async -> RawHTTP.Answer {
                await stub.http.send("GET", path, headers)
            }
            #expect(await get("/contexts", [:]).body == "missing header")
            #expect(await get("/health", ["E2b-Sandbox-Id": id]).body == "missing header")
            #expect(
                await get("/health", ["E2b-Sandbox-Id": id, "E2b-Sandbox-Port": "x"]).body == "Invalid sandbox port")
            #expect(
                await get("/health", ["E2b-Sandbox-Id": "UP", "E2b-Sandbox-Port": "1"]).body == "Invalid sandbox ID")
            #expect(await get("/health", stub.envd(id)).status == 204)
            #expect(await get("/health", stub.interpreter(id)).body == "\"OK\"")
            #expect(await get("/health", [:]).status == 200)
            #expect(await get("/health", ["Host": "49983-\(id).localhost:3002"]).status == 204)
            let port = await get("/", ["E2b-Sandbox-Id": id, "E2b-Sandbox-Port": "8080"])
            #expect(port.status == 502 && port.json["port"] as? Int == 8080)
            // A name somebody made to point at this machine.
            for host in ["example.org", "sandbox.example.org", "localhost.example.org"] {
                let foreign = await stub.http.send("GET", "/local/stats", ["Host": host])
                #expect(foreign.status == 400 && foreign.body == "Invalid host")
            }
        }
    }

    @Test func `a secured sandbox wants its token`() async throws {
        try await StubServer.with { stub in
            let created = await stub.control("POST", "/v2/sandboxes", #"{"templateID":"base","envVars":{"K":"V"}}"#)
            let id = try #require(created.json["sandboxID"] as? String)
            let token = try #require(created.json["envdAccessToken"] as? String)
            let wrong = String(token.reversed())
            let list = "/process.Process/List"
            #expect(await stub.http.send("POST", list, stub.envd(id), body: "{}").status == 401)
            #expect(await stub.http.send("POST", list, stub.envd(id, token: wrong), body: "{}").status == 401)
            let right = await stub.http.send("POST", list, stub.envd(id, token: token), body: "{}")
            #expect(right.status == 200 && right.body == "{}" && right.headers["content-type"] == "application/json")
            let environment = await stub.http.send("GET", "/envs", stub.envd(id, token: token))
            #expect(environment.json["K"] as? String == "V" && environment.json["E2B_SANDBOX_ID"] as? String == id)

            let signature =
                FileSignature(path: "a b", access: .read, user: "").value(token: token)
                .addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
            let url = "/files?path=a%20b&signature=\(signature)"
            let signed = await stub.http.send("GET", url)
            #expect(signed.status == 200 && signed.body == "a b" && signed.isWhole)
            #expect(signed.headers["content-disposition"] == "inline; filename=\"a b\"")
            #expect(await stub.http.send("GET", url, stub.envd(id, token: wrong)).status == 401)
            #expect(await stub.http.send("GET", "/files?path=c&signature=\(signature)").status == 401)
            let bare = await stub.http.send("GET", "/files?path=a", stub.envd(id))
            #expect(bare.json["message"] as? String == "missing signature query parameter")
        }
    }

    @Test func `a process stream ends with its envelopes`() async throws {
        try await StubServer.with { stub in
            let created = await stub.control("POST", "/sandboxes", #"{"templateID":"base","timeout":600}"#)
            let id = try #require(created.json["sandboxID"] as? String)
            let headers = stub.envd(id, type: "application/connect+json")
            func start(_ message: String, _ more: [String: String] = [:]) async -> RawHTTP.Answer {
                let body = ConnectEnvelope(payload: Array(message.utf8)).bytes
                return await stub.http.send("POST", "/process.Process/Start", headers.merging(more) { $1 }, body: body)
            }
            func payloads(_ answer: RawHTTP.Answer) throws -> [String] {
                try ConnectEnvelope.all(in: Array(answer.body.utf8), limit: 1 << 20)
                    .map { String(decoding: $0.payload, as: UTF8.self) }
            }
            let done = await start(#"{"process":{"cmd":"true"}}"#)
            #expect(done.headers["content-type"] == "application/connect+json")
            #expect(
                try payloads(done) == [
                    #"{"event":{"start": {"pid": 7}}}"#,
                    #"{"event":{"end": {"exited": true, "status": "exit status 0"}}}"#, "{}",
                ])
            let dead = try payloads(await start(#"{"process":{"cmd":"die"}}"#))
            #expect(dead.last?.contains(#""code":"unavailable""#) == true)
        }
    }

    @Test func `a refused call has its code and status`() async throws {
        try await StubServer.with { stub in
            let created = await stub.control("POST", "/sandboxes", #"{"templateID":"base","timeout":600}"#)
            let headers = stub.envd(try #require(created.json["sandboxID"] as? String))
            func call(_ method: String, _ body: String) async -> RawHTTP.Answer {
                await stub.http.send("POST", "/\(method)", headers, body: body)
            }
            let missing = await call("process.Process/SendSignal", #"{"process":{"pid":9},"signal":"SIGNAL_SIGKILL"}"#)
            #expect(missing.status == 404 && missing.json["code"] as? String == "not_found")
            let hangUp = await call("process.Process/SendSignal", #"{"process":{"pid":9},"signal":1}"#)
            #expect(hangUp.status == 501 && hangUp.json["code"] as? String == "unimplemented")
            #expect(await call("process.Process/Nothing", "{}").status == 501)
            let watcher = await call("filesystem.Filesystem/GetWatcherEvents", #"{"watcherId":"x"}"#)
            #expect(watcher.status == 404 && watcher.json["code"] as? String == "not_found")
            #expect(await call("process.Process/List", "[").json["code"] as? String == "invalid_argument")
            #expect(await call("process.Process/Start", "{}").status == 415)
        }
    }
}

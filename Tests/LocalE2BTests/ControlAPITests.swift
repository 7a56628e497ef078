import Foundation
import Testing

@testable import LocalE2B

@Suite(.timeLimit(.minutes(10))) struct ControlAPITests {
    @Test func `a sandbox is created, found, listed and killed`() async throws {
        try await StubServer.with { stub in
            let created = await stub.control(
                "POST", "/sandboxes",
                #"{"templateID":"base","timeout":60,"secure":true,"metadata":{"conv":"a b&c"},"unknown":[1]}"#)
            #expect(created.status == 201)
            let id = try #require(created.json["sandboxID"] as? String)
            #expect(id.count == 20 && SandboxAddress.isID(id))
            #expect((created.json["envdAccessToken"] as? String)?.count == 64)
            #expect(
                created.json["domain"] as? String == "localhost:\(stub.server.edgePort)"
                    && created.json["clientID"] as? String == "6532622b")

            let detail = await stub.control("GET", "/sandboxes/\(id)-6532622b")
            #expect(detail.status == 200)
            #expect(detail.json["metadata"] as? [String: String] == ["conv": "a b&c"])
            #expect(detail.json["state"] as? String == "running")

            let found = await stub.control(
                "GET", "/v2/sandboxes?metadata=conv%3Da%252520b%252526c&state=running,paused")
            #expect(found.body.contains(id) && found.headers["x-total-running"] == "1")
            let other = await stub.control("GET", "/v2/sandboxes?metadata=conv%3Dother")
            #expect(other.body == "[]" && other.headers["x-total-running"] == "0")

            #expect(await stub.control("DELETE", "/sandboxes/\(id)").status == 204)
            let again = await stub.control("DELETE", "/sandboxes/\(id)")
            #expect(again.status == 404)
            #expect(
                again.json["message"] as? String == "Sandbox \"\(id)\" doesn't exist or you don't have access to it")
            #expect(await stub.http.send("GET", "/local/stats").json["killed"] as? Int == 1)
        }
    }

    @Test func `what is wrong with a creation is said`() async throws {
        try await StubServer.with { stub in
            let unknown = await stub.control("POST", "/sandboxes", #"{"templateID":"nope"}"#)
            #expect(unknown.status == 404 && unknown.json["message"] as? String == "template 'nope' not found")
            #expect(await stub.control("POST", "/sandboxes", "{}").status == 400)
            #expect(await stub.control("POST", "/sandboxes", "[").status == 400)
            #expect(await stub.control("POST", "/sandboxes", #"{"templateID":"base","timeout":0}"#).status == 400)
            #expect(await stub.control("POST", "/sandboxes", #"{"templateID":"base","timeout":86401}"#).status == 400)
        }
    }

    @Test func `only the key of this start opens the control API`() async throws {
        try await StubServer.with { stub in
            let id = try await stub.create()
            let key = stub.server.apiKey
            #expect(key.wholeMatch(of: /e2b_[0-9a-f]{40}/) != nil)
            let wrong = [
                nil, "", "local", "any", key + "0", String(key.dropLast()), key.uppercased(), "\(key), \(key)",
            ]
            for (method, path) in [
                ("POST", "/sandboxes"), ("POST", "/v2/sandboxes"), ("GET", "/sandboxes"), ("GET", "/v2/sandboxes"),
                ("GET", "/sandboxes/\(id)"), ("DELETE", "/sandboxes/\(id)"), ("POST", "/sandboxes/\(id)/timeout"),
                ("POST", "/sandboxes/\(id)/connect"), ("POST", "/v2/sandboxes/\(id)/connect"),
                ("GET", "/anything"), ("PUT", "/local/faults"),
            ] {
                for key in wrong {
                    let headers = key.map { ["X-API-Key": $0] } ?? [:]
                    let answer = await stub.http.send(method, path, headers, body: #"{"templateID":"base"}"#)
                    #expect(
                        answer.status == 401 && answer.json["code"] as? Int == 401, "\(method) \(path) \(key ?? "")")
                    #expect(!answer.body.contains(stub.server.apiKey))
                }
            }
            #expect(await stub.http.send("GET", "/health").status == 200)
            #expect(await stub.control("DELETE", "/sandboxes/\(id)").status == 204)
        }
    }

    @Test func `one sandbox too many is refused as E2B does it`() async throws {
        try await StubServer.with(maxSandboxes: 1) { stub in
            let id = try await stub.create()
            let second = await stub.control("POST", "/sandboxes", #"{"templateID":"base","timeout":600}"#)
            #expect(second.status == 429 && second.headers["retry-after"] == nil)
            let message = try #require(second.json["message"] as? String)
            #expect(message.hasPrefix("you have reached the maximum number of concurrent E2B sandboxes (1)"))
            #expect(await stub.control("DELETE", "/sandboxes/\(id)").status == 204)
            _ = try await stub.create()
        }
    }

    @Test func `a sandbox ends at its time`() async throws {
        try await StubServer.with { stub in
            let id = try await stub.create()
            #expect(await stub.control("POST", "/sandboxes/\(id)/timeout", #"{"timeout":1}"#).status == 204)
            // The stream of a running execution is cut when the sandbox ends: no polling needed. On a busy machine it may
            // come too late to run.
            let ended = await stub.execute("wait", in: id)
            #expect(ended.status == 502 || ended.status == 200 && !ended.isWhole)
            while await stub.control("GET", "/sandboxes/\(id)").status != 404 {}
            #expect(await stub.http.send("GET", "/local/stats").json["expired"] as? Int == 1)
        }
    }

    @Test func `refresh and connect only extend`() async throws {
        try await StubServer.with { stub in
            let id = try await stub.create(#"{"templateID":"base","timeout":1000}"#)
            func end() async -> String? { await stub.control("GET", "/sandboxes/\(id)").json["endAt"] as? String }
            let before = await end()
            #expect(await stub.control("POST", "/sandboxes/\(id)/refreshes", #"{"duration":20}"#).status == 204)
            #expect(await stub.control("POST", "/v2/sandboxes/\(id)/connect", "{}").status == 200)
            #expect(await end() == before)
            #expect(await stub.control("POST", "/sandboxes/\(id)/connect", #"{"timeout":2000}"#).status == 200)
            #expect(await end() != before)
            #expect(await stub.control("POST", "/sandboxes/\(id)/connect", "{}").status == 400)
            #expect(await stub.control("GET", "/sandboxes/\(id)/metrics").body == "[]")
        }
    }

    @Test func `lists are paged in both orders`() async throws {
        try await StubServer.with { stub in
            var ids: [String] = []
            for _ in 0..<3 { ids.append(try await stub.create()) }
            for (order, expected) in [("asc", ids), ("desc", ids.reversed())] {
                var seen: [String] = []
                var token = ""
                repeat {
                    let page = await stub.control("GET", "/v2/sandboxes?limit=1&order=\(order)&nextToken=\(token)")
                    let items = try JSONSerialization.jsonObject(with: Data(page.body.utf8)) as? [[String: Any]] ?? []
                    seen += items.compactMap { $0["sandboxID"] as? String }
                    token =
                        page.headers["x-next-token"]?.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
                } while !token.isEmpty
                #expect(seen == Array(expected))
            }
            #expect(await stub.control("GET", "/v2/sandboxes?state=paused").body == "[]")
            for bad in [
                "limit=0", "limit=101", "state=odd", "order=up", "nextToken=%25", "metadata=x", "startedAfter=now",
            ] {
                #expect(await stub.control("GET", "/v2/sandboxes?\(bad)").status == 400, "\(bad)")
            }
        }
    }

    @Test func `a machine that cannot start a sandbox says why`() async throws {
        await #expect(throws: LocalE2BError.agentFailed("no kernel today")) {
            try await StubServer.with(arguments: ["fail"]) { _ in }
        }
    }
}

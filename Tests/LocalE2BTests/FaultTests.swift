import Testing

@testable import LocalE2B

@Suite(.timeLimit(.minutes(10))) struct FaultTests {
    @Test func `a status with its words and its Retry-After, twice`() async throws {
        try await StubServer.with(faults: "create:status=429,retry-after=3,message=slow down,times=2") { stub in
            for _ in 0..<2 {
                let refused = await stub.control("POST", "/sandboxes", #"{"templateID":"base"}"#)
                #expect(refused.status == 429 && refused.headers["retry-after"] == "3")
                #expect(refused.body == #"{"code":429,"message":"slow down"}"#)
            }
            _ = try await stub.create()
        }
    }

    @Test func `a reset answers nothing`() async throws {
        try await StubServer.with(faults: "list:reset,times=1") { stub in
            #expect(await stub.control("GET", "/v2/sandboxes").status == 0)
            #expect(await stub.control("GET", "/v2/sandboxes").status == 200)
        }
    }

    @Test func `a stream is cut where the rule says`() async throws {
        try await StubServer.with(faults: "execute:cut=10,times=1;execute:cut=0,times=1;execute:garbage") { stub in
            let id = try await stub.create()
            let cut = await stub.execute("x", in: id)
            #expect(cut.status == 200 && cut.body == #"{"type": ""# && !cut.isWhole)
            let nothing = await stub.execute("x", in: id)
            #expect(nothing.status == 200 && nothing.body.isEmpty && !nothing.isWhole)
            let garbage = await stub.execute("x", in: id)
            #expect(garbage.isWhole && garbage.lines.first == "this line is not JSON" && garbage.lines.count == 4)
        }
    }

    @Test func `a hang answers nothing and stops with the server`() async throws {
        try await StubServer.with(faults: "info:hang") { stub in
            async let hung = stub.control("GET", "/sandboxes/x")
            #expect(await stub.control("GET", "/v2/sandboxes").status == 200)
            await stub.server.stop()
            #expect(await hung.status == 0)
        }
    }

    @Test func `faults change while the server runs`() async throws {
        try await StubServer.with { stub in
            #expect(await stub.control("PUT", "/local/faults", "kill:body=gone%2C").status == 204)
            #expect(await stub.control("DELETE", "/sandboxes/x").body == "gone,")
            #expect(await stub.http.send("GET", "/local/stats").json["faults"] as? Int == 1)
            let wrong = await stub.control("PUT", "/local/faults", "kill:boom")
            #expect(wrong.status == 400 && wrong.body.contains("boom"))
            #expect(await stub.http.send("PUT", "/local/faults").status == 401)
            #expect(await stub.control("PUT", "/local/faults").status == 204)
            #expect(await stub.control("DELETE", "/sandboxes/x").status == 404)
        }
    }

    @Test(arguments: [
        ("process-list:status=401,message=no", 401, #"{"code":401,"message":"no"}"#),
        ("process-list:gone", 502, #"{"code":502,"message":"The sandbox was not found","sandboxId":"ID"}"#),
        (
            "process-list:closed", 502,
            #"{"code":502,"message":"The sandbox is running but port is not open","port":49983,"sandboxId":"ID"}"#
        ),
        ("process-list:rpc=unavailable,message=m", 503, #"{"code":"unavailable","message":"m"}"#),
        ("envd:rpc=not_found", 404, #"{"code":"not_found","message":"A fault was asked for"}"#),
        ("process-list:garbage", 200, "this is not JSON\n{}"), ("process-list:cut=1", 200, "{"),
        ("process-list:reset", 0, ""), ("file-stat:reset;process-list:status=500,body=x", 500, "x"),
        ("file-stat:reset;process-signal:reset;execute:reset", 200, "{}"),
    ])
    func `a fault of a call`(rule: String, status: Int, body: String) async throws {
        try await StubServer.with(faults: rule) { stub in
            let id = try await stub.createOpen()
            let answer = await stub.rpc("process.Process/List", "{}", in: id)
            #expect(answer.status == status && answer.body == body.replacing("ID", with: id), "\(answer)")
            #expect(answer.isWhole == !(rule.hasSuffix("cut=1") || rule.hasSuffix("list:reset")))
        }
    }

    @Test func `faults of a process stream`() async throws {
        let rules = [
            "process-start:no-end,times=1", "process-start:garbage,times=1", "process-start:cut=20,times=1",
            "process-start:rpc=internal,times=1", "process-start:gone,times=1",
        ]
        try await StubServer.with(faults: rules.joined(separator: ";")) { stub in
            let id = try await stub.createOpen()
            func start() async throws -> RawHTTP.Answer { try await stub.bash("true", in: id) }
            let endless = try await start()
            #expect(endless.isWhole)
            #expect(try endless.messages().events.count == 2 && endless.messages().end == nil)
            let garbage = try await start()
            #expect(garbage.body.contains("\u{10}this is not JSON\0") && garbage.isWhole)
            let cut = try await start()
            #expect(cut.status == 200 && cut.bytes.count == 20 && !cut.isWhole)
            let failed = try await start()
            #expect(failed.status == 200)
            #expect((try failed.messages().end?["error"] as? [String: String])?["code"] == "internal")
            #expect(try await start().status == 502)
            #expect(try await start().messages().end?.isEmpty == true)
        }
    }

    @Test func `faults of files`() async throws {
        try await StubServer.with(faults: "file-read:cut=2,times=1;file-write:status=507,message=full") { stub in
            let id = try await stub.createOpen()
            let cut = await stub.http.send("GET", "/files?path=name", stub.envd(id))
            #expect(cut.body == "na" && cut.headers["content-length"] == "4" && !cut.isWhole)
            #expect(await stub.http.send("GET", "/files?path=name", stub.envd(id)).body == "name")
            let octets = stub.envd(id, type: "application/octet-stream")
            #expect(await stub.http.send("POST", "/files?path=name", octets, body: "x").status == 507)
        }
    }

    @Test func `faults of the edge`() async throws {
        try await StubServer.with(faults: "edge:reset,times=1;edge:closed,times=1;edge:status=429") { stub in
            let headers = ["Host": stub.host(8080, try await stub.createOpen())]
            #expect(await stub.edge.send("GET", "/", headers).status == 0)
            #expect(await stub.edge.send("GET", "/", headers).json["port"] as? Int == 8080)
            #expect(await stub.edge.send("GET", "/", headers).status == 429)
        }
    }
}

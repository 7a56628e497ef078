import Testing

@testable import LocalE2B

@Suite(.timeLimit(.minutes(1))) struct FaultTests {
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
            #expect(await stub.http.send("PUT", "/local/faults", body: "kill:body=gone%2C").status == 204)
            #expect(await stub.control("DELETE", "/sandboxes/x").body == "gone,")
            let wrong = await stub.http.send("PUT", "/local/faults", body: "kill:boom")
            #expect(wrong.status == 400 && wrong.body.contains("boom"))
            #expect(await stub.http.send("PUT", "/local/faults").status == 204)
            #expect(await stub.control("DELETE", "/sandboxes/x").status == 404)
        }
    }
}

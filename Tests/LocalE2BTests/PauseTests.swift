import Foundation
import Testing
import TestSupport

@testable import LocalE2B

/// Sandboxes that stand still between two uses.
@Suite(.timeLimit(.minutes(10)))
struct PauseTests {
    @Test func `a sandbox is paused, and goes on where it was`() async throws {
        try await StubServer.with { stub in
            let id = try await stub.create()
            let before = await stub.control("GET", "/sandboxes/\(id)").json["startedAt"] as? String
            #expect(await stub.control("POST", "/sandboxes/\(id)/pause", "{}").status == 204)
            let again = await stub.control("POST", "/sandboxes/\(id)-6532622b/pause", #"{"memory":true}"#)
            #expect(again.status == 409 && again.json["code"] as? Int == 409)
            #expect(await stub.control("GET", "/sandboxes/\(id)").json["state"] as? String == "paused")

            // What needs the sandbox itself finds none.
            for answer in [
                await stub.execute("hello", in: id),
                await stub.http.send("GET", "/files?path=x", stub.envd(id)),
                await stub.edge.send("GET", "/", ["Host": stub.host(8080, id)]),
            ] {
                #expect(answer.status == 502 && answer.json["message"] as? String == "The sandbox was not found")
            }
            #expect(await stub.control("POST", "/sandboxes/\(id)/timeout", #"{"timeout":60}"#).status == 404)

            let resumed = await stub.control("POST", "/sandboxes/\(id)/connect", #"{"timeout":100}"#)
            #expect(resumed.status == 201 && resumed.json["sandboxID"] as? String == id)
            #expect((resumed.json["envdAccessToken"] as? String)?.count == 64)
            #expect(await stub.control("POST", "/sandboxes/\(id)/connect", #"{"timeout":100}"#).status == 200)
            let detail = await stub.control("GET", "/sandboxes/\(id)").json
            #expect(detail["state"] as? String == "running" && detail["startedAt"] as? String != before)
            #expect(await stub.execute("hello", in: id).isWhole)
        }
    }

    @Test func `pausing and resuming say what is wrong`() async throws {
        try await StubServer.with { stub in
            for id in ["i0123456789abcdefghi", "ODD"] {
                for call in ["pause", "resume", "connect"] {
                    let answer = await stub.control("POST", "/sandboxes/\(id)/\(call)", #"{"timeout":5}"#)
                    #expect(answer.status == (id == "ODD" ? 400 : 404), "\(call)")
                }
            }
            let id = try await stub.create()
            #expect(await stub.control("POST", "/sandboxes/\(id)/resume", "{}").status == 409)
            #expect(await stub.control("POST", "/sandboxes/\(id)/pause").status == 204)
            #expect(await stub.control("POST", "/sandboxes/\(id)/connect", #"{"timeout":0}"#).status == 400)
            #expect(await stub.control("POST", "/v2/sandboxes/\(id)/connect", #"{"timeout":86401}"#).status == 400)
            #expect(await stub.control("POST", "/sandboxes/\(id)/resume", "{}").status == 201)
            #expect(await stub.control("POST", "/sandboxes/\(id)/pause", "{}").status == 204)
            #expect(await stub.control("DELETE", "/sandboxes/\(id)").status == 204)
            #expect(await stub.control("POST", "/sandboxes/\(id)/connect", #"{"timeout":5}"#).status == 404)
            #expect(await stub.http.send("GET", "/local/stats").json["paused"] as? Int == 0)
        }
    }

    @Test func `lists tell running ones from paused ones`() async throws {
        try await StubServer.with { stub in
            let (running, paused) = (try await stub.create(), try await stub.create())
            #expect(await stub.control("POST", "/sandboxes/\(paused)/pause", "{}").status == 204)
            for (path, expected, count) in [
                ("/v2/sandboxes", [paused, running], "1"), ("/v2/sandboxes?state=running", [running], "1"),
                ("/v2/sandboxes?state=paused", [paused], nil),
                ("/v2/sandboxes?state=running%2Cpaused", [paused, running], "1"), ("/sandboxes", [running], "1"),
            ] {
                let answer = await stub.control("GET", path)
                let list = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [[String: Any]] ?? []
                #expect(list.compactMap { $0["sandboxID"] as? String } == expected, "\(path)")
                for item in list {
                    let isPaused = item["sandboxID"] as? String == paused
                    #expect(item["state"] as? String == (isPaused ? "paused" : "running"), "\(path)")
                }
                if path.hasPrefix("/v2") { #expect(answer.headers["x-total-running"] == count, "\(path)") }
            }
        }
    }

    @Test func `a sandbox that was made so is paused at its time, and killed otherwise`() async throws {
        try await StubServer.with { stub in
            let id = try await stub.create(#"{"templateID":"base","timeout":1,"autoPause":true}"#)
            // A running execution is cut. On a busy machine it may come too late to run.
            let cut = await stub.execute("wait", in: id)
            #expect(cut.status == 502 || cut.status == 200 && !cut.isWhole)
            try await eventually("the pause") {
                await stub.control("GET", "/sandboxes/\(id)").json["state"] as? String == "paused"
            }
            let detail = await stub.control("GET", "/sandboxes/\(id)").json
            #expect((detail["lifecycle"] as? [String: Any])?["onTimeout"] as? String == "pause")
            // It is told as paused from the moment when that begins, and until it has ended it cannot be resumed.
            try await eventually("the end of the pause") {
                let status = await stub.control("POST", "/v2/sandboxes/\(id)/connect", "{}").status
                #expect(status == 201 || status == 409)
                return status == 201
            }
            #expect(await stub.execute("hello", in: id).isWhole)
            let stats = await stub.http.send("GET", "/local/stats").json
            #expect(stats["running"] as? Int == 1 && stats["paused"] as? Int == 0 && stats["expired"] as? Int == 0)
        }
    }

    @Test func `a paused sandbox takes no place`() async throws {
        try await StubServer.with(maxSandboxes: 1) { stub in
            let first = try await stub.create()
            #expect(await stub.control("POST", "/sandboxes/\(first)/pause", "{}").status == 204)
            let second = try await stub.create()
            let refused = await stub.control("POST", "/sandboxes/\(first)/connect", #"{"timeout":60}"#)
            #expect(refused.status == 429)
            #expect(await stub.control("DELETE", "/sandboxes/\(second)").status == 204)
            #expect(await stub.control("POST", "/sandboxes/\(first)/connect", #"{"timeout":60}"#).status == 201)
        }
    }

    @Test func `two that resume the same one get one sandbox`() async throws {
        try await StubServer.with { stub in
            let id = try await stub.create()
            #expect(await stub.control("POST", "/sandboxes/\(id)/pause", "{}").status == 204)
            let statuses = await withTaskGroup(of: Int.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        await stub.control("POST", "/sandboxes/\(id)/connect", #"{"timeout":60}"#).status
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.count { $0 == 201 } == 1 && statuses.allSatisfy { [200, 201, 409].contains($0) })
            #expect(await stub.http.send("GET", "/local/stats").json["running"] as? Int == 1)
        }
    }

    @Test func `the processes of a paused sandbox stand still`() async throws {
        let mark = UUID().uuidString
        try await StubServer.with(arguments: [mark]) { stub in
            let id = try await stub.create()
            #expect(try Self.stopped(mark) == 0)
            #expect(await stub.control("POST", "/sandboxes/\(id)/pause", "{}").status == 204)
            // A process stops when it is its turn to run. Those that are made in advance run on.
            try await eventually("the stop") { try Self.stopped(mark) == 1 }
            #expect(await stub.control("POST", "/sandboxes/\(id)/connect", #"{"timeout":60}"#).status == 201)
            try await eventually("the run") { try Self.stopped(mark) == 0 }
            #expect(await stub.control("POST", "/sandboxes/\(id)/pause", "{}").status == 204)
        }
        // The server has stopped, with one of its sandboxes paused.
        try await Machine.waitForEnd(ofProcessesWith: mark)
    }

    /// How many of the processes stand still.
    private static func stopped(_ mark: String) throws -> Int {
        try Machine.processes(with: mark).count { pid in
            let status = ProcFile.text("/proc/\(pid)/stat")
            return status[(status.lastIndex(of: ")") ?? status.startIndex)...].hasPrefix(") T")
        }
    }
}

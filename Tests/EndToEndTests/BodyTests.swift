import Foundation
import TestSupport
import Testing

/// Bodies on their way through nginx: how large they may be, at which path and from whom, and what is said to the others.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct BodyTests {
    private static let secret = "correct-horse-battery-staple-0123456789"

    @Test func `a file is taken at e2bcode, and nothing of its size elsewhere`() async throws {
        try await withKeyedStack { stack, client in
            for count in [2_000_000, 45_000_000] {
                let reply = try await client.send("POST", "/e2bcode", body: Data(count: count))
                #expect(reply.status != 413)
                #expect(try await line(of: reply, stack.responder).bytesIn == count)
            }
            let reply = try await client.send("POST", "/execute", body: Data(count: 5_000_000))
            #expect(reply.status == 413)
            _ = try ToolAnswer(reply)
        }
    }

    @Test func `of a stranger's file nothing is read`() async throws {
        try await withKeyedStack { stack, client in
            var stranger = client
            stranger.headers = [:]
            #expect(try await stranger.send("POST", "/e2bcode", body: Data(count: 10)).status != 413)
            let before = try peakMemory(of: stack.responder)
            let reply = try await stranger.send("POST", "/e2bcode", body: Data(count: 45_000_000))
            #expect(reply.status != 413)
            #expect(try await line(of: reply, stack.responder).bytesIn == 0)
            #expect(try peakMemory(of: stack.responder) - before < 8 << 20)
        }
    }

    /// Ways to send a body: with a length, without one, with and without asking first.
    @Test(arguments: [
        [:], ["Expect": ""], ["Transfer-Encoding": "chunked"], ["Transfer-Encoding": "chunked", "Expect": ""],
    ])
    func `of who has no key nginx keeps nothing on the disk`(headers: [String: String]) async throws {
        try await withKeyedStack { stack, client in
            // Where it would keep it there is no folder: whoever is to have a body kept gets an error instead.
            try FileManager.default.removeItem(at: stack.folder.appending(path: "temp/body"))
            var stranger = client
            stranger.headers = headers
            for (path, count) in [("/e2bcode", 45_000_000), ("/execute", 1_900_000)] {
                let reply = try await stranger.send("POST", path, body: Data(count: count))
                #expect(reply.status == 401, "\(path): \(reply.status) \(reply.text)")
                #expect(reply.headers["www-authenticate"] != nil)
            }
            // One with a key may be slow, and waits in nginx: that this would have been seen.
            var known = client
            known.headers.merge(headers) { $1 }
            #expect(try await known.send("POST", "/e2bcode", body: Data(count: 45_000_000)).status == 500)
        }
    }

    @Test func `without keys a large file comes through from this machine`() async throws {
        try await Stack.with { stack in
            for headers in [[:], ["Transfer-Encoding": "chunked"]] {
                var client = stack.client
                client.headers = headers
                let reply = try await client.send("POST", "/e2bcode", body: Data(count: 45_000_000))
                #expect(reply.status == 400)
                #expect(try await line(of: reply, stack.responder).bytesIn == 45_000_000)
                #expect(try await client.send("POST", "/e2bcode", body: Data(count: 80_000_000)).status == 413)
                let large = try await client.send("POST", "/execute", body: Data(count: 9_000_000))
                #expect(large.status == 413)
                _ = try ToolAnswer(large)
            }
        }
    }

    @Test(arguments: ["/e2b-fcgi-streamed/execute", "/e2b-fcgi-streamed/e2bcode"], ["", "/code"])
    func `how nginx leads a request is no address`(path: String, basePath: String) async throws {
        try await withNginx(basePath: basePath) { client in
            let reply = try await client.send("POST", path, body: Data(count: 10))
            #expect(reply.status == 404)
        }
    }

    @Test(arguments: ["", "/code"])
    func `what nginx says itself has the shape of the path, with and without a base path`(basePath: String) async throws
    {
        try await withNginx(basePath: basePath) { client in
            // Nobody listens there, so that only nginx can answer.
            for (body, status) in [(Data(count: 80_000_000), 413), (Data(count: 45_000_000), 502), (Data(), 502)] {
                let reply = try await client.send("POST", "/e2bcode", body: body)
                #expect(reply.status == status)
                #expect(reply.headers["content-type"] == "application/json")
                let refusal = try ActionRefusal(reply)
                #expect(refusal.sessionId.isEmpty && !refusal.success)
                #expect(refusal.error.hasPrefix("The ") && refusal.error.hasSuffix("."))
                #expect(refusal.helpHint.contains("'help'"))
            }
            for (body, status) in [(Data(count: 9_000_000), 413), (Data(), 502)] {
                let reply = try await client.send("POST", "/execute", body: body)
                #expect(reply.status == status)
                _ = try ToolAnswer(reply)
            }
            #expect(try await client.send("POST", "/e2bcode", body: Data()).headers["retry-after"] != nil)
        }
    }

    @Test func `under a base path the service and its limits are the same`() async throws {
        try await withKeyedStack { stack, client in
            try await withNginx(basePath: "/code", socket: stack.socket) { based in
                var based = based
                based.headers = client.headers
                #expect(try await based.get("/health").status == 200)
                let reply = try await based.send("POST", "/e2bcode", body: Data(count: 3_000_000))
                #expect(reply.status != 413)
                let line = try await line(of: reply, stack.responder)
                #expect(line.path == "/e2bcode" && line.bytesIn == 3_000_000)
                #expect(try await based.send("POST", "/execute", body: Data(count: 9_000_000)).status == 413)
            }
        }
    }

    /// - Parameter body: its client has the key.
    private func withKeyedStack(_ body: (Stack, HTTPClient) async throws -> Void) async throws {
        try await Stack.with(environment: ["E2B_FCGI_KEYS": "alice:\(Self.secret)"]) { stack in
            var client = stack.client
            client.headers["Authorization"] = "Bearer \(Self.secret)"
            try await body(stack, client)
        }
    }

    /// nginx alone, in front of a socket where somebody may listen.
    private func withNginx(
        basePath: String, socket: String = "/tmp/nobody-listens-here.sock", _ body: (HTTPClient) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "e2b-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let port = try freePort()
        let nginx = try await Stack.startNginx(port: port, socket: socket, folder: folder, basePath: basePath)
        let client = HTTPClient(base: "http://127.0.0.1:\(port)\(basePath)", folder: folder)
        let result: Result<Void, any Error>
        do { result = .success(try await body(client)) } catch { result = .failure(error) }
        await nginx.stop()
        try result.get()
    }

    private struct LogLine: Decodable {
        let path: String
        let bytesIn: Int
    }

    /// What the log says of a request.
    private func line(of reply: HTTPReply, _ responder: ChildProcess) async throws -> LogLine {
        let id = try #require(reply.headers["x-request-id"])
        func find() -> Substring? { responder.log.split(separator: "\n").first { $0.contains(id) } }
        try await responder.wait(for: "the line of \(id)") { find() != nil }
        return try JSONDecoder().decode(LogLine.self, from: Data(#require(find()).utf8))
    }

    /// Bytes.
    private func peakMemory(of process: ChildProcess) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process.pid)/status", encoding: .utf8)
        let kilobytes = try #require(status.firstMatch(of: #/VmHWM:\s*(\d+) kB/#)?.1)
        return try #require(Int(kilobytes)) << 10
    }
}

/// How an action says that it failed.
private struct ActionRefusal: Decodable {
    let sessionId: String
    let error: String
    let success: Bool
    let helpHint: String

    init(_ reply: HTTPReply) throws {
        self = try JSONDecoder().decode(ActionRefusal.self, from: reply.body)
    }
}

import Synchronization
import TestSupport
import Testing

@testable import FastCGI

/// How much body a request may bring is its own: a service may take files at one path and refuse them at the others.
@Suite(.timeLimit(.minutes(10)))
struct BodyLimitTests {
    private static let small = 1000
    private static let large = 5 << 20

    private func answer(
        _ params: [String: String], sending stdin: [UInt8]
    ) async throws -> WebServer.Answer {
        let path = scratchPath()
        let server = try FastCGIServer(
            listener: Listener(.unix(path: path)), limits: ServerLimits(connections: 1, head: .seconds(600)),
            handler: echo { $0.path == "/file" && $0.header("X-Key") == "right" ? Self.large : Self.small })
        async let running: Void = server.run()
        let web = try WebServer(unix: path)
        let bytes =
            WebServer.begin() + WebServer.params(params) + WebServer.stream(.stdin, stdin)
            + WebServer.record(.stdin, [])
        // It may hang up before it has taken everything.
        do { try await web.sendBytes(bytes) } catch {}
        let answer = await web.answer(piece: 1 << 20)
        server.shutDown()
        await running
        return answer
    }

    /// Around the first room, and around the limit.
    @Test(arguments: [1000, 1 << 20, 1 << 20 | 1, 3 << 20, 5 << 20], [true, false])
    func `a large body arrives whole where it is allowed`(count: Int, isDeclared: Bool) async throws {
        var params = ["REQUEST_METHOD": "POST", "PATH_INFO": "/file", "HTTP_X_KEY": "right"]
        if isDeclared { params["CONTENT_LENGTH"] = "\(count)" }
        let stdin = sampleBytes(count)
        let answer = try await answer(params, sending: stdin)
        #expect(answer.status == 200)
        // Not inside #expect, which would look for the difference between two that differ, for minutes.
        let isWhole = answer.stdout.suffix(count) == stdin[...]
        #expect(isWhole)
    }

    @Test(arguments: [
        (["PATH_INFO": "/file", "HTTP_X_KEY": "right"], large), (["PATH_INFO": "/file"], small),
        (["PATH_INFO": "/other", "HTTP_X_KEY": "right"], small),
    ])
    func `a byte more than the request may bring is refused`(params: [String: String], limit: Int) async throws {
        for length in [nil, "\(limit + 1)"] {
            var params = params
            params["CONTENT_LENGTH"] = length
            let answer = try await answer(params, sending: sampleBytes(limit + 1))
            #expect(answer.status == 400 && answer.isEnded)
            #expect(answer.bodyText == "\(FastCGIError.bodyTooLarge(limit: limit))")
        }
    }

    @Test func `a body that never comes and that nobody reads is not waited for`() async throws {
        let handler: Handler = { request in
            Response(status: 403, body: Array("\(request.body.contentLength ?? -1)".utf8))
        }
        try await withServer(connections: 1, handler: handler) { path, _ in
            let web = try WebServer(unix: path)
            try await web.sendBytes(
                WebServer.begin() + WebServer.params(["REQUEST_METHOD": "PUT", "CONTENT_LENGTH": "100000"]))
            let answer = await web.answer()
            #expect(answer.status == 403 && answer.bodyText == "100000")
        }
    }

    @Test func `an announcement alone gets a megabyte of room, and a body no more than two rooms`() throws {
        var body = BodyBuffer(contentLength: 60_000_000, limit: 60_000_000)
        let piece = [UInt8](repeating: 65, count: 100_000)
        var rooms: [Int] = []
        while !body.isFull {
            piece.withUnsafeBytes { body.append($0) }
            if rooms.last != body.capacity { rooms.append(body.capacity) }
        }
        #expect(rooms.count == 2)
        // Room is rounded up to what the allocator has.
        #expect(rooms.first.map { 1 << 20..<1 << 21 ~= $0 } == true)
        #expect(rooms.last.map { 60_000_000..<61_000_000 ~= $0 } == true)
        #expect(try body.result(unless: nil).count == 60_000_000)
    }
}

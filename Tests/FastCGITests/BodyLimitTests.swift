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
            bodyLimit: { $0.path == "/file" && $0.header("X-Key") == "right" ? Self.large : Self.small },
            handler: echo)
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

    @Test func `the limit is asked for once, with the params alone`() async throws {
        let asked = Mutex<[FastCGIRequest]>([])
        let path = scratchPath()
        let server = try FastCGIServer(
            listener: Listener(.unix(path: path)), limits: ServerLimits(connections: 1, head: .seconds(600)),
            bodyLimit: { request in
                asked.withLock { $0.append(request) }
                return 0
            }, handler: echo)
        async let running: Void = server.run()
        let web = try WebServer(unix: path)
        // The body never comes, and nobody waits for it.
        try await web.sendBytes(WebServer.begin() + WebServer.params(["REQUEST_METHOD": "PUT", "CONTENT_LENGTH": "1"]))
        #expect(await web.answer().status == 400)
        server.shutDown()
        await running
        let requests = asked.withLock { $0 }
        #expect(requests.count == 1)
        #expect(requests.first?.method == "PUT")
        #expect(requests.first?.stdin == .success([]))
    }

    @Test func `an announcement alone gets a megabyte of room, and a body no more than two rooms`() throws {
        let body = BodyReader(limit: 60_000_000, undeclared: .readToEnd)
        let rooms = Mutex<[Int]>([])
        let silent = body.read(contentLength: "60000000") { buffer in
            rooms.withLock { $0.append(buffer.count) }
            return 0
        }
        #expect(silent == .failure(.bodyTruncated(expected: 60_000_000, received: 0)))
        #expect(rooms.withLock { $0 } == [1 << 20])

        rooms.withLock { $0 = [] }
        let whole = body.read(contentLength: "60000000") { buffer in
            rooms.withLock { $0.append(buffer.count) }
            return buffer.count
        }
        #expect(try whole.get().count == 60_000_000)
        #expect(rooms.withLock { $0 } == [1 << 20, 60_000_000 - 1 << 20])
    }
}

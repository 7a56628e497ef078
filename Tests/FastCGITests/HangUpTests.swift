import FastCGI
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct HangUpTests {
    @Test(arguments: [false, true])
    func `a hang-up cancels the handler, and its place is free for the next`(halfWay: Bool) async throws {
        let started = Gate()
        let cancelled = Gate()
        let handler: Handler = { request in
            guard request.params["SLOW"] != nil else { return Response(status: 200) }
            started.open()
            do { try await Task.sleep(for: .seconds(600)) } catch { cancelled.open() }
            return Response(status: 200)
        }
        try await withServer(connections: 1, handler: handler) { path, _ in
            let slow = try WebServer(unix: path)
            try await slow.send(["SLOW": "1"])
            await started.wait()
            slow.hangUp(halfWay: halfWay)
            await cancelled.wait()
            let next = try WebServer(unix: path)
            try await next.send([:])
            #expect(await next.answer().status == 200)
        }
    }

    @Test func `the server cancels its handlers, and sends what they answer`() async throws {
        let started = Gate()
        let handler: Handler = { _ in
            started.open()
            do { try await Task.sleep(for: .seconds(600)) } catch { return Response(status: 503) }
            return Response(status: 200)
        }
        try await withServer(connections: 1, handler: handler) { path, server in
            let web = try WebServer(unix: path)
            try await web.send([:])
            await started.wait()
            server.cancelHandlers()
            #expect(await web.answer().status == 503)
        }
    }

    @Test func `a hang-up cancels a handler over TCP, too`() async throws {
        let started = Gate()
        let cancelled = Gate()
        let listener = try Listener(.tcp(host: "127.0.0.1", port: 0))
        guard case .tcp(_, let port) = listener.address else { throw WebServer.Failure.connect(errno: 0) }
        let server = try FastCGIServer(
            listener: listener, limits: ServerLimits(connections: 1, head: .seconds(600))
        ) { _ in
            started.open()
            do { try await Task.sleep(for: .seconds(600)) } catch { cancelled.open() }
            return Response(status: 200)
        }
        async let running: Void = server.run()
        let web = try WebServer(tcp: port)
        try await web.send([:])
        await started.wait()
        web.hangUp()
        await cancelled.wait()
        server.shutDown()
        await running
    }

    /// After each of these the one place must be free for the next request.
    @Test(arguments: EarlyEnd.allCases)
    func `a web server that hangs up early costs no place`(end: EarlyEnd) async throws {
        try await withServer(connections: 1, handler: echo) { path, _ in
            for _ in 0..<3 {
                let web = try WebServer(unix: path)
                try await web.sendBytes(end.bytes)
                web.hangUp()
            }
            try await expectServed(path)
        }
    }

    @Test(arguments: Garbage.allCases)
    func `a peer that does not speak FastCGI costs no place`(garbage: Garbage) async throws {
        // Whoever stays connected is given up by the time limit.
        try await withServer(connections: 1, headLimit: .seconds(1), receiveLimit: .seconds(1), handler: echo) {
            path, _ in
            let web = try WebServer(unix: path)
            // It may hang up before it has taken everything.
            do { try await web.sendBytes(garbage.bytes) } catch WebServer.Failure.send {}
            let answer = await web.answer()
            #expect(answer.stdout.isEmpty)
            #expect(answer.isClosed)
            try await expectServed(path)
        }
    }

    /// Cut after any byte, a request ends without an answer, or with the answer to a body that is too short.
    @Test func `a request cut anywhere is no danger`() async throws {
        let whole =
            WebServer.begin() + WebServer.params(["REQUEST_METHOD": "POST", "CONTENT_LENGTH": "5"])
            + WebServer.stream(.stdin, Array("hello".utf8)) + WebServer.record(.stdin, [])
        try await withServer(connections: 2, handler: echo) { path, _ in
            for count in 0..<whole.count {
                let web = try WebServer(unix: path)
                try await web.sendBytes(Array(whole.prefix(count)))
                web.hangUp()
            }
            try await expectServed(path)
        }
    }

    @Test(arguments: [Silence.atOnce, .inParams, .inStdin])
    func `a peer that falls silent is given up`(silence: Silence) async throws {
        try await withServer(connections: 1, headLimit: .seconds(1), receiveLimit: .seconds(1), handler: echo) {
            path, _ in
            let web = try WebServer(unix: path)
            try await web.sendBytes(silence.bytes)
            let answer = await web.answer()
            #expect(answer.isClosed)
            // The begin and the params were read, so there is somebody to tell.
            #expect(answer.status == (silence == .inStdin ? 400 : nil))
            try await expectServed(path)
        }
    }

    @Test func `a web server that stops reading is given up`() async throws {
        let body = [UInt8](repeating: 65, count: 4 << 20)
        let handler: Handler = { request in
            Response(status: 200, body: request.params["LARGE"] == nil ? [] : body)
        }
        try await withServer(connections: 1, sendLimit: .milliseconds(50), handler: handler) { path, _ in
            let web = try WebServer(unix: path)
            try await web.send(["LARGE": "1"])
            let next = try WebServer(unix: path)
            try await next.send([:])
            #expect(await next.answer().status == 200)
            let answer = await web.answer()
            #expect(answer.body.count < body.count)
            #expect(!answer.isEnded && answer.isClosed)
        }
    }

    @Test func `a slow web server gets all of a response`() async throws {
        let body = [UInt8](repeating: 65, count: 1 << 20)
        try await withServer(connections: 1, handler: { _ in Response(status: 200, body: body) }) { path, _ in
            let web = try WebServer(unix: path)
            try await web.send([:])
            let answer = await web.answer(piece: 10_000, pause: .milliseconds(2))
            // Not inside #expect, which would look for the difference between two that differ, for minutes.
            let isWhole = answer.body == body
            #expect(isWhole)
            #expect(answer.isEnded)
        }
    }

    @Test func `a request that comes a byte at a time is served`() async throws {
        let whole =
            WebServer.begin()
            + WebServer.params([
                "REQUEST_METHOD": "POST", "CONTENT_LENGTH": "5", "X": String(repeating: "x", count: 500),
            ])
            + WebServer.stream(.stdin, Array("hello".utf8)) + WebServer.record(.stdin, [])
        try await withServer(handler: echo) { path, _ in
            let web = try WebServer(unix: path)
            do {
                for byte in whole { try await web.sendBytes([byte]) }
            } catch WebServer.Failure.send {
                // The body was whole before the record that ends it, and the response has been sent since.
            }
            #expect(await web.answer().bodyText == "POST hello")
        }
    }

    @Test func `a peer that takes its time byte by byte is given up`() async throws {
        try await withServer(connections: 1, headLimit: .milliseconds(100), handler: echo) { path, _ in
            let web = try WebServer(unix: path)
            let slow = Task {
                for byte in WebServer.begin() + WebServer.params(["X": String(repeating: "x", count: 50_000)]) {
                    try await web.sendBytes([byte])
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
            let answer = await web.answer()
            #expect(answer.isClosed && answer.stdout.isEmpty)
            await #expect(throws: WebServer.Failure.self) { try await slow.value }
        }
    }

    private func expectServed(_ path: String) async throws {
        let web = try WebServer(unix: path)
        try await web.send(["REQUEST_METHOD": "GET"])
        #expect(await web.answer().bodyText == "GET ")
    }
}

enum EarlyEnd: CaseIterable {
    case atOnce, inHeader, afterBegin, inParams, afterParams, inStdin, beforeEndOfStdin

    var bytes: [UInt8] {
        let begin = WebServer.begin()
        let params = WebServer.params(["REQUEST_METHOD": "POST", "CONTENT_LENGTH": "5"])
        let stdin = WebServer.stream(.stdin, Array("hello".utf8))
        return switch self {
        case .atOnce: []
        case .inHeader: Array(begin.prefix(5))
        case .afterBegin: begin
        case .inParams: begin + params.prefix(20)
        case .afterParams: begin + params
        case .inStdin: begin + params + stdin.prefix(10)
        case .beforeEndOfStdin: begin + params + stdin
        }
    }
}

enum Silence {
    case atOnce, inParams, inStdin

    var bytes: [UInt8] {
        switch self {
        case .atOnce: EarlyEnd.atOnce.bytes
        case .inParams: EarlyEnd.inParams.bytes
        case .inStdin: EarlyEnd.inStdin.bytes
        }
    }
}

enum Garbage: CaseIterable {
    case http, zeros, noise, unknownRole, paramsBeforeBegin, stdinBeforeParams, lyingParamLength, lyingNameLength

    var bytes: [UInt8] {
        switch self {
        case .http: Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
        case .zeros: [UInt8](repeating: 0, count: 100_000)
        case .noise: (0..<100_000).map { _ in UInt8.random(in: 2...255) }
        case .unknownRole: WebServer.begin(role: 9) + WebServer.params([:])
        case .paramsBeforeBegin: WebServer.params(["A": "B"])
        case .stdinBeforeParams: WebServer.begin() + WebServer.record(.stdin, [])
        case .lyingParamLength:
            WebServer.begin() + WebServer.record(.params, [1, 100, 65, 66]) + WebServer.record(.params, [])
        case .lyingNameLength:
            WebServer.begin() + WebServer.record(.params, [0xbf, 0xff, 0xff, 0xff, 0xbf, 0xff, 0xff, 0xff, 65])
                + WebServer.record(.params, [])
        }
    }
}

/// Opens once; whoever waits then passes.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for waiter in waiting { waiter.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}

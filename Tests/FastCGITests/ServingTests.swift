import FastCGI
import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing
import System

@Suite(.timeLimit(.minutes(10)))
struct ServingTests {
    @Test func `a hundred requests, one after another`() async throws {
        try await withServer(handler: echo) { path, _ in
            for number in 0..<100 {
                let web = try WebServer(unix: path)
                try await web.send(["REQUEST_METHOD": "POST"], stdin: Array("\(number)".utf8))
                let answer = await web.answer()
                #expect(answer.bodyText == "POST \(number)")
                #expect(answer.status == 200)
                #expect(answer.protocolStatus == 0 && answer.appStatus == 0)
                #expect(answer.isClosed)
            }
        }
    }

    @Test func `requests at once, more than there are places`() async throws {
        try await withServer(connections: 8, handler: echo) { path, _ in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let web = try WebServer(unix: path)
                        try await web.send(["REQUEST_METHOD": "PUT"], stdin: Array("\(number)".utf8))
                        return await web.answer().bodyText == "PUT \(number)"
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test func `as many handlers run as there are places`() async throws {
        let meeting = Meeting(size: 16)
        let handler: Handler = { _ in
            await meeting.arrive()
            return Response(status: 204)
        }
        try await withServer(connections: 16, handler: handler) { path, _ in
            try await withThrowingTaskGroup(of: Int?.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        let web = try WebServer(unix: path)
                        try await web.send([:])
                        return await web.answer().status
                    }
                }
                for try await status in group { #expect(status == 204) }
            }
        }
    }

    @Test func `a handler that computes on threads of its own keeps nobody else waiting`() async throws {
        let computing = try TaskThreads(named: "computing", count: 2)
        defer { computing.stop() }
        let isOver = Mutex(false)
        let handler: Handler = { request in
            guard request.path == "/long" else { return Response(status: 204) }
            // As long as the others have not been answered: longer than any limit, if they waited for this.
            while !isOver.withLock({ $0 }) { usleep(1000) }
            return Response(status: 200, body: Array(threadName().utf8))
        }
        try await withServer(
            connections: 40, executor: { $0.path == "/long" ? computing : nil }, handler: handler
        ) { path, _ in
            // More than the threads that there are.
            let long = try (0..<8).map { _ in try WebServer(unix: path) }
            for web in long { try await web.send(["DOCUMENT_URI": "/long"]) }
            for _ in 0..<20 {
                let web = try WebServer(unix: path)
                try await web.send(["DOCUMENT_URI": "/health"])
                #expect(await web.answer().status == 204)
            }
            isOver.withLock { $0 = true }
            for web in long { #expect(await web.answer().bodyText.hasPrefix("computing-")) }
        }
    }

    @Test func `serves over TCP`() async throws {
        let listener = try Listener(.tcp(host: "localhost", port: 0))
        guard case .tcp(_, let port) = listener.address else { throw WebServer.Failure.connect(errno: 0) }
        let server = try FastCGIServer(
            listener: listener, limits: ServerLimits(connections: 1, head: .seconds(600)), handler: echo)
        async let running: Void = server.run()
        let web = try WebServer(tcp: port)
        try await web.send(["REQUEST_METHOD": "GET"])
        #expect(await web.answer().bodyText == "GET ")
        server.shutDown()
        await running
    }

    @Test func `a connection is closed even if the web server would keep it`() async throws {
        try await withServer(connections: 1, handler: echo) { path, _ in
            let web = try WebServer(unix: path)
            try await web.send([:], keepConnection: true)
            #expect(await web.answer().isClosed)
        }
    }

    @Test(arguments: [UInt8(2), 3]) func `an authorizer or a filter is refused`(role: UInt8) async throws {
        try await withServer(handler: echo) { path, _ in
            let web = try WebServer(unix: path)
            try await web.sendBytes(WebServer.begin(role: role) + WebServer.params([:]) + WebServer.record(.stdin, []))
            let answer = await web.answer()
            #expect(answer.protocolStatus == 3)
            #expect(answer.stdout.isEmpty)
        }
    }

    @Test func `params arrive as they were sent, repaired where they are not UTF-8`() async throws {
        let seen = Mutex<[String: String]>([:])
        let handler: Handler = { request in
            seen.withLock { $0 = request.params }
            return Response(status: 200)
        }
        let long = String(repeating: "x", count: 20_000)
        try await withServer(handler: handler) { path, _ in
            let web = try WebServer(unix: path)
            let pairs =
                WebServer.pair(Array("EMPTY".utf8), []) + WebServer.pair(Array("LONG".utf8), Array(long.utf8))
                + WebServer.pair(Array("BAD".utf8), [0x61, 0xff, 0x62])
                + WebServer.pair(Array("EQ".utf8), Array("a=b".utf8))
                // As a C program would find them in its environment.
                + WebServer.pair(Array("ZERO".utf8), [0x61, 0, 0x62])
                + WebServer.pair([0x4e, 0, 0x4d], Array("dropped".utf8))
                + WebServer.pair(Array("IN=NAME".utf8), Array("b".utf8))
                + WebServer.pair(Array("IN2=c\0d".utf8), Array("b".utf8))
                + WebServer.pair([], Array("nameless".utf8))
                + WebServer.pair([0x42, 0xff], Array("1".utf8)) + WebServer.pair([0x42, 0xfe], Array("2".utf8))
                + WebServer.pair(Array("TWICE".utf8), Array("1".utf8))
                + WebServer.pair(Array("TWICE".utf8), Array("2".utf8))
            try await web.sendBytes(
                WebServer.begin() + WebServer.stream(.params, pairs) + WebServer.record(.params, [])
                    + WebServer.record(.stdin, []))
            #expect(await web.answer().status == 200)
        }
        #expect(
            seen.withLock { $0 } == [
                "EMPTY": "", "LONG": long, "BAD": "a\u{fffd}b", "EQ": "a=b", "TWICE": "2", "ZERO": "a", "IN": "NAME=b",
                "IN2": "c", "": "nameless", "B\u{fffd}": "2",
            ])
    }

    @Test func `a large response arrives whole`() async throws {
        let body = sampleBytes(20_000_000)
        let handler: Handler = { _ in Response(status: 200, body: body) }
        try await withServer(handler: handler) { path, _ in
            let web = try WebServer(unix: path)
            try await web.send([:])
            let answer = await web.answer(piece: 1 << 20)
            // Not inside #expect, which would look for the difference between two that differ, for minutes.
            let isWhole = answer.body == body
            #expect(isWhole)
            #expect(answer.header("Content-Length") == "20000000")
            #expect(answer.isEnded)
        }
    }
}

/// Lets nobody pass until all have arrived.
actor Meeting {
    private let size: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(size: Int) { self.size = size }

    func arrive() async {
        if waiting.count == size - 1 {
            for waiter in waiting { waiter.resume() }
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }
}

private func threadName() -> String {
    (try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)) ?? ""
}

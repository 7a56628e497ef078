import FastCGI
import Interpreter
import Synchronization
import TestSupport
import Testing

/// Web servers that are silent, slow or stuck keep nobody else waiting, however many they are.
@Suite(.timeLimit(.minutes(10)))
struct StuckPeersTests {
    private static let large = [UInt8](repeating: 65, count: 8 << 20)

    /// A large response where it is asked for.
    @Sendable private static func answer(_ request: FastCGIRequest) async -> Response {
        Response(status: 200, body: request.params["LARGE"] == nil ? [] : large)
    }

    enum Stuck: CaseIterable {
        case silent, inRecordHead, inParams, inStdin, inResponse

        /// What comes of its request.
        var bytes: [UInt8] {
            switch self {
            case .silent: []
            case .inRecordHead: Array(WebServer.begin().prefix(5))
            case .inParams: WebServer.begin() + WebServer.params(["X": "Y"]).prefix(10)
            case .inStdin:
                WebServer.begin() + WebServer.params(["CONTENT_LENGTH": "50000"]) + WebServer.record(.stdin, [1])
            case .inResponse: WebServer.begin() + WebServer.params(["LARGE": "1"]) + WebServer.record(.stdin, [])
            }
        }
    }

    /// With fewer places than there are stuck ones, and with more.
    @Test(arguments: Stuck.allCases, [100, 300])
    func `a short request is answered beside two hundred that are stuck`(stuck: Stuck, connections: Int) async throws {
        try await withServer(connections: connections, unsentLimit: 64 << 20, handler: Self.answer) { path, _ in
            var peers: [WebServer] = []
            for _ in 0..<200 {
                let peer = try WebServer(unix: path, patience: 60)
                try await peer.sendBytes(stuck.bytes)
                peers.append(peer)
            }
            for _ in 0..<10 { try await expectServed(path) }
            withExtendedLifetime(peers) {}
        }
    }

    @Test func `a short request is answered beside two hundred that send a byte at a time`() async throws {
        try await withServer(connections: 300, headLimit: .seconds(2), handler: Self.answer) { path, _ in
            let bytes = WebServer.begin() + WebServer.params(["X": String(repeating: "x", count: 1000)])
            let peers = try (0..<200).map { _ in try WebServer(unix: path) }
            let isOver = Atomic(false)
            let senders = Task {
                for byte in bytes {
                    guard !isOver.load(ordering: .relaxed) else { return }
                    for peer in peers {
                        // Given up after a while.
                        do { try await peer.sendBytes([byte]) } catch WebServer.Failure.send {}
                    }
                    try await Task.sleep(for: .milliseconds(200))
                }
            }
            for _ in 0..<10 { try await expectServed(path) }
            #expect(await peers[0].answer().isClosed)
            isOver.store(true, ordering: .relaxed)
            try await senders.value
        }
    }

    @Test func `a head is given up when its time is over, however much of it still comes`() async throws {
        try await withServer(headLimit: .milliseconds(300), receiveLimit: .seconds(60), handler: echo) { path, _ in
            let peer = try WebServer(unix: path)
            let sending = Task {
                for byte in WebServer.begin() + WebServer.params(["X": String(repeating: "x", count: 60_000)]) {
                    try await peer.sendBytes([byte])
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            #expect(await peer.answer().isClosed)
            await #expect(throws: WebServer.Failure.self) { try await sending.value }
        }
    }

    /// Those that move are not given up for those that wait.
    @Test func `a handler is not ended to make room`() async throws {
        let finish = Gate()
        let handler: Handler = { request in
            if request.params["SLOW"] != nil { await finish.wait() }
            return Response(status: 200)
        }
        try await withServer(connections: 20, handler: handler) { path, _ in
            let slow = try (0..<10).map { _ in try WebServer(unix: path, patience: 60) }
            for peer in slow { try await peer.send(["SLOW": "1"]) }
            let silent = try (0..<100).map { _ in try WebServer(unix: path, patience: 60) }
            for _ in 0..<5 { try await expectServed(path) }
            finish.open()
            for peer in slow { #expect(await peer.answer().status == 200) }
            withExtendedLifetime(silent) {}
        }
    }

    @Test func `responses that nobody takes are bounded together`() async throws {
        try await withServer(connections: 300, unsentLimit: 32 << 20, handler: Self.answer) { path, _ in
            let stuck = try (0..<20).map { _ in try WebServer(unix: path, patience: 60) }
            for peer in stuck { try await peer.send(["LARGE": "1"]) }
            // What no longer fits is given up without anybody else's coming.
            try await eventually("an end of those that wait longest") { stuck.prefix(16).contains { $0.isHungUpOn } }
            var given = 0
            for peer in stuck.prefix(16) where await !peer.answer().isEnded { given += 1 }
            #expect(given > 0)
            try await expectServed(path)
        }
    }

    // MARK: - Memory

    @Test func `a body waits for memory, and is read when there is some`() async throws {
        let budget = ByteBudget(limit: 1 << 20)
        let held = Mutex(await budget.holding(1 << 20))
        try await withServer(handler: echo(upTo: 1 << 19, holding: budget)) { path, _ in
            for isDeclared in [true, false] {
                let web = try WebServer(unix: path)
                try await web.sendBytes(
                    WebServer.begin()
                        + WebServer.params(
                            isDeclared ? ["REQUEST_METHOD": "PUT", "CONTENT_LENGTH": "5"] : ["REQUEST_METHOD": "PUT"])
                        + WebServer.stream(.stdin, Array("hello".utf8)) + WebServer.record(.stdin, []))
                // One without a body needs none.
                try await expectServed(path)
                held.withLock { $0 = nil }
                #expect(await web.answer().bodyText == "PUT hello")
                let all = await budget.holding(1 << 20)
                held.withLock { $0 = all }
            }
        }
    }

    @Test func `a body without memory is not read, and the request answered`() async throws {
        let budget = ByteBudget(limit: 1000)
        let held = await budget.holding(600)
        let handler = echo(upTo: 1 << 20, holding: budget, within: .milliseconds(100))
        try await withServer(handler: handler) { path, _ in
            let web = try WebServer(unix: path)
            try await web.send(["REQUEST_METHOD": "PUT"], stdin: [UInt8](repeating: 1, count: 500))
            let answer = await web.answer()
            #expect(answer.bodyText == "\(FastCGIError.noMemoryForBody)" && answer.isEnded)
            #expect(budget.heldCount == 600)
            try await expectServed(path)
        }
        withExtendedLifetime(held) {}
    }

    @Test func `memory comes back with the end of a request, however it ends`() async throws {
        let budget = ByteBudget(limit: 1 << 20)
        try await withServer(handler: echo(upTo: 1 << 20, holding: budget)) { path, _ in
            for _ in 0..<3 {
                let whole = try WebServer(unix: path)
                try await whole.send(["REQUEST_METHOD": "PUT"], stdin: [UInt8](repeating: 65, count: 1 << 19))
                #expect(await whole.answer().status == 200)
                let cut = try WebServer(unix: path)
                try await cut.sendBytes(
                    WebServer.begin() + WebServer.params(["CONTENT_LENGTH": "500000"]) + WebServer.record(.stdin, [1]))
                cut.hangUp()
                #expect(await cut.answer().isClosed)
            }
            try await expectServed(path)
        }
        #expect(budget.heldCount == 0)
    }

    private func expectServed(_ path: String) async throws {
        let web = try WebServer(unix: path, patience: 60)
        try await web.send(["REQUEST_METHOD": "GET"])
        #expect(await web.answer().status == 200)
    }
}

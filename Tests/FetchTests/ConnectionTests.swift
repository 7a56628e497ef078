import Fetch
import Foundation
import Synchronization
import TestSupport
import Testing

/// What is reused, what is sent again, what is given back.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct ConnectionTests {
    @Test func `requests one after another share a connection`() async throws {
        let fetcher = try Fetcher()
        let server = Loopback { connection in
            while connection.readRequest() != nil { connection.respond("ok") }
        }
        for _ in 0..<20 { _ = try await fetcher.response(to: .init(url: server.url)) }
        #expect(server.acceptCount == 1)
    }

    @Test func `hundreds at once are answered`() async throws {
        let fetcher = try Fetcher()
        let server = Loopback { connection in
            while let request = connection.readRequest() { connection.respond(request.line) }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<400 {
                group.addTask {
                    let response = try await fetcher.response(to: .init(url: "\(server.url)/\(index)"))
                    #expect(String(decoding: response.body, as: UTF8.self) == "GET /\(index) HTTP/1.1")
                }
            }
            try await group.waitForAll()
        }
    }

    @Test(arguments: ["GET", "POST"])
    func `a pooled connection that the server has closed is passed over`(_ method: String) async throws {
        let fetcher = try Fetcher()
        let (closed, sayClosed) = AsyncStream.makeStream(of: Void.self)
        let requests = Atomic(0)
        let server = Loopback { connection in
            guard connection.readRequest() != nil else { return }
            requests.add(1, ordering: .relaxed)
            connection.respond("ok")
            shutdown(connection.socket, CInt(SHUT_WR))
            sayClosed.yield()
            connection.waitForHangUp()
        }
        var closings = closed.makeAsyncIterator()
        for _ in 0..<3 {
            _ = try await fetcher.response(
                to: .init(method: method, url: server.url, body: method == "POST" ? [1] : nil))
            await closings.next()
        }
        #expect(server.acceptCount == 3)
        #expect(requests.load(ordering: .relaxed) == 3)
    }

    /// Answers the first request, and ends each connection when it has read a second one, unanswered.
    private func unreliable(_ requests: @escaping @Sendable () -> Void) -> Loopback {
        Loopback { connection in
            guard connection.readRequest() != nil else { return }
            requests()
            connection.respond("ok")
            guard connection.readRequest() != nil else { return }
            requests()
        }
    }

    @Test func `a GET whose pooled connection ended before the answer is sent once more`() async throws {
        let fetcher = try Fetcher()
        let requests = Mutex(0)
        let server = unreliable { requests.withLock { $0 += 1 } }
        for _ in 0..<2 { #expect(try await fetcher.response(to: .init(url: server.url)).head.status == 200) }
        #expect(requests.withLock { $0 } == 3)
        #expect(server.acceptCount == 2)
    }

    @Test(arguments: [nil, 0, 3, 300_000])
    func `a POST that may have been acted on is never sent again`(_ length: Int?) async throws {
        let fetcher = try Fetcher()
        let requests = Mutex(0)
        let server = unreliable { requests.withLock { $0 += 1 } }
        let body = length.map { [UInt8](repeating: 1, count: $0) }
        let request = FetchRequest(method: "POST", url: server.url, body: body)
        _ = try await fetcher.response(to: request)
        await #expect(throws: FetchError.cut) { try await fetcher.response(to: request) }
        // A third one needs a new connection, so the second cannot still be on its way.
        _ = try await fetcher.response(to: request)
        #expect(requests.withLock { $0 } == 3)
    }

    @Test func `a connection is not passed on to programs that are started`() async throws {
        let fetcher = try Fetcher()
        let server = Loopback { connection in
            while connection.readRequest() != nil { connection.respond() }
        }
        _ = try await fetcher.response(to: .init(url: server.url))
        let sockets = (0..<CInt(4096)).filter { descriptor in
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            return withUnsafeMutablePointer(to: &address) { raw in
                raw.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) == 0 }
            } && address.sin_family == AF_INET && address.sin_port == server.port.bigEndian
        }
        #expect(sockets.count == 1)
        #expect(sockets.allSatisfy { fcntl($0, F_GETFD) & FD_CLOEXEC != 0 })
    }

    /// Its socket is watched again where it was before, or it is another one of the same number.
    @Test func `a server may close a connection at any time between two requests`() async throws {
        let fetcher = try Fetcher()
        let server = Loopback { connection in
            for _ in 0..<Int.random(in: 1...3) {
                guard connection.readRequest() != nil else { return }
                connection.respond("ok")
            }
            shutdown(connection.socket, CInt(SHUT_WR))
            connection.waitForHangUp()
        }
        for number in 0..<60 {
            let response = try await fetcher.response(to: .init(url: server.url))
            #expect(response.head.status == 200)
            if number % 3 == 0 { try await Task.sleep(for: .milliseconds(2)) }
        }
        #expect(server.acceptCount > 10)
    }

    @Test func `a proxy is asked, if one is configured`() async throws {
        let proxy = Loopback { connection in
            while let request = connection.readRequest() { connection.respond(request.line) }
        }
        let fetcher = try Fetcher(.init(proxy: proxy.url))
        let response = try await fetcher.response(to: .init(url: "http://nobody.invalid/path"))
        #expect(String(decoding: response.body, as: UTF8.self) == "GET http://nobody.invalid/path HTTP/1.1")
    }

    @Test(arguments: ["HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "", "nonsense\r\n\r\n"])
    func `a proxy that refuses is no connection`(_ reply: String) async throws {
        let proxy = Loopback { connection in
            _ = connection.readRequest()
            connection.write(reply)
        }
        let fetcher = try Fetcher(.init(proxy: proxy.url))
        await #expect(throws: FetchError.couldNotConnect(host: "nobody.invalid")) {
            try await fetcher.response(to: .init(url: "https://nobody.invalid/"))
        }
    }

    @Test func `thousands of transfers leave no descriptor behind`() async throws {
        func descriptorCount() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        }
        let fetcher = try Fetcher()
        // Every other connection is closed by the server after one response, and every tenth response is cut.
        let answers = Atomic(0)
        let server = Loopback { connection in
            while connection.readRequest() != nil {
                let number = answers.add(1, ordering: .relaxed).newValue
                if number.isMultiple(of: 10) {
                    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
                    return
                }
                connection.respond("ok")
                if number.isMultiple(of: 2) { return }
            }
        }
        func burst() async {
            await withTaskGroup(of: Void.self) { group in
                for worker in 0..<20 {
                    group.addTask {
                        for round in 0..<50 {
                            let request = FetchRequest(method: "POST", url: server.url, body: [1])
                            if (worker + round).isMultiple(of: 7) {
                                _ = try? await fetcher.withStream(of: request) { _ = try await $0.head() }
                            } else {
                                _ = try? await fetcher.response(to: request)
                            }
                        }
                    }
                }
            }
        }
        await burst()
        let before = try descriptorCount()
        for _ in 0..<4 { await burst() }
        // Both ends of up to 20 connections are this process's. One for each transfer would be 4000, for good; other tests
        // have hundreds for a while.
        try await eventually("few descriptors") { try descriptorCount() <= before + 200 }
        await fetcher.stop()
    }
}

import Dispatch
import Fetch
import Glibc
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct StreamTests {
    let fetcher: Fetcher

    init() throws { fetcher = try Fetcher() }

    private static let chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    @Test func `the head comes before the body is sent`() async throws {
        let headSeen = DispatchSemaphore(value: 0)
        let server = Loopback { connection in
            _ = connection.readRequest()
            connection.write(Self.chunkedHead)
            headSeen.wait()
            connection.write(chunk: "late")
            connection.write(chunk: "")
        }
        let body = try await fetcher.withStream(of: .init(url: server.url)) { stream in
            let head = try await stream.head()
            #expect(head.status == 200)
            headSeen.signal()
            var body: [UInt8] = []
            while let bytes = try await stream.next() { body += bytes }
            return body
        }
        #expect(String(decoding: body, as: UTF8.self) == "late")
    }

    @Test func `a reader gets at once all that has arrived`() async throws {
        let server = Loopback { connection in
            _ = connection.readRequest()
            connection.write(Self.chunkedHead)
            for _ in 0..<1000 { connection.write(chunk: "ab") }
            connection.write(chunk: "")
        }
        try await fetcher.withStream(of: .init(url: server.url)) { stream in
            var count = 0
            var pieces = 0
            while let bytes = try await stream.next() {
                count += bytes.count
                pieces += 1
                // Behind the sender on purpose, so that something is waiting.
                await Task.yield()
            }
            #expect(count == 2000)
            #expect(pieces < 1000)
        }
    }

    @Test func `a slow reader slows the sender`() async throws {
        let length = 64 << 20
        let sent = Atomic(0)
        let server = Loopback { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(length)\r\n\r\n")
            let piece = [UInt8](repeating: 7, count: 1 << 16)
            for _ in 0..<(length / piece.count) {
                guard connection.write(piece) else { return }
                sent.add(piece.count, ordering: .relaxed)
            }
        }
        let request = FetchRequest(url: server.url, responseLimit: length)
        let received = try await fetcher.withStream(of: request) { stream in
            _ = try await stream.head()
            // Until the sender stands still: kernel buffers and our mark are full.
            var before = -1
            while before != sent.load(ordering: .relaxed) || before == 0 {
                before = sent.load(ordering: .relaxed)
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(before < 16 << 20)
            var received = 0
            while let bytes = try await stream.next() {
                #expect(bytes.count <= 512 << 10)
                received += bytes.count
            }
            return received
        }
        #expect(received == length)
    }

    @Test func `a stream may be left while it is paused`() async throws {
        let length = 16 << 20
        let (hungUp, sayHungUp) = AsyncStream.makeStream(of: Void.self)
        let server = Loopback { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(length)\r\n\r\n")
            if !connection.write([UInt8](repeating: 7, count: length)) { sayHungUp.yield() }
        }
        try await fetcher.withStream(of: .init(url: server.url, responseLimit: length)) { stream in
            _ = try await stream.head()
            try await Task.sleep(for: .milliseconds(100))
        }
        for await _ in hungUp { break }
    }

    @Test func `a closure that returns early closes the connection`() async throws {
        let (hungUp, sayHungUp) = AsyncStream.makeStream(of: Void.self)
        let server = Loopback { connection in
            _ = connection.readRequest()
            connection.write(Self.chunkedHead)
            connection.write(chunk: "first")
            connection.waitForHangUp()
            sayHungUp.yield()
        }
        let first = try await fetcher.withStream(of: .init(url: server.url)) { try await $0.next() }
        #expect(first == Array("first".utf8))
        for await _ in hungUp { break }
    }

    @Test func `a closure that throws closes the connection`() async throws {
        struct Enough: Error {}
        let (hungUp, sayHungUp) = AsyncStream.makeStream(of: Void.self)
        let server = Loopback { connection in
            _ = connection.readRequest()
            connection.write(Self.chunkedHead)
            connection.waitForHangUp()
            sayHungUp.yield()
        }
        await #expect(throws: Enough.self) {
            try await fetcher.withStream(of: .init(url: server.url)) { stream in
                _ = try await stream.head()
                throw Enough()
            }
        }
        for await _ in hungUp { break }
    }

    @Test func `what came before a cut is read before the error`() async throws {
        let server = Loopback { connection in
            _ = connection.readRequest()
            connection.write(Self.chunkedHead)
            connection.write(chunk: "half")
        }
        try await fetcher.withStream(of: .init(url: server.url)) { stream in
            var body: [UInt8] = []
            await #expect(throws: FetchError.cut) {
                while let bytes = try await stream.next() { body += bytes }
            }
            #expect(String(decoding: body, as: UTF8.self) == "half")
        }
    }

    @Test func `a finished stream leaves its connection for the next request`() async throws {
        let server = Loopback { connection in
            while connection.readRequest() != nil { connection.respond("ok") }
        }
        for _ in 0..<3 {
            try await fetcher.withStream(of: .init(url: server.url)) { stream in
                while try await stream.next() != nil {}
            }
        }
        #expect(server.acceptCount == 1)
    }

    @Test func `a reader that has seen enough may leave the end to come by itself`() async throws {
        let mayEnd = DispatchSemaphore(value: 0)
        let connections = Atomic(0)
        let server = Loopback { connection in
            let isFirst = connections.add(1, ordering: .relaxed).newValue == 1
            guard connection.readRequest() != nil else { return }
            guard isFirst else {
                connection.respond("other", headers: ["Connection: close"])
                return
            }
            connection.write(Self.chunkedHead)
            connection.write(chunk: "all")
            mayEnd.wait()
            connection.write(chunk: "")
            if connection.readRequest() != nil { connection.respond("same") }
        }
        try await fetcher.withStream(of: .init(url: server.url)) { stream in
            let bytes = try await stream.next()
            #expect(bytes == Array("all".utf8))
            stream.finish()
        }
        mayEnd.signal()
        // Until the driver has seen the end, the connection is not to be had.
        while try await fetcher.response(to: .init(url: server.url)).body != Array("same".utf8) {}
    }

    @Test func `an end that does not come by itself is not waited for`() async throws {
        let (hungUp, sayHungUp) = AsyncStream.makeStream(of: Void.self)
        let server = Loopback { connection in
            _ = connection.readRequest()
            connection.write(Self.chunkedHead)
            while connection.write(chunk: "more") { usleep(10_000) }
            sayHungUp.yield()
        }
        try await fetcher.withStream(of: .init(url: server.url)) { stream in
            _ = try await stream.next()
            stream.finish()
        }
        for await _ in hungUp { break }
    }

    @Test func `cancelling a reader inside the closure ends its wait`() async throws {
        let server = Loopback { connection in
            _ = connection.readRequest()
            connection.waitForHangUp()
        }
        try await fetcher.withStream(of: .init(url: server.url)) { stream in
            let reader = Task { try await stream.next() }
            reader.cancel()
            await #expect(throws: FetchError.cancelled) { try await reader.value }
        }
    }

    @Test func `a stream over its limit is an error`() async throws {
        let server = Loopback { connection in
            _ = connection.readRequest()
            connection.respond("12345")
        }
        for (limit, isEnough) in [(4, false), (5, true), (6, true)] {
            try await fetcher.withStream(of: .init(url: server.url, responseLimit: limit)) { stream in
                if isEnough {
                    while try await stream.next() != nil {}
                } else {
                    await #expect(throws: FetchError.responseTooLarge(limit: limit)) {
                        while try await stream.next() != nil {}
                    }
                }
            }
        }
    }
}

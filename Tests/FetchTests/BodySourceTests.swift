import Fetch
import Glibc
import Synchronization
import TestSupport
import Testing

/// Bodies that are made while they are sent.
@Suite(.timeLimit(.minutes(10)))
struct BodySourceTests {
    let fetcher: Fetcher

    init() throws { fetcher = try Fetcher() }

    private struct Broken: Error, Equatable {}

    /// Pieces, and what becomes of who asks for them.
    private final class Pieces: AsyncSequence, Sendable {
        typealias Element = [UInt8]

        let make: @Sendable (Int) async throws -> [UInt8]?
        let askedCount = Atomic(0)
        let byteCount = Atomic(0)
        let wasCancelled = Atomic(false)

        /// - Parameter make: the piece of this number; nil: there are no more.
        init(_ make: @escaping @Sendable (Int) async throws -> [UInt8]?) { self.make = make }

        convenience init(_ pieces: [[UInt8]]) { self.init { $0 < pieces.count ? pieces[$0] : nil } }

        /// One that gives these and then nothing, until it is cancelled.
        static func stuck(after pieces: [[UInt8]] = []) -> Pieces {
            Pieces { number in
                if number < pieces.count { return pieces[number] }
                try await Task.sleep(for: .seconds(3600))
                return nil
            }
        }

        struct Iterator: AsyncIteratorProtocol {
            let pieces: Pieces
            var number = 0

            mutating func next() async throws -> [UInt8]? {
                pieces.askedCount.add(1, ordering: .relaxed)
                defer { number += 1 }
                do {
                    let piece = try await pieces.make(number)
                    pieces.byteCount.add(piece?.count ?? 0, ordering: .relaxed)
                    return piece
                } catch {
                    pieces.wasCancelled.store(Task.isCancelled, ordering: .relaxed)
                    throw error
                }
            }
        }

        func makeAsyncIterator() -> Iterator { Iterator(pieces: self) }
    }

    private func request(
        _ server: Loopback, _ pieces: Pieces, length: Int? = nil, method: String = "POST",
        timeout: Duration = .seconds(300)
    ) -> FetchRequest {
        var request = FetchRequest(method: method, url: server.url, timeout: timeout)
        request.body = .pieces(BodySource(pieces, length: length))
        return request
    }

    /// A server that reads a request's head, says so, and leaves the rest to `serve`.
    private func server(_ serve: @escaping @Sendable (Loopback.Connection, _ head: String) -> Void) -> Loopback {
        Loopback { connection in
            while let head = connection.readHead() { serve(connection, head) }
        }
    }

    @Test func `pieces of a known length arrive as one body`() async throws {
        let bodies = Mutex<[[UInt8]]>([])
        let server = Loopback { connection in
            while let request = connection.readRequest() {
                bodies.withLock { $0.append(request.body) }
                connection.respond(request.headers.filter { $0.hasPrefix("Content-") }.joined(separator: "|"))
            }
        }
        let large = [UInt8](repeating: 7, count: 1 << 20)
        for pieces in [[[1], [], [2, 3]], [large, [1], large], [Array(large.prefix(65_536))]] as [[[UInt8]]] {
            let whole = pieces.flatMap(\.self)
            let response = try await fetcher.response(to: request(server, Pieces(pieces), length: whole.count))
            #expect(String(decoding: response.body, as: UTF8.self) == "Content-Length: \(whole.count)")
            #expect(bodies.withLock { $0.last } == whole)
        }
        _ = try await fetcher.response(to: request(server, Pieces([]), length: 0))
        #expect(bodies.withLock { $0.last } == [])
        #expect(server.acceptCount == 1, "the connection is used again")
    }

    @Test func `pieces of an unknown length arrive in chunks`() async throws {
        let server = server { connection, head in
            let body = connection.readChunks()
            connection.respond("\(head.contains("Transfer-Encoding: chunked")) \(body.map(String.init) ?? "cut")")
        }
        for count in [0, 1, 100_000, 3_000_000] {
            let pieces = Pieces { number in
                let rest = count - number * 10_007
                return rest > 0 ? [UInt8](repeating: 1, count: min(rest, 10_007)) : nil
            }
            let response = try await fetcher.response(to: request(server, pieces))
            #expect(String(decoding: response.body, as: UTF8.self) == "true \(count)")
        }
        #expect(server.acceptCount == 1)
    }

    @Test(arguments: [true, false]) func `a server that does not read makes the source wait`(
        isLengthKnown: Bool
    ) async throws {
        let length = 64 << 20
        let piece = [UInt8](repeating: 5, count: 64 << 10)
        let pieces = Pieces { $0 < length / piece.count ? piece : nil }
        let (reading, mayRead) = AsyncStream.makeStream(of: Void.self)
        let gate = Gate()
        let server = Loopback { connection in
            _ = connection.readHead()
            mayRead.yield()
            gate.wait()
            let count = isLengthKnown ? connection.read(count: length) : connection.readChunks()
            connection.respond("\(count ?? -1)")
        }
        async let response = fetcher.response(to: request(server, pieces, length: isLengthKnown ? length : nil))
        for await _ in reading { break }
        // Until it stands still: the kernel's buffers and ours are full.
        var before = -1
        while before != pieces.byteCount.load(ordering: .relaxed) || before == 0 {
            before = pieces.byteCount.load(ordering: .relaxed)
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(before < 16 << 20)
        gate.open()
        let body = try await response.body
        #expect(String(decoding: body, as: UTF8.self) == "\(length)")
    }

    @Test(arguments: [nil, 200_000]) func `a source that throws ends the transfer`(length: Int?) async throws {
        let (ended, sayEnded) = AsyncStream.makeStream(of: Bool.self)
        let server = server { connection, _ in
            sayEnded.yield((length == nil ? connection.readChunks() : connection.read(count: 200_000)) == nil)
        }
        let pieces = Pieces { number in
            guard number < 2 else { throw Broken() }
            return [UInt8](repeating: 1, count: 70_000)
        }
        let request = request(server, pieces, length: length)
        await #expect(throws: FetchError.bodyFailed) { try await fetcher.response(to: request) }
        guard case .pieces(let source) = request.body else { return }
        #expect(source.failure as? Broken == Broken())
        for await wasCut in ended {
            #expect(wasCut, "the server did not take it for a whole one")
            break
        }
    }

    @Test(arguments: [(1000, 999), (1000, 1001), (100_000, 99_999), (100_000, 200_000)])
    func `a body that is not as long as it said does not arrive`(announced: Int, actual: Int) async throws {
        let (ended, sayEnded) = AsyncStream.makeStream(of: Bool.self)
        let server = server { connection, _ in sayEnded.yield(connection.read(count: announced) == nil) }
        for isWhole in [true, false] {
            let bytes = [UInt8](repeating: 1, count: actual)
            let pieces = Pieces(isWhole ? [bytes] : [Array(bytes.dropLast()), [1]])
            let request = request(server, pieces, length: announced)
            await #expect(throws: FetchError.bodyFailed) { try await fetcher.response(to: request) }
            guard case .pieces(let source) = request.body else { return }
            #expect(source.failure as? BodyError == .wrongLength(announced: announced))
            // One whose only piece is too long has sent nothing, perhaps not even its head.
            if isWhole, actual > announced { continue }
            for await wasCut in ended {
                #expect(wasCut)
                break
            }
        }
    }

    @Test func `a body is not sent twice`() async throws {
        let heads = Atomic(0)
        let server = Loopback { connection in
            while connection.readHead() != nil {
                guard heads.add(1, ordering: .relaxed).newValue == 1 else { return }
                _ = connection.read(count: 3)
                connection.respond()
            }
        }
        _ = try await fetcher.response(to: request(server, Pieces([[1, 2, 3]]), length: 3, method: "PUT"))
        // The kept connection ends after the head. Bytes in memory would be sent again on another one.
        let pieces = Pieces([[1, 2, 3]])
        await #expect(throws: FetchError.cut) {
            try await fetcher.response(to: request(server, pieces, length: 3, method: "PUT"))
        }
        #expect(heads.load(ordering: .relaxed) == 2)
    }

    @Test func `without a connection the source is not asked, and may be used again`() async throws {
        let free = try freePort()
        let pieces = Pieces([[1, 2, 3]])
        let server = Loopback { connection in
            while let request = connection.readRequest() { connection.respond("\(request.body)") }
        }
        var request = request(server, pieces, length: 3)
        request.url = "http://127.0.0.1:\(free)"
        await #expect(throws: FetchError.couldNotConnect(host: "127.0.0.1")) { try await fetcher.response(to: request) }
        #expect(pieces.askedCount.load(ordering: .relaxed) == 0)
        request.url = server.url
        let response = try await fetcher.response(to: request)
        #expect(response.body == Array("[1, 2, 3]".utf8))
        // Now it is used up.
        await #expect(throws: FetchError.bodyFailed) { try await fetcher.response(to: request) }
        guard case .pieces(let source) = request.body else { return }
        #expect(source.failure as? BodyError == .sentBefore)
    }

    @Test func `cancelling the caller cancels the source and hangs up`() async throws {
        let (began, sayBegan) = AsyncStream.makeStream(of: Void.self)
        let (hungUp, sayHungUp) = AsyncStream.makeStream(of: Void.self)
        let server = server { connection, _ in
            _ = connection.read(count: 1)
            sayBegan.yield()
            connection.waitForHangUp()
            sayHungUp.yield()
        }
        for isStream in [false, true] {
            let pieces = Pieces.stuck(after: [[1]])
            let request = request(server, pieces)
            let task = Task {
                if isStream {
                    try await fetcher.withStream(of: request) { _ = try await $0.head() }
                } else {
                    _ = try await fetcher.response(to: request)
                }
            }
            for await _ in began { break }
            task.cancel()
            await #expect(throws: FetchError.cancelled) { try await task.value }
            #expect(pieces.wasCancelled.load(ordering: .relaxed) == true)
            for await _ in hungUp { break }
        }
    }

    @Test(arguments: [
        "Content-Length: 4\r\n\r\nfull", "Content-Length: 4\r\nConnection: close\r\n\r\nfull",
        "Connection: close\r\n\r\nfull",
        "Transfer-Encoding: chunked\r\n\r\n4\r\nfull\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\nfull\r\n0\r\n\r\n",
    ])
    func `a server that refuses the body early is heard`(response: String) async throws {
        for (hangsUp, isStuck) in [(true, true), (true, false), (false, true), (false, false)] {
            let server = server { connection, _ in
                _ = connection.read(count: 1)
                connection.write("HTTP/1.1 413 Content Too Large\r\n\(response)")
                if hangsUp { connection.hangUp() } else { connection.waitForSilence() }
            }
            let piece = [UInt8](repeating: 1, count: 1 << 16)
            let pieces = isStuck ? Pieces.stuck(after: [piece]) : Pieces { _ in piece }
            for length in [nil, 1 << 30] {
                let response = try await fetcher.response(to: request(server, pieces, length: length))
                #expect(response.head.status == 413)
                #expect(response.body == Array("full".utf8))
            }
        }
    }

    @Test func `the response may come while the body is sent`() async throws {
        let server = server { connection, _ in
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            _ = connection.read(count: 6)
            connection.write(chunk: "one")
            _ = connection.readChunks()
            connection.write(chunk: "")
        }
        let (answered, sayAnswered) = AsyncStream.makeStream(of: Void.self)
        let pieces = Pieces { number in
            guard number > 0 else { return [1] }
            if number == 1 { for await _ in answered { break } }
            return number == 1 ? [2] : nil
        }
        try await fetcher.withStream(of: request(server, pieces)) { stream in
            let first = try await stream.next()
            #expect(first == Array("one".utf8))
            sayAnswered.yield()
            let second = try await stream.next()
            #expect(second == nil)
        }
    }

    @Test func `a slow source is not the server's silence`() async throws {
        let server = server { connection, _ in
            // What comes after the body is.
            if connection.readChunks() == 2 { connection.waitForHangUp() }
        }
        let pieces = Pieces { number in
            if number == 1 { try await Task.sleep(for: .seconds(4)) }
            return number < 2 ? [1] : nil
        }
        var request = request(server, pieces)
        request.idleTimeout = .seconds(2)
        await #expect(throws: FetchError.idle) { try await fetcher.response(to: request) }
        #expect(pieces.askedCount.load(ordering: .relaxed) == 3, "all of it was sent")
    }

    @Test func `the whole has its time, whoever is slow`() async throws {
        let server = server { connection, _ in connection.waitForHangUp() }
        let pieces = Pieces.stuck()
        await #expect(throws: FetchError.timedOut) {
            try await fetcher.response(to: request(server, pieces, timeout: .seconds(1)))
        }
        // On a busy machine the time may be up before it was asked.
        if pieces.askedCount.load(ordering: .relaxed) > 0 {
            #expect(pieces.wasCancelled.load(ordering: .relaxed) == true)
        }
    }

    @Test func `stopping ends the source`() async throws {
        let (began, sayBegan) = AsyncStream.makeStream(of: Void.self)
        let server = server { connection, _ in
            sayBegan.yield()
            connection.waitForHangUp()
        }
        let pieces = Pieces.stuck()
        let response = Task { try await fetcher.response(to: request(server, pieces)) }
        for await _ in began { break }
        while pieces.askedCount.load(ordering: .relaxed) == 0 { await Task.yield() }
        await fetcher.stop()
        await #expect(throws: FetchError.shutDown) { try await response.value }
        #expect(pieces.wasCancelled.load(ordering: .relaxed) == true)
        let late = Pieces([[1]])
        await #expect(throws: FetchError.shutDown) { try await fetcher.response(to: request(server, late)) }
    }
}

/// Opened once.
private final class Gate: Sendable {
    private let isOpen = Atomic(false)

    func open() { isOpen.store(true, ordering: .releasing) }

    /// For a thread of its own.
    func wait() { while !isOpen.load(ordering: .acquiring) { usleep(10_000) } }
}

extension Loopback.Connection {
    /// Up to the empty line and nothing of what follows it.
    fileprivate func readHead() -> String? {
        var head = ""
        while !head.hasSuffix("\r\n\r\n") {
            guard let byte = readByte() else { return nil }
            head.unicodeScalars.append(Unicode.Scalar(byte))
        }
        return head
    }

    /// - Returns: `count`; nil: the peer has closed before.
    fileprivate func read(count: Int) -> Int? {
        var rest = count
        var room = [UInt8](repeating: 0, count: 1 << 16)
        while rest > 0 {
            let got = recv(socket, &room, min(rest, room.count), 0)
            guard got > 0 else { return nil }
            rest -= got
        }
        return count
    }

    /// The number of bytes in the chunks of a body; nil: it was cut.
    fileprivate func readChunks() -> Int? {
        var count = 0
        while true {
            var line = ""
            while !line.hasSuffix("\r\n") {
                guard let byte = readByte() else { return nil }
                line.unicodeScalars.append(Unicode.Scalar(byte))
            }
            guard let size = Int(line.dropLast(1), radix: 16) else { return nil }
            guard read(count: size + 2) != nil else { return nil }
            guard size > 0 else { return count }
            count += size
        }
    }

    private func readByte() -> UInt8? {
        var byte: UInt8 = 0
        return recv(socket, &byte, 1, 0) == 1 ? byte : nil
    }

    fileprivate func hangUp() { shutdown(socket, CInt(SHUT_RDWR)) }

    /// Reads nothing and keeps the connection until the peer has closed it.
    fileprivate func waitForSilence() {
        var event = pollfd(fd: socket, events: 0x2000, revents: 0)  // POLLRDHUP
        poll(&event, 1, 60_000)
    }
}

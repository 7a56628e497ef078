import Foundation
import Synchronization
import TestSupport
import Testing

@testable import E2B

private struct Broken: Error, Equatable {}

/// Files that are written and read in pieces, against a server that does as the script says.
@Suite(.timeLimit(.minutes(10))) struct FilePiecesTests {
    /// Answers uploads and moves as envd does.
    private static func e2b(
        upload: @escaping @Sendable (Loopback.Connection) -> Bool = {
            $0.respond(#"[{"path":"/home/user/d/.x.part","name":".x.part","type":"file"}]"#)
        },
        move: @escaping @Sendable (Loopback.Connection) -> Bool = {
            $0.respond(#"{"entry":{"path":"/home/user/d/a","name":"a"}}"#)
        }
    ) -> LoopbackE2B {
        LoopbackE2B { request, connection in
            if request.line.contains("/files?") { return upload(connection) }
            if request.line.contains("Move") { return move(connection) }
            if request.line.contains("health") { return connection.respond(status: "204 No Content") }
            return connection.respond("{}")
        }
    }

    private static func pieces(_ pieces: [[UInt8]], then error: Broken? = nil) -> AsyncThrowingStream<
        [UInt8], any Error
    > {
        AsyncThrowingStream { stream in
            for piece in pieces { stream.yield(piece) }
            stream.finish(throwing: error)
        }
    }

    @Test(arguments: [true, false]) func `pieces are written beside the file, and moved`(isRaw: Bool) async throws {
        let e2b = Self.e2b()
        var sandbox = testSandbox
        sandbox.envdVersion = isRaw ? "0.5.7" : "0.5.6"
        try await e2b.withClient { client in
            let file = try await client.write(
                Self.pieces([[1, 2], [], [3]]), length: 3, to: "d/a", user: "root", in: sandbox)
            #expect(file == WrittenFile(path: "/home/user/d/a", name: "a"))
        }
        let (upload, move) = (e2b.requests[0], e2b.requests[1])
        let part = try #require(upload.line.split(separator: "path=d%2F").last?.split(separator: "&").first)
        #expect(part.hasPrefix(".") && part.hasSuffix(".part"))
        #expect(upload.line == "POST /files?path=d%2F\(part)&username=root HTTP/1.1")
        if isRaw {
            #expect(upload.fields["content-type"] == "application/octet-stream" && upload.body == [1, 2, 3])
        } else {
            #expect(upload.body.firstRange(of: [13, 10, 13, 10, 1, 2, 3, 13, 10, 45, 45]) != nil)
        }
        #expect(move.line == "POST /filesystem.Filesystem/Move HTTP/1.1")
        #expect(move.json == ["source": "d/\(part)", "destination": "d/a"])
        #expect(e2b.requests.count == 2)
    }

    @Test func `a part of a file is never at its path`() async throws {
        let e2b = Self.e2b()
        try await e2b.withClient { client in
            await #expect(throws: Broken()) {
                try await client.write(Self.pieces([[1]], then: Broken()), length: 3, to: "/d/a", in: testSandbox)
            }
            for pieces in [[[1], [2]], [[1], [2], [3, 4]]] as [[[UInt8]]] {
                await #expect(
                    throws: E2BError.broken(
                        .writeFile, why: "the pieces are not the 3 bytes that were announced")
                ) { try await client.write(Self.pieces(pieces), length: 3, to: "/d/a", in: testSandbox) }
            }
        }
        #expect(e2b.requests.allSatisfy { $0.line == "POST /filesystem.Filesystem/Remove HTTP/1.1" })
        let removed = e2b.requests.compactMap { $0.json?["path"] as? String }
        #expect(removed.count == 3 && Set(removed).count == 3)
        #expect(removed.allSatisfy { $0.hasPrefix("/d/.") && $0.hasSuffix(".part") })
    }

    @Test func `what the sandbox refuses is removed`() async throws {
        let full = E2BError.refused(.writeFile, status: 507, message: "not enough disk space available")
        let exists = E2BError.refused(.writeFile, status: 500, message: "rename: file exists")
        let refusals = [
            (
                Self.e2b(upload: {
                    $0.respond(#"{"code":507,"message":"not enough disk space available"}"#, status: "507 Full")
                }), full
            ),
            (
                Self.e2b(move: {
                    $0.respond(#"{"code":"internal","message":"rename: file exists"}"#, status: "500 Error")
                }), exists
            ),
        ]
        for (e2b, error) in refusals {
            try await e2b.withClient { client in
                await #expect(throws: error) {
                    try await client.write(Self.pieces([[1]]), length: 1, to: "a", in: testSandbox)
                }
            }
            #expect(e2b.requests.last?.line == "POST /filesystem.Filesystem/Remove HTTP/1.1")
        }
    }

    @Test func `in a sandbox that is gone nothing is removed`() async throws {
        let e2b = Self.e2b(upload: { $0.respondSandboxGone() })
        try await e2b.withClient { client in
            await #expect(throws: E2BError.sandboxGone(message: "The sandbox was not found")) {
                try await client.write(Self.pieces([[1]]), length: 1, to: "a", in: testSandbox)
            }
        }
        #expect(e2b.requests.count == 1)
    }

    @Test(arguments: ["", "/", "a/", "~", ".", "a/.."]) func `a directory's path is refused`(path: String) async throws
    {
        let e2b = Self.e2b()
        try await e2b.withClient { client in
            await #expect(throws: E2BError.refused(.writeFile, status: 400, message: "the path is a directory's")) {
                try await client.write(Self.pieces([[1]]), to: path, in: testSandbox)
            }
        }
        #expect(e2b.requests.isEmpty)
    }

    @Test(arguments: [("a", ""), ("/a", "/"), ("~/a", "~/"), ("ä/b/é\u{301}", "ä/b/"), ("/tmp/~", "/tmp/")])
    func `a neighbour is in the same directory`(path: String, directory: String) throws {
        let neighbour = try #require(E2BClient.neighbour(of: path))
        #expect(neighbour.hasPrefix(directory + ".") && neighbour.hasSuffix(".part"))
        #expect(
            neighbour.utf8.filter { $0 == UInt8(ascii: "/") }.count
                == path.utf8.filter { $0 == UInt8(ascii: "/") }.count)
        #expect(neighbour != E2BClient.neighbour(of: path))
    }

    @Test func `a file is read in pieces`() async throws {
        let piece = String(repeating: "x", count: 50_000)
        let e2b = LoopbackE2B { request, connection in
            let isSized = request.line.contains("sized")
            connection.write(
                "HTTP/1.1 200 OK\r\n\(isSized ? "Content-Length: 1000000" : "Transfer-Encoding: chunked")\r\n\r\n")
            for _ in 0..<20 { _ = isSized ? connection.write(piece) : connection.write(chunk: piece) }
            return isSized || connection.write(chunk: "")
        }
        try await e2b.withClient { client in
            for path in ["sized", "other"] {
                let count = try await client.read(path, in: testSandbox) { contents in
                    #expect(contents.length == (path == "sized" ? 1_000_000 : nil))
                    var count = 0
                    for try await piece in contents {
                        #expect(!piece.isEmpty && piece.count <= 512 << 10)
                        count += piece.count
                    }
                    return count
                }
                #expect(count == 1_000_000)
            }
        }
        #expect(e2b.connectionCount == 1)
    }

    @Test func `a file of which a part has come is none`() async throws {
        let e2b = LoopbackE2B { request, connection in
            if request.line.contains("health") { return connection.respond(status: "204 No Content") }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc")
            return false
        }
        try await e2b.withClient { client in
            var read: [UInt8] = []
            await #expect(
                throws: E2BError.broken(.readFile, why: "the connection was closed before the answer was whole")
            ) { try await client.read("a", in: testSandbox) { for try await piece in $0 { read += piece } } }
            #expect(read == Array("abc".utf8))
        }
    }

    @Test func `who leaves a file before its end closes the connection`() async throws {
        let (hungUp, sayHungUp) = AsyncStream.makeStream(of: Void.self)
        let e2b = LoopbackE2B { _, connection in
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            let piece = [UInt8](repeating: 7, count: 1 << 20)
            while connection.write(piece) {}
            sayHungUp.yield()
            return false
        }
        try await e2b.withClient { client in
            await #expect(throws: Broken()) { try await client.read("a", in: testSandbox) { _ in throw Broken() } }
            for await _ in hungUp { break }
        }
    }

    @Test func `what may not be held is not read`() async throws {
        let e2b = LoopbackE2B { request, connection in
            request.line.contains("sized")
                ? connection.respond("12345")
                : connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n")
        }
        try await e2b.withClient { client in
            for path in ["sized", "other"] {
                await #expect(throws: E2BError.outOfMemory(.readFile)) {
                    try await client.read(path, limit: 10, holding: Reservation(limit: 4), in: testSandbox)
                }
                let reservation = Reservation(limit: 5)
                let file = try await client.read(path, limit: 10, holding: reservation, in: testSandbox)
                #expect(file == Array("12345".utf8) && reservation.count == 5)
            }
        }
    }
}

private final class Reservation: MemoryReservation {
    private let limit: Int
    private let held = Mutex(0)

    init(limit: Int) { self.limit = limit }

    var count: Int { held.withLock { $0 } }

    func hold(_ count: Int) async -> Bool {
        held.withLock { held in
            guard count <= limit else { return false }
            held = max(held, count)
            return true
        }
    }

    func shrink(to count: Int) { held.withLock { $0 = min($0, count) } }
}

/// The same with real files.
@Suite(.localSandbox, .serialized, .timeLimit(.minutes(10))) struct LocalFilePiecesTests {
    private static let pieceSize = 100_003

    /// `count` bytes that differ from piece to piece.
    private static func pieces(_ count: Int, failingAfter limit: Int = .max) -> AsyncThrowingStream<[UInt8], any Error>
    {
        let sent = Mutex(0)
        return AsyncThrowingStream {
            let start = sent.withLock { sent in
                defer { sent += pieceSize }
                return sent
            }
            guard start < limit else { throw Broken() }
            return start < count ? piece(start..<min(count, start + pieceSize)) : nil
        }
    }

    /// Copied from a table whose length is prime, so that what is moved by a piece differs.
    private static func piece(_ range: Range<Int>) -> [UInt8] {
        var piece: [UInt8] = []
        piece.reserveCapacity(range.count)
        while piece.count < range.count {
            let start = (range.lowerBound + piece.count) % table.count
            piece += table[start..<min(table.count, start + range.count - piece.count)]
        }
        return piece
    }

    private static let table = (0..<1_000_003).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 11) }

    @Test(arguments: [true, false]) func `a large file goes up and comes down in pieces`(isLengthKnown: Bool)
        async throws
    {
        try await LocalSandbox.with { client, sandbox in
            for (count, version) in [
                (64 << 20, sandbox.envdVersion), (3_000_000, ""), (0, sandbox.envdVersion), (0, ""),
            ] {
                var sandbox = sandbox
                sandbox.envdVersion = version
                let file = try await client.write(
                    Self.pieces(count), length: isLengthKnown ? count : nil, to: "new/large", in: sandbox)
                #expect(file == WrittenFile(path: "/home/user/new/large", name: "large"))
                try await client.read("new/large", in: sandbox) { contents in
                    #expect(contents.length == count)
                    var position = 0
                    for try await piece in contents {
                        #expect(piece.count <= 512 << 10)
                        let isRight = memcmp(piece, Self.piece(position..<position + piece.count), piece.count) == 0
                        #expect(isRight)
                        position += piece.count
                    }
                    #expect(position == count)
                }
            }
            let names = try await client.entries(of: "new", in: sandbox).map(\.name)
            #expect(names == ["large"])
        }
    }

    @Test func `a source that fails leaves the old file as it was`() async throws {
        try await LocalSandbox.with { client, sandbox in
            try await client.write(Array("old".utf8), to: "d/a", in: sandbox)
            for version in [sandbox.envdVersion, ""] {
                for length in [nil, 1_000_000] {
                    var sandbox = sandbox
                    sandbox.envdVersion = version
                    await #expect(throws: Broken()) {
                        try await client.write(
                            Self.pieces(1_000_000, failingAfter: 600_000), length: length, to: "d/a", in: sandbox)
                    }
                }
            }
            let old = try await client.read("d/a", limit: 10, in: sandbox)
            #expect(old == Array("old".utf8))
            try await eventually("the parts are gone") {
                try await client.entries(of: "d", in: sandbox).map(\.name) == ["a"]
            }
        }
    }

    @Test func `a cancelled upload leaves nothing`() async throws {
        try await LocalSandbox.with { client, sandbox in
            try await client.makeDirectory(at: "d", in: sandbox)
            let (began, sayBegan) = AsyncStream.makeStream(of: Void.self)
            let pieces = AsyncThrowingStream<[UInt8], any Error> {
                sayBegan.yield()
                try await Task.sleep(for: .milliseconds(10))
                return [UInt8](repeating: 1, count: 10_000)
            }
            let task = Task { try await client.write(pieces, to: "d/a", in: sandbox) }
            for await _ in began { break }
            task.cancel()
            await #expect(throws: E2BError.cancelled) { try await task.value }
            // The sandbox may open the file after the first removal; a later one takes it away.
            try await eventually("the part of the file is gone") {
                (try? await client.entries(of: "d", in: sandbox).map(\.name)) == []
            }
        }
    }

    @Test func `a directory is not overwritten`() async throws {
        try await LocalSandbox.with { client, sandbox in
            try await client.makeDirectory(at: "d/e", in: sandbox)
            await #expect {
                try await client.write(Self.pieces(10), to: "d/e", in: sandbox)
            } throws: { if case E2BError.refused(.writeFile, _, _) = $0 { true } else { false } }
            await #expect {
                try await client.write(Self.pieces(10), to: "/usr/bin/x", in: sandbox)
            } throws: { if case E2BError.refused(.writeFile, _, _) = $0 { true } else { false } }
            let names = try await client.entries(of: "d", in: sandbox).map(\.name)
            #expect(names == ["e"])
        }
    }
}

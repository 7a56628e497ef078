import Foundation
import Testing

@testable import LocalE2B

/// Two connections on real sockets, spliced in the middle.
@Suite(.timeLimit(.minutes(10))) struct SpliceTests {
    private struct Line {
        let readiness: ReadinessPoller
        let left: PeerSocket
        let right: PeerSocket
        let ends: (PeerSocket, PeerSocket)

        init() throws {
            readiness = try ReadinessPoller()
            var (one, other): ([CInt], [CInt]) = ([-1, -1], [-1, -1])
            try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &one) == 0)
            try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &other) == 0)
            left = PeerSocket(one[0], readiness)
            right = PeerSocket(other[0], readiness)
            ends = (PeerSocket(one[1], readiness), PeerSocket(other[1], readiness))
        }
    }

    @Test func `it ends when both sides have finished`() async throws {
        let line = try Line()
        defer { line.readiness.stop() }
        async let splice = Splice(idleLimit: .seconds(50)).run(line.ends.0, line.ends.1)
        try await line.left.write(Array("there".utf8))
        await line.left.finish()
        #expect(try await line.right.read() == Array("there".utf8))
        #expect(try await line.right.read().isEmpty)
        try await line.right.write(Array("and back".utf8))
        await line.right.finish()
        #expect(try await line.left.read() == Array("and back".utf8))
        #expect(await splice)
    }

    @Test func `a server that leaves without a word leaves the client to be told`() async throws {
        let line = try Line()
        defer { line.readiness.stop() }
        try await line.left.write(Array("request".utf8))
        await line.right.finish()
        #expect(await !Splice(idleLimit: .seconds(50)).run(line.ends.0, line.ends.1))
        try await line.ends.0.write(Array("told".utf8))
        #expect(try await line.left.read() == Array("told".utf8))
    }

    @Test func `it ends when nothing moves`() async throws {
        let line = try Line()
        defer { line.readiness.stop() }
        #expect(await !Splice(idleLimit: .milliseconds(50)).run(line.ends.0, line.ends.1))
    }

    @Test func `it ends when it is cancelled, and when its thread stops`() async throws {
        let line = try Line()
        let splice = Task { await Splice(idleLimit: .seconds(50)).run(line.ends.0, line.ends.1) }
        try await line.left.write([1])
        #expect(try await line.right.read() == [1])
        splice.cancel()
        #expect(await !splice.value)
        line.readiness.stop()
        // No wait without a thread: whoever asks goes on at once.
        await line.readiness.wait(for: line.left.descriptor, CInt(POLLIN))
    }
}

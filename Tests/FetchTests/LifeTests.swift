import Fetch
import Foundation
import Glibc
import TestSupport
import Testing

/// Cancelling, stopping, letting go.
@Suite(.timeLimit(.minutes(10)))
struct LifeTests {
    /// Accepts, reads, and never answers; says when a request has come and when its peer has gone.
    private struct Silent {
        let server: Loopback
        let requests: AsyncStream<Void>
        let hangUps: AsyncStream<Void>

        init() {
            let (requests, sayRequest) = AsyncStream.makeStream(of: Void.self)
            let (hangUps, sayHangUp) = AsyncStream.makeStream(of: Void.self)
            server = Loopback { connection in
                guard connection.readRequest() != nil else { return }
                sayRequest.yield()
                connection.waitForHangUp()
                sayHangUp.yield()
            }
            self.requests = requests
            self.hangUps = hangUps
        }
    }

    private func failure(_ body: () async throws -> Void) async -> FetchError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? FetchError
        }
    }

    @Test func `cancelled before it starts`() async throws {
        let fetcher = try Fetcher()
        let server = Loopback { $0.waitForHangUp() }
        for _ in 0..<50 {
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return await failure { _ = try await fetcher.response(to: .init(url: server.url)) }
            }
            #expect(await task.value == .cancelled)
            let stream = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return await failure {
                    try await fetcher.withStream(of: .init(url: server.url)) { _ = try await $0.head() }
                }
            }
            #expect(await stream.value == .cancelled)
        }
    }

    @Test func `cancelled in flight, the connection closes`() async throws {
        let fetcher = try Fetcher()
        for round in 0..<50 {
            let silent = Silent()
            let task = Task {
                await failure {
                    if round.isMultiple(of: 2) {
                        _ = try await fetcher.response(to: .init(url: silent.server.url))
                    } else {
                        try await fetcher.withStream(of: .init(url: silent.server.url)) { _ = try await $0.head() }
                    }
                }
            }
            for await _ in silent.requests { break }
            task.cancel()
            #expect(await task.value == .cancelled)
            for await _ in silent.hangUps { break }
        }
    }

    @Test func `cancelled at any moment, it ends once`() async throws {
        let fetcher = try Fetcher()
        let server = Loopback { connection in
            while connection.readRequest() != nil { connection.respond("ok") }
        }
        for round in 0..<50 {
            let task = Task { try await fetcher.response(to: .init(url: server.url)) }
            for _ in 0..<round { await Task.yield() }
            task.cancel()
            do { #expect(try await task.value.head.status == 200) } catch {
                #expect(error as? FetchError == .cancelled)
            }
        }
        // And the fetcher is as good as new.
        #expect(try await fetcher.response(to: .init(url: server.url)).head.status == 200)
    }

    @Test func `cancelled after it has ended, nothing happens`() async throws {
        let fetcher = try Fetcher()
        let server = Loopback { connection in
            while connection.readRequest() != nil { connection.respond("ok") }
        }
        for _ in 0..<50 {
            let task = Task { try await fetcher.response(to: .init(url: server.url)) }
            #expect(try await task.value.head.status == 200)
            task.cancel()
        }
        #expect(server.acceptCount == 1)
    }

    @Test func `stop fails what is in flight and what comes later`() async throws {
        let fetcher = try Fetcher()
        let silent = Silent()
        let tasks = (0..<20).map { index in
            Task {
                await failure {
                    if index.isMultiple(of: 2) {
                        _ = try await fetcher.response(to: .init(url: silent.server.url))
                    } else {
                        try await fetcher.withStream(of: .init(url: silent.server.url)) { _ = try await $0.next() }
                    }
                }
            }
        }
        var requests = silent.requests.makeAsyncIterator()
        for _ in tasks { await requests.next() }
        await fetcher.stop()
        for task in tasks { #expect(await task.value == .shutDown) }
        await #expect(throws: FetchError.shutDown) { try await fetcher.response(to: .init(url: silent.server.url)) }
        await #expect(throws: FetchError.shutDown) {
            try await fetcher.withStream(of: .init(url: silent.server.url)) { _ in }
        }
    }

    @Test func `stop may be asked for more than once, and while requests come in`() async throws {
        let fetcher = try Fetcher()
        let server = Loopback { connection in
            while connection.readRequest() != nil { connection.respond("ok") }
        }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    while await failure({ _ = try await fetcher.response(to: .init(url: server.url)) }) != .shutDown {}
                }
            }
            for _ in 0..<4 { group.addTask { await fetcher.stop() } }
        }
        await fetcher.stop()
    }

    @Test func `a fetcher that is let go ends its thread and closes what it had open`() async throws {
        let (hangUps, sayHangUp) = AsyncStream.makeStream(of: Void.self)
        let server = Loopback { connection in
            while connection.readRequest() != nil { connection.respond("ok") }
            sayHangUp.yield()
        }
        _ = try await Fetcher().response(to: .init(url: server.url))
        for await _ in hangUps { break }
    }
}

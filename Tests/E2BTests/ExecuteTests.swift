import Foundation
import Synchronization
import TestSupport
import Testing

@testable import E2B

@Suite(.timeLimit(.minutes(10))) struct ExecuteTests {
    @Test(arguments: ["hello", "matplotlib_png_about_1mb", "kernel_died", "unicode_and_ansi", "sleep_keepalive"])
    func `a recording arrives as it was`(name: String) async throws {
        let stream = try Recording.bytes(name)
        let e2b = LoopbackE2B { _, connection in
            connection.beginStream()
            for start in stride(from: 0, to: stream.count, by: 7001) {
                connection.write(
                    chunk: String(decoding: stream[start..<min(start + 7001, stream.count)], as: UTF8.self))
            }
            return connection.write(chunk: "")
        }
        try await e2b.withClient { client in
            let events = try await client.events(of: .init(code: "1"))
            #expect(try events.map(ReferenceReader.normal) == ReferenceReader.events(of: stream))
        }
    }

    @Test func `an event is handed over before the next one is there`() async throws {
        let (received, receive) = AsyncStream<Void>.makeStream()
        let semaphore = DispatchSemaphore(value: 0)
        let e2b = LoopbackE2B { _, connection in
            connection.beginStream()
            connection.write(chunk: startedLine)
            semaphore.wait()  // until the client has it
            connection.write(chunk: stdoutLine("a"))
            connection.write(chunk: endLine)
            return connection.write(chunk: "")
        }
        try await e2b.withClient { client in
            var events: [ExecutionEvent] = []
            try await client.execute(.init(code: "1"), in: testSandbox) { event in
                events.append(event)
                receive.yield()
                semaphore.signal()
            }
            #expect(events == [.started(count: 1), .stdout("a")])
            for await _ in received { break }
        }
    }

    /// Runs code on a server that writes this, then does that; returns the events before the failure, and the failure.
    private func failure(
        of execution: ExecutionRequest = .init(code: "1"), streamLimit: Int = 1 << 20, lineLimit: Int = 1 << 20,
        _ chunks: [String], then last: @escaping @Sendable (Loopback.Connection) -> Void
    ) async throws -> ([ExecutionEvent], E2BError?) {
        let e2b = LoopbackE2B { _, connection in
            connection.beginStream()
            for chunk in chunks { connection.write(chunk: chunk) }
            last(connection)
            return false
        }
        var events: [ExecutionEvent] = []
        var failure: E2BError?
        try await e2b.withClient(lineLimit: lineLimit, streamLimit: streamLimit) { client in
            do {
                try await client.execute(execution, in: testSandbox) { events.append($0) }
            } catch let error as E2BError {
                failure = error
            }
        }
        return (events, failure)
    }

    @Test(arguments: [[], [startedLine], [startedLine + stdoutLine("a") + "{\"type\": \"std"]])
    func `a stream that is cut is broken`(chunks: [String]) async throws {
        let expected = chunks.joined().split(separator: "\n").count { $0.hasSuffix("}") }
        for last in [{ _ in }, { $0.resetOnClose() }, { $0.write(chunk: "") }, { $0.write("5\r\nab") }]
            as [@Sendable (Loopback.Connection) -> Void]
        {
            let (events, failure) = try await failure(chunks, then: last)
            #expect(failure == .broken(.execute, why: "the stream ended early"))
            // A reset may overtake the bytes before it.
            #expect(events.count <= expected)
        }
    }

    @Test func `what came before a cut is handed over`() async throws {
        let (events, failure) = try await failure([startedLine, stdoutLine("a"), "{\"type"]) { _ in }
        #expect(events == [.started(count: 1), .stdout("a")])
        #expect(failure == .broken(.execute, why: "the stream ended early"))
    }

    @Test func `what came before the time limit is handed over`() async throws {
        let execution = ExecutionRequest(code: "while True: pass", timeout: .seconds(3))
        let (events, failure) = try await failure(of: execution, [startedLine, stdoutLine("a")]) {
            $0.waitForHangUp()
        }
        #expect(events == [.started(count: 1), .stdout("a")])
        #expect(failure == .executionTimedOut)
    }

    @Test func `silence in the stream is broken`() async throws {
        var execution = ExecutionRequest(code: "1")
        execution.silenceLimit = .seconds(3)
        let (events, failure) = try await failure(of: execution, [startedLine]) { $0.waitForHangUp() }
        #expect(events == [.started(count: 1)])
        #expect(failure == .broken(.execute, why: "nothing came for 3.0 seconds, not even a sign of life"))
    }

    @Test func `silence before the stream is a timeout`() async throws {
        let e2b = LoopbackE2B.silent()
        try await e2b.withClient { client in
            var execution = ExecutionRequest(code: "1")
            execution.silenceLimit = .milliseconds(100)
            await #expect(throws: E2BError.timedOut(.execute)) { try await client.events(of: execution) }
            execution.silenceLimit = nil
            execution.timeout = .milliseconds(100)
            await #expect(throws: E2BError.timedOut(.execute)) { try await client.events(of: execution) }
        }
    }

    @Test func `signs of life alone do not count as a start`() async throws {
        var execution = ExecutionRequest(code: "1")
        execution.startLimit = .milliseconds(50)
        let (events, failure) = try await failure(of: execution, []) { connection in
            while connection.write(chunk: "{\"type\": \"keepalive\"}\n") { usleep(10_000) }
        }
        #expect(events == [])
        #expect(failure == .notStarted(within: .milliseconds(50)))
    }

    @Test func `an execution that waits for another one may be silent until it starts`() async throws {
        var execution = ExecutionRequest(code: "1")
        execution.mayQueue = true
        execution.silenceLimit = .milliseconds(50)
        execution.startLimit = .milliseconds(50)
        let turn = DispatchSemaphore(value: 0)
        let e2b = LoopbackE2B { _, connection in
            connection.beginStream()
            usleep(300_000)
            connection.write(chunk: startedLine)
            turn.wait()
            return false
        }
        try await e2b.withClient { client in
            var events: [ExecutionEvent] = []
            await #expect(
                throws: E2BError.broken(.execute, why: "nothing came for 0.05 seconds, not even a sign of life")
            ) { try await client.execute(execution, in: testSandbox) { events.append($0) } }
            #expect(events == [.started(count: 1)])
            turn.signal()
        }
    }

    @Test func `an execution whose turn does not come runs into a time limit that is not the code's`() async throws {
        var execution = ExecutionRequest(code: "1", timeout: .milliseconds(200))
        execution.mayQueue = true
        execution.silenceLimit = .milliseconds(20)
        let (events, failure) = try await failure(of: execution, []) { $0.waitForHangUp() }
        #expect(events == [])
        #expect(failure == .timedOut(.execute))
    }

    @Test func `a sandbox that ends while the code runs is gone`() async throws {
        let e2b = LoopbackE2B { request, connection in
            if request.line.hasPrefix("GET /health") { return connection.respondSandboxGone() }
            connection.beginStream()
            connection.write(chunk: startedLine)
            return false
        }
        try await e2b.withClient { client in
            await #expect(throws: E2BError.sandboxGone(message: "The sandbox was not found")) {
                try await client.events(of: .init(code: "1"))
            }
            #expect(e2b.requests.map(\.line) == ["POST /execute HTTP/1.1", "GET /health HTTP/1.1"])
            #expect(e2b.requests.last?.fields["e2b-sandbox-port"] == "49983")
        }
    }

    @Test func `a flood is stopped at the limits`() async throws {
        let line = stdoutLine(String(repeating: "x", count: 1000))
        let flood: @Sendable (Loopback.Connection) -> Void = { while $0.write(chunk: line) {} }
        let (events, stream) = try await failure(streamLimit: 100_000, [], then: flood)
        #expect(stream == .tooLarge(.execute, limit: 100_000))
        #expect(events.count <= 100_000 / line.utf8.count)
        #expect(try await failure(lineLimit: 1000, [], then: flood).1 == .tooLarge(.execute, limit: 1000))
    }

    /// An execution that does not end.
    private func endless(whenClosed: @escaping @Sendable () -> Void) -> LoopbackE2B {
        LoopbackE2B { _, connection in
            connection.beginStream()
            connection.write(chunk: startedLine)
            connection.waitForHangUp()
            whenClosed()
            return false
        }
    }

    @Test func `cancelling closes the connection`() async throws {
        let (closed, close) = AsyncStream<Void>.makeStream()
        let (started, start) = AsyncStream<Void>.makeStream()
        let e2b = endless { close.yield() }
        try await e2b.withClient { client in
            let task = Task { try await client.execute(.init(code: "1"), in: testSandbox) { _ in start.yield() } }
            for await _ in started { break }
            task.cancel()
            await #expect(throws: E2BError.cancelled) { try await task.value }
            for await _ in closed { break }
        }
    }

    @Test func `a receiver's error closes the connection and comes out`() async throws {
        struct Enough: Error {}
        let (closed, close) = AsyncStream<Void>.makeStream()
        let e2b = endless { close.yield() }
        try await e2b.withClient { client in
            await #expect(throws: Enough.self) {
                try await client.execute(.init(code: "1"), in: testSandbox) { _ in throw Enough() }
            }
            for await _ in closed { break }
        }
    }

    @Test func `an execution ends with its last line, whatever the server does then`() async throws {
        let (closed, close) = AsyncStream<Void>.makeStream()
        let e2b = LoopbackE2B { _, connection in
            connection.beginStream()
            connection.write(chunk: startedLine + endLine + "garbage")
            connection.waitForHangUp()
            close.yield()
            return false
        }
        try await e2b.withClient { client in
            let events = try await client.events(of: .init(code: "1"))
            #expect(events == [.started(count: 1)])
            // A connection whose response does not end is given up.
            for await _ in closed { break }
        }
    }

    @Test func `one execution after another takes one connection`() async throws {
        let body = startedLine + stdoutLine("a") + endLine
        let response =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
        let e2b = LoopbackE2B { _, connection in connection.write(response) }
        try await e2b.withClient { client in
            for _ in 0..<50 { _ = try await client.events(of: .init(code: "1")) }
        }
        #expect(e2b.requests.count == 50)
        #expect(e2b.connectionCount == 1)
    }

    @Test func `a hundred executions at once`() async throws {
        let e2b = LoopbackE2B { request, connection in
            let text = String(decoding: request.body, as: UTF8.self).filter(\.isNumber)
            connection.beginStream()
            connection.write(chunk: startedLine)
            connection.write(chunk: stdoutLine(text) + "{\"type\"")
            connection.write(chunk: ": \"end_of_execution\"}\n")
            return connection.write(chunk: "")
        }
        try await e2b.withClient { client in
            try await withThrowingTaskGroup { group in
                for number in 0..<100 {
                    group.addTask {
                        for round in 0..<5 {
                            let text = "\(number * 10 + round)"
                            let events = try await client.events(of: .init(code: text))
                            #expect(events == [.started(count: 1), .stdout(text)])
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(e2b.requests.count == 500)
        }
    }
}

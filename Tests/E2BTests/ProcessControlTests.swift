import Foundation
import TestSupport
import Testing

@testable import E2B

@Suite(.timeLimit(.minutes(10))) struct ProcessControlTests {
    private struct Enough: Error {}

    private static let kill = Array(#"{"process":{"pid":1234},"signal":"SIGNAL_SIGKILL"}"#.utf8)

    /// A server whose commands run for ever; says when they were started, and when their stream was closed.
    private func endless(
        beforeStart: @escaping @Sendable () -> Void = {}
    ) -> (LoopbackE2B, started: AsyncStream<Void>, closed: AsyncStream<Void>) {
        let (started, start) = AsyncStream<Void>.makeStream()
        let (closed, close) = AsyncStream<Void>.makeStream()
        let e2b = LoopbackE2B { request, connection in
            guard request.line.contains("Start") || request.line.contains("Connect ") else {
                return connection.respond("{}")
            }
            connection.beginProcess()
            start.yield()
            beforeStart()
            connection.write(event: #"{"start":{"pid":1234}}"#)
            connection.waitForHangUp()
            close.yield()
            return false
        }
        return (e2b, started, closed)
    }

    @Test func `a command is killed when its events are refused`() async throws {
        let (e2b, _, closed) = endless()
        try await e2b.withClient { client in
            await #expect(throws: Enough.self) {
                try await client.run(.shell("x"), in: testSandbox) { _ in throw Enough() }
            }
            #expect(e2b.requests.map(\.body).last == Self.kill)
            for await _ in closed { break }
        }
    }

    @Test func `a command is killed when its caller is cancelled`() async throws {
        let (e2b, _, closed) = endless()
        let (received, receive) = AsyncStream<Void>.makeStream()
        try await e2b.withClient { client in
            let task = Task { try await client.run(.shell("x"), in: testSandbox) { _ in receive.yield() } }
            for await _ in received { break }
            task.cancel()
            await #expect(throws: E2BError.cancelled) { try await task.value }
            #expect(e2b.requests.map(\.body).last == Self.kill)
            for await _ in closed { break }
        }
    }

    @Test func `a command that talks without pause can be cancelled`() async throws {
        let output = #"{"data":{"stdout":"\#(String(repeating: "eHh4", count: 5000))"}}"#
        let e2b = LoopbackE2B { request, connection in
            guard request.line.contains("Start") else { return connection.respond("{}") }
            connection.beginProcess()
            connection.write(event: #"{"start":{"pid":1234}}"#)
            while connection.write(event: output) {}
            return false
        }
        try await e2b.withClient(streamLimit: 1 << 40) { client in
            let (received, receive) = AsyncStream<Void>.makeStream()
            let task = Task {
                try await client.run(.shell("yes"), in: testSandbox) { event in
                    guard case .stdout = event else { return }
                    receive.yield()
                    // So that there is always more when it comes back.
                    usleep(2000)
                }
            }
            for await _ in received { break }
            task.cancel()
            await #expect(throws: E2BError.cancelled) { try await task.value }
            #expect(e2b.requests.map(\.body).last == Self.kill)
        }
    }

    @Test func `a cancelled call does not wait for a sandbox that says nothing`() async throws {
        let (asked, ask) = AsyncStream<Void>.makeStream()
        let e2b = LoopbackE2B.silent { ask.yield() }
        try await e2b.withClient { client in
            let task = Task { try await client.run(.shell("x"), in: testSandbox) { _ in } }
            for await _ in asked { break }
            let begin = ContinuousClock.now
            task.cancel()
            await #expect(throws: E2BError.cancelled) { try await task.value }
            // It waits a little, for a pid that it could kill.
            #expect(.now - begin >= .seconds(4))
            #expect(e2b.requests.count == 1)
        }
    }

    @Test func `a command is killed when its caller is cancelled before it runs`() async throws {
        let turn = DispatchSemaphore(value: 0)
        let (e2b, started, closed) = endless { turn.wait() }
        try await e2b.withClient { client in
            for isForeground in [true, false] {
                let task = Task {
                    if isForeground {
                        try await client.run(.shell("x"), in: testSandbox) { _ in }
                    } else {
                        _ = try await client.start(.shell("x"), in: testSandbox)
                    }
                }
                for await _ in started { break }
                task.cancel()
                turn.signal()
                await #expect(throws: E2BError.cancelled) { try await task.value }
                #expect(e2b.requests.map(\.body).last == Self.kill)
                for await _ in closed { break }
            }
            #expect(e2b.requests.count == 4)
        }
    }

    @Test func `our clock stops a command that the sandbox does not`() async throws {
        let (e2b, _, _) = endless()
        try await e2b.withClient { client in
            // The sandbox has ten seconds longer.
            await #expect(throws: E2BError.executionTimedOut) {
                try await client.run(.shell("x", timeout: .milliseconds(1)), in: testSandbox) { _ in }
            }
            #expect(e2b.requests.map(\.body).last == Self.kill)
        }
    }

    @Test func `a command in the background is left alone`() async throws {
        let (e2b, _, closed) = endless()
        try await e2b.withClient { client in
            let pid = try await client.start(.shell("x", timeout: nil), in: testSandbox)
            #expect(pid == 1234)
            for await _ in closed { break }
            // Attaching, and leaving, too.
            for process in [ProcessSelector.pid(1234), .tag("t")] {
                await #expect(throws: Enough.self) {
                    try await client.attach(to: process, in: testSandbox) { _ in throw Enough() }
                }
            }
            #expect(
                e2b.requests.map { $0.line.split(separator: " ")[1] } == [
                    "/process.Process/Start", "/process.Process/Connect", "/process.Process/Connect",
                ])
            #expect(e2b.requests[1].body == envelope(#"{"process":{"pid":1234}}"#))
            #expect(e2b.requests[2].body == envelope(#"{"process":{"tag":"t"}}"#))
            #expect(e2b.requests[1].fields["connect-timeout-ms"] == nil)
        }
    }

    @Test func `a cancelled call starts nothing`() async throws {
        let (e2b, _, _) = endless()
        try await e2b.withClient { client in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                _ = try await client.start(.shell("x"), in: testSandbox)
            }
            await #expect(throws: E2BError.cancelled) { try await task.value }
            #expect(e2b.requests.isEmpty)
        }
    }

    @Test func `processes are listed`() async throws {
        let e2b = LoopbackE2B(
            "200 OK", ["Content-Type: application/json; charset=utf-8"],
            #"""
            {"processes":[{"config":{"cmd":"/bin/bash","args":["-l"],"envs":{"A":"1"},"cwd":"/","x":0},"pid":7,"tag":"t"},
             {"config":{}},{"pid":-1},3,{"pid":4294967295,"config":{"cmd":"ls"}}],"later":{}}
            """#)
        try await e2b.withClient { client in
            let processes = try await client.processes(in: testSandbox)
            #expect(
                processes == [
                    RunningProcess(
                        pid: 7, command: "/bin/bash", arguments: ["-l"], envs: ["A": "1"], cwd: "/", tag: "t"),
                    RunningProcess(pid: .max, command: "ls"),
                ])
            #expect(e2b.requests[0].line == "POST /process.Process/List HTTP/1.1")
            #expect(e2b.requests[0].body == Array("{}".utf8))
            #expect(
                e2b.requests[0].fields == [
                    "e2b-sandbox-id": "if2846bd046cb1639aa8", "e2b-sandbox-port": "49983",
                    "x-access-token": testToken, "content-type": "application/json",
                    "connect-protocol-version": "1", "connect-timeout-ms": "30000",
                ])
        }
        try await LoopbackE2B("200 OK", [], "{}").withClient { client in
            let none = try await client.processes(in: testSandbox)
            #expect(none == [])
        }
    }

    @Test func `a signal finds its process or says that there is none`() async throws {
        let e2b = LoopbackE2B { request, connection in
            String(decoding: request.body, as: UTF8.self).contains("SIGKILL")
                ? connection.respond("{}")
                : connection.respond(#"{"code":"not_found","message":"no"}"#, status: "404 Not Found")
        }
        try await e2b.withClient { client in
            let isKilled = try await client.signal(.kill, to: .pid(1), in: testSandbox)
            let isTerminated = try await client.signal(.terminate, to: .tag("t"), in: testSandbox)
            #expect(isKilled && !isTerminated)
            #expect(
                e2b.requests[1].body == Array(#"{"process":{"tag":"t"},"signal":"SIGNAL_SIGTERM"}"#.utf8))
        }
    }

    @Test(arguments: [0, 1, 5, 256 << 10, 600_000]) func `input is sent in order`(count: Int) async throws {
        let input = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 31) }
        let e2b = LoopbackE2B("200 OK", [], "{}")
        try await e2b.withClient { client in
            try await client.send(input: input, to: .pid(5), in: testSandbox)
            try await client.closeInput(of: .pid(5), in: testSandbox)
        }
        var received = Data()
        for request in e2b.requests.dropLast() {
            #expect(request.line == "POST /process.Process/SendInput HTTP/1.1")
            let stdin = try #require((request.json?["input"] as? [String: String])?["stdin"])
            received += try #require(Data(base64Encoded: stdin))
        }
        #expect(Array(received) == input)
        #expect(e2b.requests.count == max(1, (count + (256 << 10) - 1) / (256 << 10)) + 1)
        #expect(e2b.requests.last?.line == "POST /process.Process/CloseStdin HTTP/1.1")
        #expect(e2b.requests.last?.body == Array(#"{"process":{"pid":5}}"#.utf8))
    }
}

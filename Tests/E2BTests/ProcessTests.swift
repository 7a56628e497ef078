import Foundation
import Synchronization
import TestSupport
import Testing

@testable import E2B

private let start = #"{"start":{"pid":1234}}"#
private let exit0 = #"{"end":{"exited":true,"status":"exit status 0"}}"#
private let killed = #"{"end":{"exitCode":-1,"status":"signal: killed","error":"signal: killed"}}"#
private let killedExit = ProcessExit(code: -1, isExited: false, status: "signal: killed", error: "signal: killed")

@Suite(.timeLimit(.minutes(10))) struct ProcessTests {
    @Test(arguments: [1, 2, 3, 5, 7, 64, 1 << 20]) func `events arrive however the stream is cut`(size: Int)
        async throws
    {
        let messages = [
            #"{"event":{"start":{"pid":1234,"later":[1]},"more":{}},"x":null}"#, #"{"event":{"keepalive":{}}}"#,
            #"{"event":{"data":{"stdout":"aGkK"}}}"#, #"{"event":{"data":{"stderr":"w6Q="}}}"#, #"{"later":1}"#,
            #"{"event":{"data":{"pty":"wwo="}}}"#, #"{"event":{"data":{"stdout":""}}}"#, #"{"event":{"data":{}}}"#,
            #"{"event":{"end":{"exitCode":7,"exited":true,"status":"exit status 7","error":"exit status 7"}}}"#,
        ]
        let stream = messages.flatMap { envelope($0) } + envelope("{}", flags: 2)
        let e2b = LoopbackE2B { _, connection in
            connection.beginProcess()
            for start in stride(from: 0, to: stream.count, by: size) {
                connection.write(chunkOf: Array(stream[start..<min(start + size, stream.count)]))
            }
            return connection.write(chunk: "")
        }
        try await e2b.withClient { client in
            let events = try await client.events(of: .shell("x"))
            let exit = ProcessExit(code: 7, isExited: true, status: "exit status 7", error: "exit status 7")
            #expect(
                events == [
                    .started(pid: 1234), .stdout(Array("hi\n".utf8)), .stderr([0xC3, 0xA4]), .stdout([0xC3, 0x0A]),
                    .stdout([]), .ended(exit),
                ])
            #expect(e2b.requests.count == 1)
        }
    }

    @Test func `a command is asked for as the protocol says`() async throws {
        let e2b = LoopbackE2B { _, connection in connection.respond(events: [start, exit0]) }
        try await e2b.withClient { client in
            _ = try await client.events(of: .shell("echo \"é\"\n", timeout: .seconds(10)))
            let full = ProcessRequest(
                command: "/bin/ls", envs: ["A": "1"], cwd: "/", user: "root", tag: "t", hasStdin: true, timeout: nil)
            _ = try await client.events(of: full)
            var old = testSandbox
            old.envdVersion = "0.3.9"
            old.trafficAccessToken = "traffic"
            _ = try await client.events(of: .shell("x", timeout: .seconds(1 << 40)), in: old)
        }
        let common = [
            "e2b-sandbox-id": "if2846bd046cb1639aa8", "e2b-sandbox-port": "49983", "x-access-token": testToken,
            "content-type": "application/connect+json", "connect-protocol-version": "1",
            "keepalive-ping-interval": "50",
        ]
        try #require(e2b.requests.count == 3)
        #expect(e2b.requests.allSatisfy { $0.line == "POST /process.Process/Start HTTP/1.1" })
        #expect(e2b.requests[0].fields == common.merging(["connect-timeout-ms": "10000"]) { $1 })
        #expect(
            e2b.requests[0].body
                == envelope(
                    #"{"process":{"cmd":"/bin/bash","args":["-l","-c","echo \"é\"\n"]},"stdin":false}"#))
        #expect(e2b.requests[1].fields == common.merging(["authorization": "Basic cm9vdDo="]) { $1 })
        #expect(
            e2b.requests[1].body
                == envelope(#"{"process":{"cmd":"/bin/ls","envs":{"A":"1"},"cwd":"/"},"tag":"t","stdin":true}"#))
        #expect(
            e2b.requests[2].fields
                == common.merging(["authorization": "Basic dXNlcjo=", "connect-timeout-ms": "9999999999"]) { $1 })
    }

    @Test func `a signal's victim has no exit status`() async throws {
        let e2b = LoopbackE2B { _, connection in connection.respond(events: [start, killed]) }
        try await e2b.withClient { client in
            let exit = try await client.run(.shell("x"), in: testSandbox) { _ in }
            #expect(exit == killedExit && exit.signal == "killed")
            #expect(ProcessExit(code: 0, isExited: true, status: "exit status 0").signal == nil)
        }
    }

    @Test(arguments: [#"{"error":{"code":"deadline_exceeded"}}"#, "{}"], [[start], [start, killed]])
    func `the deadline is told from other ends`(end: String, events: [String]) async throws {
        let isSaid = end != "{}"
        guard isSaid || events.count == 2 else { return }
        let e2b = LoopbackE2B { request, connection in
            if !request.line.contains("Start") { return connection.respond("{}") }
            // Without words only the clock can tell.
            if !isSaid { usleep(60_000) }
            return connection.respond(events: events, end: end)
        }
        try await e2b.withClient { client in
            await #expect(throws: E2BError.executionTimedOut) {
                try await client.events(of: .shell("x", timeout: isSaid ? .seconds(30) : .milliseconds(50)))
            }
        }
    }

    @Test func `a stream may lack its end envelope after the end of the command`() async throws {
        for end in [exit0, killed] {
            let e2b = LoopbackE2B { _, connection in
                connection.beginProcess()
                connection.write(event: start)
                connection.write(event: end)
                return false
            }
            try await e2b.withClient { client in
                let events = try await client.events(of: .shell("x"))
                #expect(events.count == 2)
                #expect(e2b.requests.count == 1)
            }
        }
    }

    @Test func `a stream without the end of the command is broken, and the command killed`() async throws {
        let whole = envelope("{\"event\":\(start)}")
        let cuts: [(bytes: [UInt8], why: String)] = [
            (whole, "the stream ended early"), (whole + [0, 0, 0], "the stream ended early"),
            (whole + envelope("{\"event\":\(exit0)}").dropLast(), "the stream ended early"),
            (whole + envelope("{}", flags: 2), "the stream has no end of the command"),
            (whole + envelope("{}", flags: 1), "a message of the stream lacks an uncompressed message at byte 0"),
            (whole + envelope("[]"), "a message of the stream lacks an object at byte 0"),
            (whole + envelope("{"), "a message of the stream lacks a string at byte 1"),
            (
                whole + envelope(#"{"event":{"data":{"stdout":"!"}}}"#),
                "a message of the stream lacks bytes in base64 at byte 0"
            ),
        ]
        for cut in cuts {
            let e2b = LoopbackE2B { request, connection in
                guard request.line.contains("Start") else {
                    return connection.respond(request.line.contains("health") ? "" : "{}")
                }
                connection.beginProcess()
                connection.write(chunkOf: cut.bytes)
                connection.write(chunk: "")
                return false
            }
            try await e2b.withClient { client in
                await #expect(throws: E2BError.broken(.runProcess, why: cut.why)) {
                    try await client.events(of: .shell("x"))
                }
                #expect(
                    e2b.requests.map { $0.line.split(separator: " ")[1] } == [
                        "/process.Process/Start", "/health", "/process.Process/SendSignal",
                    ])
                #expect(
                    e2b.requests.last?.body == Array(#"{"process":{"pid":1234},"signal":"SIGNAL_SIGKILL"}"#.utf8))
            }
        }
    }

    @Test func `a sandbox that ends while the command runs is gone`() async throws {
        for end in [nil, #"{"error":{"code":"unavailable","message":"x"}}"#] as [String?] {
            let e2b = LoopbackE2B { request, connection in
                guard request.line.contains("Start") else { return connection.respondSandboxGone() }
                connection.beginProcess()
                connection.write(event: start)
                if let end { connection.write(envelope: end, flags: 2) }
                return false
            }
            try await e2b.withClient { client in
                await #expect(throws: E2BError.sandboxGone(message: "The sandbox was not found")) {
                    try await client.events(of: .shell("x"))
                }
                #expect(e2b.requests.count == 2)
            }
        }
    }

    @Test func `a command that was cut before it started is not started again`() async throws {
        let e2b = LoopbackE2B { request, connection in
            request.line.contains("health") && connection.respond()
        }
        try await e2b.withClient { client in
            await #expect(
                throws: E2BError.broken(.startProcess, why: "the connection was closed before the answer was whole")
            ) { try await client.start(.shell("x"), in: testSandbox) }
            #expect(e2b.requests.count { $0.line.contains("Start") } == 1)
        }
    }

    @Test(arguments: [false, true])
    func `a command that has not started within the time of a call is given up`(hasHead: Bool) async throws {
        let e2b = LoopbackE2B { _, connection in
            if hasHead { connection.beginProcess() }
            connection.waitForHangUp()
            return false
        }
        try await e2b.withClient(requestTimeout: .milliseconds(100)) { client in
            await #expect(throws: E2BError.timedOut(.startProcess)) {
                try await client.start(.shell("x", timeout: nil), in: testSandbox)
            }
            await #expect(throws: E2BError.timedOut(.startProcess)) {
                try await client.run(.shell("x", timeout: .seconds(60)), in: testSandbox) { _ in }
            }
        }
    }

    @Test func `streams are bounded`() async throws {
        let output = #"{"data":{"stdout":"\#(String(repeating: "eHh4", count: 2000))"}}"#
        let e2b = LoopbackE2B { request, connection in
            guard request.line.contains("Start") else { return connection.respond("{}") }
            connection.beginProcess()
            connection.write(event: start)
            while connection.write(event: output) {}
            return false
        }
        try await e2b.withClient(streamLimit: 100_000) { client in
            await #expect(throws: E2BError.tooLarge(.runProcess, limit: 100_000)) {
                try await client.events(of: .shell("x"))
            }
            #expect(e2b.requests.last?.line.contains("SendSignal") == true)
        }
        let long = LoopbackE2B { request, connection in
            guard request.line.contains("Start") else { return connection.respond("{}") }
            connection.beginProcess()
            connection.write(event: start)
            connection.write(chunkOf: [0, 0xFF, 0xFF, 0xFF, 0xFF])
            connection.waitForHangUp()
            return false
        }
        try await long.withClient { client in
            await #expect(throws: E2BError.tooLarge(.runProcess, limit: 4 << 20)) {
                try await client.events(of: .shell("x"))
            }
        }
    }

    @Test func `framing follows the protocol's vectors`() throws {
        for (payload, framed) in [
            ("0a050a0308d209", "00000000070a050a0308d209"), ("0a0712050a0368690a", "00000000090a0712050a0368690a"),
            ("0a022200", "00000000040a022200"),
        ] {
            #expect(EnvelopeSplitter.envelope(bytes(payload)) == bytes(framed))
            var splitter = EnvelopeSplitter(limit: 9)
            for byte in bytes(framed + framed) { splitter.append([byte]) }
            for _ in 0..<2 { #expect(try splitter.next { $0 == [] ? Array($1) : nil } == bytes(payload)) }
            #expect(try splitter.next { _, _ in true } == nil)
        }
        var splitter = EnvelopeSplitter(limit: 2)
        splitter.append(bytes("02000000027b7d" + "0000000003"))
        let end = try splitter.next { try ProcessMessage($0, $1, without: []) }
        #expect(end == .end(nil))
        #expect(throws: EnvelopeSplitter.TooLong.self) { try splitter.next { _, _ in } }
    }

    private func bytes(_ hex: String) -> [UInt8] {
        stride(from: 0, to: hex.count, by: 2).compactMap { UInt8(hex.dropFirst($0).prefix(2), radix: 16) }
    }
}

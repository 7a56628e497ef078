import TestSupport
import Testing

@testable import E2B

@Suite(.timeLimit(.minutes(10))) struct RPCErrorTests {
    static let step = E2BError.Step.lookUpFile

    static let codes: [(code: String, status: Int, error: E2BError)] = [
        ("not_found", 404, .notFound(step, message: "m")),
        ("unauthenticated", 401, .unauthorized(step, message: "m")),
        ("permission_denied", 403, .refused(step, status: 403, message: "m")),
        ("resource_exhausted", 429, .rateLimited(step, message: "m", retryAfter: .seconds(3))),
        ("unavailable", 503, .refused(step, status: 503, message: "m")),
        ("deadline_exceeded", 504, .timedOut(step)),
        ("canceled", 499, .refused(step, status: 499, message: "m")),
        ("invalid_argument", 400, .refused(step, status: 400, message: "m")),
        ("failed_precondition", 400, .refused(step, status: 400, message: "m")),
        ("already_exists", 409, .refused(step, status: 409, message: "m")),
        ("unimplemented", 501, .refused(step, status: 501, message: "m")),
        ("internal", 500, .refused(step, status: 500, message: "m")),
        ("of_a_later_protocol", 500, .refused(step, status: 500, message: "m")),
    ]

    @Test(arguments: codes) func `the code counts and not the status`(
        code: String, status: Int, error: E2BError
    ) async throws {
        for status in [status, 418] {
            let e2b = LoopbackE2B(
                "\(status) X", ["Content-Type: application/json", "Retry-After: 3"],
                #"{"code":"\#(code)","message":"m","details":[{"type":"t"}]}"#)
            try await e2b.withClient { client in
                await #expect(throws: error) { try await client.entry(at: "/", in: testSandbox) }
            }
        }
    }

    /// Those of envd's authentication and of the edge: an integer code, or no JSON.
    static let plain: [(status: String, body: String, error: @Sendable (E2BError.Step) -> E2BError)] = [
        (
            "401 Unauthorized", #"{"code":401,"message":"unauthorized access, \#(testToken)"}"#,
            { .unauthorized($0, message: "unauthorized access, [hidden]") }
        ),
        (
            "502 Bad Gateway", #"{"sandboxId":"i","message":"The sandbox was not found","code":502}"#,
            { _ in .sandboxGone(message: "The sandbox was not found") }
        ),
        (
            "502 Bad Gateway",
            #"{"sandboxId":"i","message":"The sandbox is running but port is not open","port":49983,"code":502}"#,
            { .refused($0, status: 502, message: "The sandbox is running but port is not open") }
        ),
        (
            "502 Bad Gateway", "<html><title>Bad Gateway</title>",
            { .refused($0, status: 502, message: "Bad Gateway") }
        ),
        (
            "429 Too Many Requests", #"{"message":"too many concurrent incoming connections","code":429}"#,
            { .rateLimited($0, message: "too many concurrent incoming connections", retryAfter: nil) }
        ),
        ("403 Forbidden", #"{"message":"traffic","code":403}"#, { .refused($0, status: 403, message: "traffic") }),
        ("404 Not Found", "not here", { .notFound($0, message: "not here") }),
    ]

    @Test(arguments: 0..<plain.count) func `answers from before the RPC layer`(row: Int) async throws {
        let row = Self.plain[row]
        let e2b = LoopbackE2B(row.status, [], row.body)
        try await e2b.withClient { client in
            await #expect(throws: row.error(Self.step)) { try await client.entry(at: "/", in: testSandbox) }
            await #expect(throws: row.error(.startProcess)) { try await client.events(of: .shell("x")) }
            await #expect(throws: row.error(.attach)) {
                try await client.attach(to: .pid(1), in: testSandbox) { _ in }
            }
            #expect(e2b.requests.count == 3, "nothing is repeated")
        }
    }

    @Test(arguments: codes) func `a stream's end envelope says why`(
        code: String, status: Int, error: E2BError
    ) async throws {
        let e2b = LoopbackE2B { request, connection in
            guard request.line.contains("Start") else { return connection.respond() }
            return connection.respond(
                events: [], end: #"{"error":{"code":"\#(code)","message":"m"},"metadata":{"a":["b"]}}"#)
        }
        try await e2b.withClient { client in
            await #expect(throws: error.at(.startProcess)) { try await client.start(.shell("x"), in: testSandbox) }
        }
    }

    @Test func `an end without words is an error, too`() async throws {
        for (end, error) in [
            (#"{"error":{"code":"not_found"}}"#, E2BError.notFound(.startProcess, message: "")),
            (#"{"error":{}}"#, .refused(.startProcess, status: 500, message: "")),
            ("{}", .broken(.startProcess, why: "the stream has no end of the command")),
        ] {
            let e2b = LoopbackE2B { request, connection in
                request.line.contains("Start") ? connection.respond(events: [], end: end) : connection.respond()
            }
            try await e2b.withClient { client in
                await #expect(throws: error) { try await client.start(.shell("x"), in: testSandbox) }
            }
        }
    }

    @Test func `an answer is bounded`() async throws {
        let e2b = LoopbackE2B { _, connection in
            connection.beginStream()
            while connection.write(chunk: String(repeating: " ", count: 100_000)) {}
            return false
        }
        try await e2b.withClient { client in
            await #expect(throws: E2BError.tooLarge(Self.step, limit: 8 << 20)) {
                try await client.entry(at: "/", in: testSandbox)
            }
        }
    }

    @Test func `health is asked at envd`() async throws {
        let alive = LoopbackE2B { _, connection in connection.write("HTTP/1.1 204 No Content\r\n\r\n") }
        try await alive.withClient { client in
            let isAlive = try await client.isAlive(testSandbox)
            #expect(isAlive)
            #expect(alive.requests[0].line == "GET /health HTTP/1.1")
        }
        let gone = LoopbackE2B { _, connection in connection.respondSandboxGone() }
        try await gone.withClient { client in
            let isAlive = try await client.isAlive(testSandbox)
            #expect(!isAlive)
        }
        try await LoopbackE2B("500 X").withClient { client in
            await #expect(throws: E2BError.refused(.health, status: 500, message: "")) {
                try await client.isAlive(testSandbox)
            }
        }
    }
}

extension E2BError {
    /// The same, at another step. Stream's errors carry no time to wait.
    fileprivate func at(_ step: Step) -> E2BError {
        switch self {
        case .notFound(_, let message): .notFound(step, message: message)
        case .unauthorized(_, let message): .unauthorized(step, message: message)
        case .refused(_, let status, let message): .refused(step, status: status, message: message)
        case .rateLimited(_, let message, _): .rateLimited(step, message: message, retryAfter: nil)
        case .timedOut: .timedOut(step)
        default: self
        }
    }
}

import TestSupport
import Testing

@testable import E2B

@Suite(.timeLimit(.minutes(10))) struct ErrorTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var status: String
        var headers: [String] = []
        var body: String
        var error: E2BError

        var testDescription: String { "\(status) \(body.prefix(60))" }
    }

    static let control: [Row] = [
        Row(
            status: "401 Unauthorized", body: #"{"code":401,"message":"Invalid API key format"}"#,
            error: .unauthorized(.create, message: "Invalid API key format")),
        Row(
            status: "403 Forbidden", body: #"{"code":403,"message":"Team is blocked"}"#,
            error: .unauthorized(.create, message: "Team is blocked")),
        Row(
            status: "404 Not Found", body: #"{"code":404,"message":"template 'x' not found"}"#,
            error: .notFound(.create, message: "template 'x' not found")),
        Row(
            status: "429 Too Many Requests", headers: ["Retry-After: 7"],
            body: #"{"code":429,"message":"Rate limit exceeded"}"#,
            error: .rateLimited(.create, message: "Rate limit exceeded", retryAfter: .seconds(7))),
        Row(
            status: "429 Too Many Requests", body: #"{"code":429,"message":"you have reached the maximum number"}"#,
            error: .rateLimited(.create, message: "you have reached the maximum number", retryAfter: nil)),
        Row(
            status: "429 Too Many Requests",
            headers: ["Date: Sun, 06 Nov 1994 08:49:37 GMT", "Retry-After: Sun, 06 Nov 1994 08:51:07 GMT"], body: "",
            error: .rateLimited(.create, message: "", retryAfter: .seconds(90))),
        Row(
            status: "429 Too Many Requests", headers: ["Retry-After: Sun, 06 Nov 1994 08:51:07 GMT"], body: "",
            error: .rateLimited(.create, message: "", retryAfter: .zero)),
        Row(
            status: "429 Too Many Requests", headers: ["Retry-After: 99999999999"], body: "",
            error: .rateLimited(.create, message: "", retryAfter: RetryAfter.limit)),
        Row(
            status: "429 Too Many Requests", headers: ["Retry-After: soon"], body: "",
            error: .rateLimited(.create, message: "", retryAfter: nil)),
        Row(
            status: "503 Service Unavailable", headers: ["Retry-After: 1"],
            body:
                #"{"code":503,"message":"Failed to place sandbox: full","error_code":"sandbox_capacity_unavailable"}"#,
            error: .noCapacity(.create, message: "Failed to place sandbox: full", retryAfter: .seconds(1))),
        Row(
            status: "504 Gateway Timeout", body: "upstream request timeout",
            error: .noCapacity(.create, message: "upstream request timeout", retryAfter: nil)),
        Row(
            status: "500 Internal Server Error", body: #"{"code":500,"message":"Internal error"}"#,
            error: .refused(.create, status: 500, message: "Internal error")),
        Row(status: "400 Bad Request", body: "", error: .refused(.create, status: 400, message: "")),
        Row(
            status: "502 Bad Gateway",
            body: "\n<html>\r\n<head><TITLE>502 Bad\n Gateway</TITLE></head><body>nginx</body></html>",
            error: .refused(.create, status: 502, message: "502 Bad Gateway")),
        Row(
            status: "502 Bad Gateway", body: "<!DOCTYPE html><p>oops",
            error: .refused(.create, status: 502, message: "an HTML page")),
        Row(
            status: "418 Teapot", body: "{\"message\":\"\\u001b[31mred\\u0000\\n\\ttea\\u202e \(testKey)!\"}",
            error: .refused(.create, status: 418, message: "[31mred tea [hidden]!")),
        Row(
            status: "200 OK", body: testSandboxJSON,
            error: .broken(.create, why: "E2B answered with status 200, which means something else")),
    ]

    @Test(arguments: control) func `the control API's refusals`(row: Row) async throws {
        let e2b = LoopbackE2B(row.status, row.headers, row.body)
        try await e2b.withClient { client in
            await #expect(throws: row.error) { try await client.create(.init()) }
            #expect(e2b.requests.count == 1, "a create that arrived is not repeated")
        }
    }

    static let execution: [Row] = [
        Row(
            status: "502 Bad Gateway", headers: ["Content-Type: application/json"],
            body: #"{"sandboxId":"i","message":"The sandbox was not found","code":502}"#,
            error: .sandboxGone(message: "The sandbox was not found")),
        Row(
            status: "502 Bad Gateway",
            body: #"{"sandboxId":"i","message":"The sandbox is running but port is not open","port":49999,"code":502}"#,
            error: .refused(.execute, status: 502, message: "The sandbox is running but port is not open")),
        Row(
            status: "429 Too Many Requests",
            body: #"{"sandboxId":"i","message":"too many concurrent incoming connections","code":429}"#,
            error: .rateLimited(.execute, message: "too many concurrent incoming connections", retryAfter: nil)),
        Row(
            status: "401 Unauthorized", body: #"{"code":401,"message":"unauthorized access"}"#,
            error: .unauthorized(.execute, message: "unauthorized access")),
        Row(
            status: "403 Forbidden", body: #"{"sandboxId":"i","message":"no \#(testToken)","code":403}"#,
            error: .refused(.execute, status: 403, message: "no [hidden]")),
        Row(
            status: "404 Not Found", headers: ["Content-Type: text/plain; charset=utf-8"],
            body: "Context 00000000-0000-0000-0000-000000000000 not found",
            error: .notFound(.execute, message: "Context 00000000-0000-0000-0000-000000000000 not found")),
        Row(
            status: "400 Bad Request", body: "Only one of context_id or language can be provided",
            error: .refused(
                .execute, status: 400, message: "Only one of context_id or language can be provided")),
        Row(
            status: "422 Unprocessable Entity",
            body: #"{"detail":[{"type":"missing","loc":["body","code"],"msg":"Field required","input":{}}]}"#,
            error: .refused(.execute, status: 422, message: "body.code: Field required")),
        Row(
            status: "500 Internal Server Error", body: "Failed to create context: {\"x\":1}",
            error: .refused(.execute, status: 500, message: "Failed to create context: {\"x\":1}")),
        Row(
            status: "503 Service Unavailable", body: "",
            error: .refused(.execute, status: 503, message: "")),
    ]

    @Test(arguments: execution) func `the interpreter's and the edge's refusals`(row: Row) async throws {
        let e2b = LoopbackE2B(row.status, row.headers, row.body)
        try await e2b.withClient { client in
            await #expect(throws: row.error) { try await client.events(of: .init(code: "1")) }
            #expect(e2b.requests.count == 1, "an execution is never repeated")
        }
    }

    @Test func `words are bounded`() {
        #expect(ErrorMessage.clean(String(repeating: "é ", count: 1000)).count <= ErrorMessage.limit + 1)
        let zalgo = "a" + String(repeating: "\u{301}", count: 100_000)
        #expect(ErrorMessage.clean(zalgo).utf8.count < 40)
        let titles = Array(String(repeating: "<title", count: 100_000).utf8)
        #expect(ErrorMessage.of(titles, without: []) == "an HTML page")
        let deep = Array(String(repeating: "[", count: 100_000).utf8)
        #expect(ErrorMessage.of(deep, without: []).count <= ErrorMessage.limit + 1)
        #expect(
            ErrorMessage.of([UInt8](repeating: 0xFF, count: 1 << 20), without: ["x"]).count <= ErrorMessage.limit + 1)
    }

    @Test func `the key is hidden where it crosses the bound`() {
        for count in [480, (1 << 14) - 10] {
            for filler in ["x", " "] {
                let body = String(repeating: filler, count: count) + testKey
                #expect(!ErrorMessage.of(Array(body.utf8), without: [testKey]).contains("e2b_"))
            }
        }
    }

    @Test func `what a caller wants to have redacted is, before words are cut, joined or taken out of markup`() {
        let secrets = Secrets([nil, testKey]) { bytes in
            Array(String(decoding: bytes, as: UTF8.self).replacing("s3cret value", with: "[gone]").utf8)
        }
        for count in 470...500 {
            let body = String(repeating: "x", count: count) + "s3cret value" + String(repeating: "y", count: 100)
            #expect(!ErrorMessage.of(Array(body.utf8), without: secrets).contains("s3c"), "\(count)")
            #expect(
                !ErrorMessage.of(Array(#"{"message":"\#(body)"}"#.utf8), without: secrets).contains("s3c"), "\(count)")
        }
        // Joined it is there again.
        for body in ["s3cret \n\t value", "s3cret\u{200b} value", #"{"message":"s3c\u0000ret\nvalue"}"#] {
            #expect(ErrorMessage.of(Array(body.utf8), without: secrets) == "[gone]")
        }
        // Where a page's title is cut.
        let page = "<title>" + String(repeating: " ", count: (1 << 14) - 12) + "s3cret value</title>"
        #expect(!ErrorMessage.of(Array(page.utf8), without: secrets).contains("s3c"))
    }

    @Test func `the client's errors have been redacted`() async throws {
        let e2b = LoopbackE2B("500 Internal Server Error", [], "no: s3cret value")
        try await e2b.withClient(configure: { $0.redact = { _ in Array("gone".utf8) } }) { client in
            await #expect(throws: E2BError.refused(.execute, status: 500, message: "gone")) {
                try await client.events(of: .init(code: "1"))
            }
        }
    }

    @Test func `nobody listens`() async throws {
        let url = "http://127.0.0.1:\(try freePort())"
        let client = try E2BClient(E2BConfiguration(apiKey: testKey, apiURL: url, sandboxURL: url))
        let begin = ContinuousClock.now
        await #expect {
            try await client.create(.init())
        } throws: { error in
            guard case E2BError.unreachable(.create, _) = error else { return false }
            return true
        }
        // The least that two pauses take.
        #expect(.now - begin >= .milliseconds(150), "a create that did not arrive is tried again")
        await #expect {
            try await client.events(of: .init(code: "1"))
        } throws: { error in
            guard case E2BError.unreachable(.execute, _) = error else { return false }
            return true
        }
        await client.stop()
    }

    @Test func `a create that was cut is not repeated`() async throws {
        let e2b = LoopbackE2B { _, _ in false }
        try await e2b.withClient { client in
            await #expect(
                throws: E2BError.broken(.create, why: "the connection was closed before the answer was whole")
            ) { try await client.create(.init()) }
            #expect(e2b.requests.count == 1)
        }
    }

    @Test func `silence runs into the request's timeout`() async throws {
        let e2b = LoopbackE2B.silent()
        try await e2b.withClient(requestTimeout: .milliseconds(50)) { client in
            await #expect(throws: E2BError.timedOut(.create)) { try await client.create(.init()) }
            await client.stop()
            await #expect(throws: E2BError.shutDown) { try await client.create(.init()) }
        }
    }

    @Test func `a cancelled call says so`() async throws {
        let (asked, ask) = AsyncStream<Void>.makeStream()
        let e2b = LoopbackE2B.silent { ask.yield() }
        try await e2b.withClient { client in
            let task = Task { try await client.create(.init()) }
            for await _ in asked { break }
            task.cancel()
            await #expect(throws: E2BError.cancelled) { try await task.value }
        }
    }

    @Test func `every error explains itself`() {
        let step = E2BError.Step.create
        let errors: [E2BError] = [
            .unreachable(step, why: "w"), .tls(step, why: "w"), .unauthorized(step, message: "m"),
            .notFound(step, message: "m"), .rateLimited(step, message: "", retryAfter: .seconds(3)),
            .noCapacity(step, message: "m", retryAfter: nil), .sandboxGone(message: "m"),
            .refused(step, status: 500, message: "m"), .timedOut(step), .executionTimedOut, .broken(step, why: "w"),
            .tooLarge(step, limit: 5), .cancelled, .shutDown, .invalidConfiguration("w"),
            .notStarted(within: .seconds(30)), .outOfDescriptors(step),
        ]
        for error in errors {
            #expect("\(error)".hasSuffix("."), "\(error)")
            #expect(!"\(error)".contains(".."))
        }
        #expect("\(errors[4])" == "Failed at creating the sandbox: E2B's limit is reached. Try again in 3 s.")
        #expect(errors.map(\.retryAfter).compactMap(\.self) == [.seconds(3)])
        #expect(
            errors.filter(\.isTransient) == [
                errors[0], errors[4], errors[5], errors[7], errors[8], errors[10], errors[15], errors[16],
            ])
        for step in E2BError.Step.allCases {
            #expect("\(E2BError.notFound(step, message: ""))".hasSuffix("."))
            let advice = "\(E2BError.unauthorized(step, message: ""))"
            #expect(advice.contains("API key") == step.isControl)
        }
        #expect(E2BError.refused(step, status: 409, message: "").isTransient)
        #expect(!E2BError.refused(step, status: 400, message: "").isTransient)
    }
}

import FastCGI
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct StdinTests {
    private static let limit = 100_000

    private func stdin(
        declaring length: String?, sending sent: Int, ended: Bool = true
    ) async throws -> (Result<[UInt8], FastCGIError>?, WebServer.Answer) {
        let seen = Mutex<Result<[UInt8], FastCGIError>?>(nil)
        let handler: Handler = { (request: consuming FastCGIRequest) in
            let stdin = await request.stdin(upTo: Self.limit)
            seen.withLock { $0 = stdin }
            return Response(status: 200)
        }
        let answer = try await withServer(connections: 1, handler: handler) { path, _ in
            let web = try WebServer(unix: path)
            var params = ["REQUEST_METHOD": "POST"]
            params["CONTENT_LENGTH"] = length
            var bytes = WebServer.begin() + WebServer.params(params) + WebServer.stream(.stdin, sampleBytes(sent))
            if ended { bytes += WebServer.record(.stdin, []) }
            do { try await web.sendBytes(bytes) } catch WebServer.Failure.send {}
            return await web.answer()
        }
        return (seen.withLock { $0 }, answer)
    }

    @Test(arguments: [0, 1, 8191, 8192, 8193, 65_535, 65_536, limit - 1, limit], [true, false])
    func `a body within the limit arrives whole`(count: Int, isDeclared: Bool) async throws {
        let (stdin, answer) = try await stdin(declaring: isDeclared ? "\(count)" : nil, sending: count)
        #expect(stdin == .success(sampleBytes(count)))
        #expect(answer.status == 200)
    }

    @Test(arguments: [true, false])
    func `a body one byte above the limit is refused, and answered`(isDeclared: Bool) async throws {
        let count = Self.limit + 1
        let (stdin, answer) = try await stdin(declaring: isDeclared ? "\(count)" : nil, sending: count)
        #expect(stdin == .failure(.bodyTooLarge(limit: Self.limit)))
        #expect(answer.status == 200 && answer.isEnded)
    }

    @Test func `a body far above the limit is refused before it is sent`() async throws {
        let (stdin, answer) = try await stdin(declaring: "9000000000000000000", sending: 0, ended: false)
        #expect(stdin == .failure(.bodyTooLarge(limit: Self.limit)))
        #expect(answer.status == 200 && answer.isEnded)
    }

    @Test func `the answer to a body that nobody reads survives the sending of it`() async throws {
        let (stdin, answer) = try await stdin(declaring: "5000000", sending: 5_000_000)
        #expect(stdin == .failure(.bodyTooLarge(limit: Self.limit)))
        #expect(answer.status == 200 && answer.isEnded)
    }

    @Test(arguments: ["-1", "+5", "5 ", "0x10", "five", "1e3", "99999999999999999999", "٣"])
    func `a CONTENT_LENGTH that is no number is refused`(length: String) async throws {
        let (stdin, answer) = try await stdin(declaring: length, sending: 5)
        #expect(stdin == .failure(.badContentLength(length)))
        #expect(answer.status == 200)
    }

    @Test func `an empty CONTENT_LENGTH is none`() async throws {
        let (stdin, _) = try await stdin(declaring: "", sending: 5)
        #expect(stdin == .success(sampleBytes(5)))
    }

    @Test func `a body shorter than it says is refused, and answered`() async throws {
        let (stdin, answer) = try await stdin(declaring: "10", sending: 7)
        #expect(stdin == .failure(.bodyTruncated(expected: 10, received: 7)))
        #expect(answer.status == 200 && answer.isEnded)
    }

    @Test func `of a body longer than it says the rest is ignored`() async throws {
        let (stdin, answer) = try await stdin(declaring: "10", sending: 90_000)
        #expect(stdin == .success(sampleBytes(10)))
        #expect(answer.status == 200 && answer.isEnded)
    }

    @Test func `a body that is complete is not waited on for its end`() async throws {
        let (stdin, answer) = try await stdin(declaring: "10", sending: 10, ended: false)
        #expect(stdin == .success(sampleBytes(10)))
        #expect(answer.status == 200 && answer.isEnded)
    }
}

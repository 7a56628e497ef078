import Fetch
import Synchronization
import TestSupport
import Testing

/// Requests as S3 checks them.
@Suite(.timeLimit(.minutes(10)))
struct AWSSignatureTests {
    let fetcher: Fetcher
    private let signature = AWSSignature(
        credentials: AWSCredentials(accessKeyID: "AKEXAMPLE", secretAccessKey: "wJalr/+XUt=:@nFEMI"),
        region: "eu-west-9",
        service: "s3")

    init() throws { fetcher = try Fetcher() }

    /// Answers 200 to a request whose signature holds, and else with the reason.
    private func verifier(sessionToken: String? = nil) -> Loopback {
        let sigV4 = SigV4(
            secrets: ["AKEXAMPLE": "wJalr/+XUt=:@nFEMI"], region: "eu-west-9", sessionToken: sessionToken)
        return Loopback { connection in
            while let request = connection.readRequest() {
                let fault = sigV4.fault(in: request)
                let isHead = request.line.hasPrefix("HEAD")
                connection.respond(isHead ? "" : fault ?? "", status: fault == nil ? "200 OK" : "403 Forbidden")
            }
        }
    }

    private func send(_ request: FetchRequest) async throws -> (status: Int, text: String) {
        let response = try await fetcher.response(to: request)
        return (response.head.status, String(decoding: response.body, as: UTF8.self))
    }

    @Test(
        arguments: [
            ("GET", "/bucket/key", [:]), ("HEAD", "/bucket/a/b_c-d.e~f", [:]), ("DELETE", "/bucket/key", [:]),
            ("GET", "/bucket/key", ["Range": "bytes=3-17"]), ("GET", "/", [:]),
            ("GET", "/bucket/caf%C3%A9%20%2B%26%3D.txt", [:]),
            ("GET", "/bucket?list-type=2&max-keys=1000&prefix=p%2F&start-after=p%2Fa%3D", [:]),
            ("GET", "/bucket?uploads=", ["x-amz-meta-name": "a  b", "X-Amz-Meta-Caps": "1", "If-None-Match": "*"]),
        ] as [(String, String, [String: String])])
    func `a request without a body is signed`(method: String, path: String, headers: [String: String]) async throws {
        let server = verifier()
        var request = FetchRequest(method: method, url: server.url + path, headers: headers.map { ($0, $1) })
        request.sign(with: signature)
        let answer = try await send(request)
        #expect(answer.status == 200, "\(answer.text)")
    }

    @Test(arguments: ["PUT", "POST"], [0, 1, 65_537, 2 << 20])
    func `a request with a body is signed`(method: String, count: Int) async throws {
        let server = verifier()
        var request = FetchRequest(
            method: method, url: server.url + "/bucket/key?partNumber=1&uploadId=u", headers: [("If-None-Match", "*")],
            body: sampleBytes(count))
        request.sign(with: signature)
        let answer = try await send(request)
        #expect(answer.status == 200, "\(answer.text)")
    }

    @Test func `temporary keys come with their token`() async throws {
        let server = verifier(sessionToken: "FwoGZXIvYXdzE/+=")
        let credentials = AWSCredentials(
            accessKeyID: "AKEXAMPLE", secretAccessKey: "wJalr/+XUt=:@nFEMI", sessionToken: "FwoGZXIvYXdzE/+=")
        var request = FetchRequest(url: server.url + "/bucket/key")
        request.sign(with: .init(credentials: credentials, region: "eu-west-9", service: "s3"))
        let answer = try await send(request)
        #expect(answer.status == 200, "\(answer.text)")
    }

    @Test func `signing twice is signing once, and covers what changed`() async throws {
        let server = verifier()
        var request = FetchRequest(method: "PUT", url: server.url + "/bucket/key", body: Array("one".utf8))
        request.sign(with: signature)
        request.body = .bytes(Array("two".utf8))
        request.sign(with: signature)
        let answer = try await send(request)
        #expect(answer.status == 200, "\(answer.text)")
    }

    @Test func `a request after a signed one has none of its credentials`() async throws {
        let seen = Mutex<[[String]]>([])
        let server = Loopback { connection in
            while let request = connection.readRequest() {
                seen.withLock { $0.append(request.headers.map { $0.lowercased() }) }
                connection.respond("")
            }
        }
        // One after the other, so that all of them get the same handle.
        for isSigned in [true, false, true, false] {
            var request = FetchRequest(method: "PUT", url: server.url + "/a", body: Array("x".utf8))
            if isSigned { request.sign(with: signature) }
            _ = try await fetcher.response(to: request)
        }
        let isSigned = seen.withLock { $0 }.map { $0.contains { $0.hasPrefix("authorization: aws4-hmac-sha256") } }
        #expect(isSigned == [true, false, true, false])
        #expect(!seen.withLock { $0[1] }.contains { $0.contains("authorization") || $0.contains("x-amz") })
    }

    @Test func `a field without a value cannot be signed`() async throws {
        var request = FetchRequest(url: verifier().url + "/a", headers: [("x-amz-meta-a", "")])
        request.sign(with: signature)
        await #expect(throws: FetchError.invalidRequest) { try await fetcher.response(to: request) }
    }

    @Test func `credentials do not show their secrets`() {
        let credentials = AWSCredentials(accessKeyID: "AK", secretAccessKey: "hidden", sessionToken: "hidden")
        var text = "\(credentials) \(String(reflecting: credentials))"
        dump(credentials, to: &text)
        dump(AWSSignature(credentials: credentials, region: "r", service: "s3"), to: &text)
        #expect(!text.contains("hidden"))
    }
}

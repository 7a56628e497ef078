import CCrypto
import FastCGI
import Foundation
import Testing

@testable import Responder

/// The page at /, as a response. What it does in a browser is tested end to end.
struct PageEndpointTests {
    private func page(_ params: [String: String] = [:], keys: String? = nil) async throws -> Response {
        let responder = try Responder(
            try Configuration(environment: keys.map { ["E2B_FCGI_KEYS": $0] } ?? [:]), client: nil,
            log: EventLog(isLoggingRequests: false))
        let request = ["REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_HOST": "code.example"]
        return await responder.respond(
            to: FastCGIRequest(params: request.merging(params) { _, own in own }, stdin: .success([])))
    }

    private func header(_ name: String, _ response: Response) -> [String] {
        response.headers.filter { $0.name == name }.map(\.value)
    }

    private func html(_ response: Response) throws -> String {
        guard case .bytes(let bytes) = response.body else { throw CocoaError(.fileReadUnknown) }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [nil, "team:s3cret-one-of-sixteen"])
    func `everybody may read the page, which is the same for all`(keys: String?) async throws {
        let response = try await page(["REMOTE_ADDR": "192.0.2.1"], keys: keys)
        #expect(response.status == 200)
        #expect(header("Content-Type", response) == ["text/html; charset=utf-8"])
        #expect(header("X-Content-Type-Options", response) == ["nosniff"])
        #expect(header("X-Frame-Options", response) == ["DENY"])
        let other = try await page()
        #expect(try html(response) == html(other))
    }

    @Test(arguments: ["POST", "PUT", "DELETE"]) func `the page is read only`(method: String) async throws {
        let response = try await page(["REQUEST_METHOD": method])
        #expect(response.status == 405)
        #expect(header("Allow", response) == ["GET, HEAD"])
    }

    @Test func `the policy allows the page's own script and style by their hashes, and nothing else`() async throws {
        let response = try await page()
        let policy = try #require(header("Content-Security-Policy", response).first)
        let html = try html(response)
        for (element, directive) in [("script", "script-src"), ("style", "style-src")] {
            let parts = html.components(separatedBy: "<\(element)>")
            #expect(parts.count == 2, "one \(element)")
            let content = parts[1].components(separatedBy: "</\(element)>")[0]
            var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
            _ = SHA256(Array(content.utf8), content.utf8.count, &digest)
            #expect(policy.contains("; \(directive) 'sha256-\(Data(digest).base64EncodedString())';"))
        }
        #expect(policy.hasPrefix("default-src 'none'; "))
        for word in ["unsafe", "http:", "https:", "*", "blob:"] { #expect(!policy.contains(word), "\(word)") }
        for directive in ["frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'", "connect-src 'self'"] {
            #expect(policy.contains("; \(directive)"))
        }
    }

    @Test func `the page loads nothing, keeps nothing, and makes no markup of what it is told`() async throws {
        let html = try html(await page())
        for pattern in [
            #"\son[a-z]+\s*="#, #"\sstyle\s*="#, #"\ssrc\s*="#, #"url\("#, #"@import"#, #"innerHTML"#, #"outerHTML"#,
            #"insertAdjacent"#, #"document\.write"#, #"\beval\b"#, #"new Function"#, #"localStorage"#,
            #"sessionStorage"#,
            #"document\.cookie"#, #"indexedDB"#, #"javascript:"#,
        ] {
            let match = try html.firstMatch(of: Regex(pattern))
            #expect(match == nil, "\(match.map { String(html[$0.range]) } ?? "")")
        }
    }

    @Test func `every element that the script names is there`() async throws {
        let html = try html(await page())
        let ids = Set(html.matches(of: /\sid="([^"]+)"/).map { String($0.output.1) })
        let named = html.matches(of: /\b(?:at|say)\("([^"]+)"/).map { String($0.output.1) }
        #expect(named.count > 30)
        #expect(named.filter { !ids.contains($0) } == [])
    }
}

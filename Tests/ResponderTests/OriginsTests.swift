import FastCGI
import Testing

@testable import Responder

struct OriginsTests {
    private let origins = Origins(allowed: ["https://chat.example"], publicOrigin: "https://code.example")

    private func standing(_ origin: String, _ params: [String: String] = [:]) -> Origins.Standing {
        let own = ["HTTP_ORIGIN": origin, "HTTP_HOST": "internal.example", "REQUEST_SCHEME": "http"]
        return origins.standing(
            of: FastCGIRequest(params: own.merging(params) { _, own in own }, stdin: .success([])))
    }

    @Test func `the service's own pages are those of the address it was asked at, and of the one it gives out`() {
        #expect(standing("http://internal.example") == .own)
        #expect(standing("https://code.example") == .own)
        #expect(standing("https://internal.example", ["HTTPS": "on", "REQUEST_SCHEME": "https"]) == .own)
        #expect(standing("http://internal.example", ["HTTP_HOST": "internal.example:80"]) == .own)
    }

    @Test(arguments: ["cross-site", "same-site", "same-origin", ""])
    func `an allowed page is allowed wherever it is`(site: String) {
        #expect(
            standing("https://chat.example", ["HTTP_SEC_FETCH_SITE": site])
                == .allowed(origin: "https://chat.example"))
    }

    @Test(arguments: [
        "http://chat.example", "https://chat.example:8443", "https://chat.example.evil.example",
        "https://xchat.example", "https://chat.example/", "https://code.example:444", "null",
        "https://chat.example https://evil.example",
    ])
    func `an origin is compared whole`(origin: String) { #expect(standing(origin) == .foreign) }

    private func respond(_ params: [String: String], origins: String? = "https://chat.example") async throws -> Response
    {
        var settings = ["E2B_FCGI_KEYS": "team:s3cret-one-of-sixteen"]
        settings["E2B_FCGI_ORIGINS"] = origins
        settings["E2B_FCGI_USER_HEADER"] = "X-Chat-User"
        let responder = try Responder(
            try Configuration(environment: settings), client: nil, log: EventLog(isLoggingRequests: false))
        let request = ["PATH_INFO": "/execute", "HTTP_HOST": "code.example"].merging(params) { _, own in own }
        return await responder.respond(to: FastCGIRequest(params: request, stdin: .success([])))
    }

    private func value(_ name: String, _ response: Response) -> String? {
        response.headers.first { $0.name == name }?.value
    }

    @Test func `an allowed page may ask before it sends a key, and read the answer`() async throws {
        let preflight = try await respond(["REQUEST_METHOD": "OPTIONS", "HTTP_ORIGIN": "https://chat.example"])
        #expect(preflight.status == 204)
        #expect(value("Access-Control-Allow-Origin", preflight) == "https://chat.example")
        #expect(value("Access-Control-Allow-Headers", preflight) == "Authorization, Content-Type, X-API-Key")
        // Even of a refusal.
        let refusal = try await respond(["REQUEST_METHOD": "POST", "HTTP_ORIGIN": "https://chat.example"])
        #expect(refusal.status == 401)
        #expect(value("Access-Control-Allow-Origin", refusal) == "https://chat.example")
        #expect(value("Vary", refusal) == "Origin")
        #expect(value("Access-Control-Allow-Credentials", refusal) == nil)
    }

    @Test(arguments: [
        ("/execute", ["authorization", "content-type", "x-api-key"]),
        ("/e2bcode", ["authorization", "content-type", "x-api-key", "x-chat-user"]),
        (
            "/mcp",
            [
                "authorization", "content-type", "mcp-method", "mcp-name", "mcp-protocol-version", "x-api-key",
                "x-chat-user", "x-conversation-id", "x-images",
            ]
        ),
    ])
    func `a page may send the headers that the endpoint reads`(path: String, headers: [String]) async throws {
        let params = ["REQUEST_METHOD": "OPTIONS", "HTTP_ORIGIN": "https://chat.example", "PATH_INFO": path]
        let preflight = try await respond(params)
        #expect(preflight.status == 204)
        let allowed = value("Access-Control-Allow-Headers", preflight)?.lowercased() ?? ""
        #expect(allowed.split(separator: ", ").map(String.init).sorted() == headers)
        #expect(value("Access-Control-Allow-Methods", preflight) == "POST")
        for origin in ["https://evil.example", "null"] {
            let answer = try await respond(params.merging(["HTTP_ORIGIN": origin]) { $1 })
            #expect(answer.status == 405)
            #expect(!answer.headers.contains { $0.name.hasPrefix("Access-Control-") })
        }
    }

    @Test(arguments: ["https://evil.example", "null"], ["https://chat.example", nil])
    func `no other page may`(origin: String, allowed: String?) async throws {
        let preflight = try await respond(["REQUEST_METHOD": "OPTIONS", "HTTP_ORIGIN": origin], origins: allowed)
        #expect(preflight.status == 405)
        let answer = try await respond(
            ["REQUEST_METHOD": "POST", "HTTP_ORIGIN": origin, "HTTP_X_API_KEY": "s3cret-one-of-sixteen"],
            origins: allowed)
        #expect(answer.status == 403)
        for response in [preflight, answer] {
            #expect(!response.headers.contains { $0.name.hasPrefix("Access-Control-") })
        }
    }
}

import CodeAPI
import Foundation
import Testing

@testable import FastCGI
@testable import Responder

/// Whose files are whose, where LibreChat's token says who asks.
@Suite(.timeLimit(.minutes(2)))
struct CodeAPIOwnerTests {
    private static let key = SigningKey()
    private static let secret = "s3cret-of-a-key-of-the-tests"

    private let folder: URL
    private let responder: Responder

    init() async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "e2b-owners-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let keys = folder.appending(path: "key.pem")
        try Self.key.pem.write(to: keys, atomically: true, encoding: .utf8)
        let configuration = try Configuration(environment: [
            "E2B_FCGI_STORE": folder.appending(path: "store").path, "E2B_FCGI_KEYS": "team:\(Self.secret)",
            "E2B_FCGI_JWT_KEYS": keys.path,
        ])
        responder = try Responder(
            configuration, client: nil, storage: try await Storage.open(configuration.store),
            log: EventLog(isLoggingRequests: false))
    }

    private func bearer(_ user: String, tenant: String = "legacy") -> [String: String] {
        let claims = SigningKey.claims.replacing(#""exp":1300"#, with: #""exp":99999999999"#)
            .replacing("user-1", with: user).replacing("legacy", with: tenant)
        return ["HTTP_AUTHORIZATION": "Bearer \(Self.key.token(claims))"]
    }

    private func ask(
        _ method: String, _ path: String, _ params: [String: String], _ body: [UInt8] = []
    ) async throws -> (status: Int, text: String) {
        var own = ["REQUEST_METHOD": method, "HTTP_HOST": "code.example", "REMOTE_ADDR": "192.0.2.7"]
        let halves = path.split(separator: "?", maxSplits: 1).map(String.init)
        own["PATH_INFO"] = halves[0]
        own["QUERY_STRING"] = halves.count > 1 ? halves[1] : ""
        let response = await responder.respond(
            to: FastCGIRequest(params: own.merging(params) { _, other in other }, stdin: .success(body)))
        let stream = ResponseStream(length: nil) {}
        switch response.body {
        case .bytes(let bytes): return (response.status, String(decoding: bytes, as: UTF8.self))
        case .stream(_, let write):
            await stream.run(write)
            var bytes: [UInt8] = []
            while case .data(let piece) = stream.take() { bytes += piece }
            return (response.status, String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Uploads a file with these fields.
    ///
    /// - Returns: `<session>/<file>`.
    private func upload(_ fields: [(String, String)], _ params: [String: String], at path: String = "/v1/upload")
        async throws -> String
    {
        let head = "--B\r\nContent-Disposition: form-data; name="
        let parts = fields.map { "\(head)\"\($0.0)\"\r\n\r\n\($0.1)\r\n" }.joined()
        let body = "\(parts)\(head)\"file\"; filename=\"a.txt\"\r\n\r\nthe text\r\n--B--\r\n"
        let type = ["CONTENT_TYPE": "multipart/form-data; boundary=B"]
        let reply = try await ask("POST", path, params.merging(type) { $1 }, Array(body.utf8))
        #expect(reply.status == 200, "\(reply.text)")
        struct Reply: Decodable {
            struct File: Decodable { let fileId: String }
            let storage_session_id: String
            let files: [File]
        }
        let decoded = try JSONDecoder().decode(Reply.self, from: Data(reply.text.utf8))
        return "\(decoded.storage_session_id)/\(try #require(decoded.files.first).fileId)"
    }

    private func statuses(_ file: String, _ params: [String: String], _ query: String = "") async throws -> Set<Int> {
        let parts = file.split(separator: "/")
        var statuses: Set<Int> = []
        for path in ["/v1/download/\(file)", "/v1/sessions/\(parts[0])/objects/\(parts[1])", "/v1/files/\(parts[0])"] {
            let reply = try await ask("GET", path + query, params)
            statuses.insert(reply.status)
            if reply.status != 200 { #expect(!reply.text.contains("the text") && !reply.text.contains("a.txt")) }
        }
        return statuses
    }

    @Test func `a user's files are the user's, whatever the request says beside the token`() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = try await upload([("kind", "user"), ("id", "user-2")], bearer("user-1"))
        #expect(try await statuses(file, bearer("user-1")) == [200])
        #expect(try await statuses(file, bearer("user-1"), "?kind=user&id=user-1") == [200])
        #expect(try await statuses(file, bearer("user-2")) == [403])
        #expect(try await statuses(file, bearer("user-2"), "?kind=user&id=user-1") == [403])
        #expect(try await statuses(file, bearer("user-2").merging(["HTTP_USER_ID": "user-1"]) { $1 }) == [403])
        #expect(try await statuses(file, bearer("user-1", tenant: "acme")) == [404])
        #expect(try await statuses(file, ["HTTP_X_API_KEY": Self.secret]) == [404])
        #expect(try await statuses(file, bearer("user-1").merging(["HTTP_X_API_KEY": Self.secret]) { $1 }) == [404])
        for path in ["/v1/files/\(file)", "/v1/sessions/\(file.replacing("/", with: "/objects/"))"] {
            #expect(try await ask("DELETE", path, bearer("user-2")).status == 403)
            #expect(try await ask("DELETE", path, bearer("user-1", tenant: "acme")).status == 404)
        }
        #expect(try await ask("GET", "/v1/download/\(file)", bearer("user-1")).text == "the text")
    }

    @Test func `an agent's files are its tenant's`() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = try await upload([("kind", "agent"), ("id", "a1")], bearer("user-1", tenant: "acme"))
        #expect(try await statuses(file, bearer("user-2", tenant: "acme")) == [200])
        #expect(try await statuses(file, bearer("user-2", tenant: "acme"), "?kind=agent&id=a1") == [200])
        #expect(try await statuses(file, bearer("user-2", tenant: "acme"), "?entity_id=a1") == [200])
        #expect(try await statuses(file, bearer("user-2", tenant: "acme"), "?kind=agent&id=a2") == [403])
        #expect(try await statuses(file, bearer("user-2", tenant: "other")) == [404])
        #expect(try await statuses(file, bearer("user-1")) == [404])
    }

    @Test func `a key in the path and a token go together`() async throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = try await upload([], bearer("user-1"), at: "/k/\(Self.secret)/v1/upload")
        #expect(try await ask("GET", "/k/\(Self.secret)/v1/download/\(file)", bearer("user-1")).status == 200)
        #expect(try await ask("GET", "/k/\(Self.secret)/v1/download/\(file)", bearer("user-2")).status == 403)
        // The same user, known to somebody else.
        #expect(try await ask("GET", "/v1/download/\(file)", bearer("user-1")).status == 404)
        // A key that is not trusted to name users is one user.
        let own = try await upload([], ["HTTP_X_API_KEY": Self.secret, "HTTP_USER_ID": "u"])
        #expect(
            try await ask("GET", "/v1/download/\(own)?kind=user&id=v", ["HTTP_X_API_KEY": Self.secret]).status == 200)
    }

    @Test func `a trusted key names users as its program does`() {
        func caller(_ params: [String: String], _ trusted: Set<String> = ["team"]) -> CodeAPICaller {
            CodeAPICaller(of: FastCGIRequest(params: params, stdin: .success([])), "team", trusted, Identity.Headers())
        }
        #expect(caller(["HTTP_USER_ID": "u"]).owner == "team\u{1f}u")
        #expect(caller(["HTTP_USER_ID": "u"], []).owner == "team")
        #expect(caller([:]).named("u").user == "u")
        #expect(caller([:], []).named("u").user == nil)
        #expect(caller(["HTTP_USER_ID": "u"]).named("v").user == "u")
        #expect(caller(["HTTP_X_USER_ID": "x", "HTTP_USER_ID": "u"]).user == "x")
        #expect(caller(["HTTP_USER_ID": "u"]).storeOwner == caller([:]).storeOwner)
        // Whom MCP has by the same key and name has the same sandboxes here.
        let request = FastCGIRequest(params: ["HTTP_X_USER_ID": "u"], stdin: .success([]))
        #expect(Identity(of: request, "team", ["team"]).owner == caller(["HTTP_USER_ID": "u"]).owner)
    }
}

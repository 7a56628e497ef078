internal import FlyingFox
internal import Foundation

/// `GET /files` and `POST /files`. Protocol.md, 3.1 to 3.4.
struct FileTransfer {
    /// The largest form in bytes, which is whole in memory.
    static let bodyLimit = 256 << 20
    /// The largest file in bytes that is uploaded without a form. The agent can write no larger one.
    static let fileLimit = 1 << 30
    static let chunkSize = 192 << 10

    let sandbox: Sandbox

    func answer(_ request: HTTPRequest) async throws -> HTTPResponse {
        let query = Query(request.target.query())
        try authorize(request, query)
        switch request.method {
        case .GET: return try await download(query)
        case .POST: return try await upload(request, query)
        default: throw HTTPError.api(405, "Method not allowed")
        }
    }

    /// Checks the access token, or else the signature. A wrong token is refused even if there is a valid signature.
    private func authorize(_ request: HTTPRequest, _ query: Query) throws {
        guard let token = sandbox.token else { return }
        if let candidate = request.headers[HTTPHeader("X-Access-Token")] {
            guard sandbox.admits(token: candidate) else {
                throw HTTPError.api(
                    401, "unauthorized access, please provide a valid access token or method signing if supported")
            }
            return
        }
        guard let signature = query["signature"] else { throw HTTPError.api(401, "missing signature query parameter") }
        let signed = FileSignature(request, query)
        guard signed.isSigned(signature, token: token) else { throw HTTPError.api(401, "invalid signature") }
        if let expiration = signed.expiration, Double(expiration) < Date.now.timeIntervalSince1970 {
            throw HTTPError.api(401, "signature is already expired")
        }
    }

    func refusal(_ error: AgentCallError) -> HTTPError {
        guard case .refused(let failure) = error else { return .sandboxGone(sandbox.id) }
        let status =
            switch failure.code {
            case "not_found": 404
            case "invalid_argument": 400
            case "permission_denied": 403
            case "unauthenticated": 401
            case "resource_exhausted": 507
            default: 500
            }
        return .api(status, failure.message ?? "failed")
    }
}

extension FileSignature {
    init(_ request: HTTPRequest, _ query: Query) {
        self.init(
            path: query["path"] ?? "", access: request.method == .GET ? .read : .write, user: query["username"] ?? "",
            expiration: query["signature_expiration"].flatMap { Int($0) })
    }
}

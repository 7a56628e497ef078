internal import FlyingFox
internal import Foundation

/// Files and processes of one sandbox. Protocol document, 3 and 4.
struct Envd {
    let sandbox: Sandbox

    func answer(_ request: HTTPRequest, _ path: [String]) async throws -> HTTPResponse {
        switch (request.method, path.joined(separator: "/")) {
        case (.GET, "health"): return .noContent
        default: throw Refusal.api(404, "Not found")
        }
    }
}
extension FileSignature {
    init(_ request: HTTPRequest, _ query: Query) {
        self.init(
            path: query["path"] ?? "", access: request.method == .GET ? .read : .write, user: query["username"] ?? "",
            expiration: query["signature_expiration"].flatMap { Int($0) })
    }
}
struct ConnectError: Error, Encodable {
    enum Code: String, Encodable { case internal_; var status: Int { 500 } }
    var code: Code
}

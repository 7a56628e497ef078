import FastCGI

@testable import Responder

extension Responder {
    /// Answers a program on this machine that has a key.
    ///
    /// - Parameter params: overrule those of such a program.
    func answer(
        _ path: String, _ body: [UInt8], method: String = "POST", key: String, _ params: [String: String] = [:]
    ) async -> Response {
        let own = [
            "REQUEST_METHOD": method, "SCRIPT_NAME": path, "CONTENT_TYPE": "application/json",
            "HTTP_ACCEPT": "application/json", "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "127.0.0.1",
            "HTTP_AUTHORIZATION": "Bearer \(key)",
        ]
        return await respond(
            to: FastCGIRequest(params: own.merging(params) { _, other in other }, stdin: .success(body)))
    }
}

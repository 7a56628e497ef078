import Fetch
import FoundationEssentials
import Responder

/// The check of a session, which uses another path of the web server and other services of the sandbox than an
/// execution.
extension Check {
    func checkSession(_ fetcher: borrowing Fetcher, _ configuration: Configuration) async throws {
        let id = "check-\(UInt64.random(in: .min ... .max))"
        // The timeout ends the sandbox if this check fails before it can kill it.
        try await act(#"{"action": "create", "sessionId": "\#(id)", "timeout": 1}"#, fetcher, configuration)
        try await act(#"{"action": "kill", "sessionId": "\#(id)"}"#, fetcher, configuration)
    }

    private func act(_ action: String, _ fetcher: borrowing Fetcher, _ configuration: Configuration) async throws {
        let response = try await fetcher.response(to: request(EndpointPath.actions, action, configuration))
        let reply = try? JSONDecoder().decode(Reply.self, from: Data(response.body))
        guard response.head.status == 200, reply?.success == true else {
            let reason = reply?.error ?? String(decoding: response.body.prefix(300), as: UTF8.self)
            throw Failure("\(shownURL)\(EndpointPath.actions) answered \(response.head.status):\n\(reason)")
        }
    }

    private struct Reply: Decodable {
        let success: Bool
        let error: String?
    }
}

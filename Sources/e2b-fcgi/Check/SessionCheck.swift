import Fetch
import FoundationEssentials
import Responder

/// `POST /e2bcode`: a session is made and ended, which uses another path of the web server and other services of the
/// sandbox than an execution.
struct SessionCheck: ServiceCheck {
    let surface: Surface

    private static let subject = "POST \(EndpointPath.actions)"

    func findings() async -> [Finding] {
        [
            await Finding.about(Self.subject) {
                let begin = ContinuousClock.now
                let id = "check-\(UInt64.random(in: .min ... .max))"
                // The timeout ends the sandbox if this check fails before it can kill it.
                try await act(#"{"action": "create", "sessionId": "\#(id)", "timeout": 1}"#)
                try await act(#"{"action": "kill", "sessionId": "\#(id)"}"#)
                return .ok(Self.subject, "a session was made and ended in \(begin.elapsed)")
            }
        ]
    }

    private func act(_ action: String) async throws {
        let response = try await surface.post(EndpointPath.actions, action)
        guard let reply = try? JSONDecoder().decode(Reply.self, from: Data(response.body)) else {
            throw surface.problem(of: response, at: EndpointPath.actions)
        }
        guard response.head.status == 200, reply.success else {
            throw Failure(
                "\(surface.shownURL)\(EndpointPath.actions) answered \(response.head.status): \(reply.error ?? "")")
        }
    }

    private struct Reply: Decodable {
        let success: Bool
        let error: String?
    }
}

import Fetch
import FoundationEssentials
import Responder

/// `GET /health`, which monitors ask, and whether the responder there has a key of E2B.
struct HealthCheck: ServiceCheck {
    let surface: Surface

    func findings() async -> [Finding] {
        [await health(EndpointPath.health), await health(EndpointPath.codeAPIHealth)]
    }

    private func health(_ path: String) async -> Finding {
        let subject = "GET \(path)"
        return await Finding.about(subject) {
            let begin = ContinuousClock.now
            let response = try await surface.ask("GET", path)
            guard response.head.status == 200,
                let health = try? JSONDecoder().decode(Health.self, from: Data(response.body))
            else { throw surface.problem(of: response, at: path) }
            guard health.apiKeyConfigured else {
                return .failed(subject, "the responder there has no E2B_API_KEY, so it runs no code")
            }
            return .ok(subject, "\(health.executions) of \(health.executionLimit) executions now, in \(begin.elapsed)")
        }
    }

    private struct Health: Decodable {
        let apiKeyConfigured: Bool
        let executions: Int
        let executionLimit: Int
    }
}

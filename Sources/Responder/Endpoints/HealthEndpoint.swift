import FastCGI
import Interpreter

/// The endpoint `GET /health`, which tells monitors that the service is alive. It does not wait for executions.
struct HealthEndpoint: Endpoint {
    let configuration: Configuration
    let executions: Executions
    var path = EndpointPath.health

    var route: Route {
        var route = Route.telling(path, isShort: true)
        route.isListed = path == EndpointPath.health
        return route
    }

    func accept(
        _ request: inout FastCGIRequest, from caller: String, holding memory: ByteBudget.Reservation
    ) async throws(Refusal) -> Acceptance {
        .answered(
            Answer(
                status: 200,
                body: Array(
                    #"{"status":"healthy","service":"e2b-code-interpreter","apiKeyConfigured":\#(configuration.isAPIKeyConfigured),"executions":\#(executions.count),"executionLimit":\#(executions.limit),"waiting":\#(executions.waitingCount)}"#
                        .utf8)))
    }

    func answer(to refusal: Refusal) -> Answer { Answer(refusal, .none) }
}

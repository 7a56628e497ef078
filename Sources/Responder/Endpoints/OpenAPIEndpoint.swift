import FastCGI
import Interpreter
import LibreChat

/// The endpoint `GET /openapi.json`, whose document an operator pastes into LibreChat's Actions.
struct OpenAPIEndpoint: Endpoint {
    let configuration: Configuration
    let secrets: SecretRedactor

    var route: Route { .telling(EndpointPath.openAPI) }

    func accept(
        _ request: inout FastCGIRequest, from caller: String, holding memory: ByteBudget.Reservation
    ) async throws(Refusal) -> Acceptance {
        let document = OpenAPIDocument(
            server: configuration.publicBaseURL ?? secrets.redacted(request.baseURL),
            operations: [
                .execute(at: EndpointPath.execute, maximumTimeout: configuration.limits.time.maximum),
                .actions(at: EndpointPath.actions),
            ])
        return .answered(Answer(status: 200, body: document.encoded()))
    }

    func answer(to refusal: Refusal) -> Answer { Answer(refusal, secrets) }
}

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

extension FastCGIRequest {
    /// The base URL that the request was sent to, as the web server reports it.
    fileprivate var baseURL: String {
        let host = header("Host") ?? "127.0.0.1"
        let prefix = params["SCRIPT_NAME"].flatMap { params["PATH_INFO"] == nil ? nil : $0 } ?? ""
        return "\(scheme)://\(host)\(prefix)"
    }
}

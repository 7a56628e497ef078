import FastCGI
import Interpreter

/// `GET /status`: what the service is doing, as text, with `?json` as JSON, and with `?full` with a line for each live request. For
/// programs on this machine and holders of keys. It does not wait for executions.
struct StatusEndpoint: Endpoint {
    let status: ServiceStatus

    var route: Route { .operating(EndpointPath.status) }

    func accept(
        _ request: inout FastCGIRequest, from caller: String, holding memory: ByteBudget.Reservation
    ) async throws(Refusal) -> Acceptance {
        .answered(StatusPage.status(query: request.query).answer(status))
    }

    func answer(to refusal: Refusal) -> Answer { Answer(plain: refusal) }
}

/// `GET /metrics`: counters for Prometheus. For programs on this machine and holders of keys. It does not wait for executions.
struct MetricsEndpoint: Endpoint {
    let status: ServiceStatus

    var route: Route { .operating(EndpointPath.metrics) }

    func accept(
        _ request: inout FastCGIRequest, from caller: String, holding memory: ByteBudget.Reservation
    ) async throws(Refusal) -> Acceptance {
        .answered(StatusPage.metrics.answer(status))
    }

    func answer(to refusal: Refusal) -> Answer { Answer(plain: refusal) }
}

/// What an operator may ask for.
enum StatusPage: Equatable {
    case metrics
    case status(isJSON: Bool, isFull: Bool)

    static func status(query: String) -> StatusPage {
        let words = query.split(separator: "&").map { $0.prefix { $0 != "=" } }
        return .status(isJSON: words.contains("json"), isFull: words.contains("full"))
    }

    /// The type and the body.
    func content(_ status: ServiceStatus) -> (type: String, body: [UInt8]) {
        switch self {
        case .metrics: ("text/plain; version=0.0.4; charset=utf-8", Array(status.metrics.utf8))
        case .status(true, let isFull): ("application/json", status.json(isFull: isFull))
        case .status(false, let isFull): ("text/plain; charset=utf-8", Array(status.text(isFull: isFull).utf8))
        }
    }

    fileprivate func answer(_ status: ServiceStatus) -> Answer {
        let (type, body) = content(status)
        var answer = Answer(status: 200, body: body)
        answer.headers = [("Content-Type", type)]
        return answer
    }
}

extension Answer {
    /// Makes an answer that is a line of text.
    fileprivate init(plain refusal: Refusal) {
        self.init(status: refusal.status, body: Array((refusal.sentence + "\n").utf8), retryAfter: refusal.retryAfter)
        headers = refusal.headers + [("Content-Type", "text/plain; charset=utf-8")]
        outcome.problem = refusal.logged ?? refusal.sentence
    }
}

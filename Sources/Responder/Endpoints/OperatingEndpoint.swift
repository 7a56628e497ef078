import FastCGI
import Interpreter

/// `GET /metrics` and `GET /status`, for programs on this machine and holders of keys. They do not wait for executions.
struct OperatingEndpoint: Endpoint {
    let page: OperatingPage
    let status: ServiceStatus

    var route: Route { .operating(page.path) }

    func accept(
        _ request: inout FastCGIRequest, from caller: String, holding memory: ByteBudget.Reservation
    ) async throws(Refusal) -> Acceptance {
        let (type, body) = page.content(query: request.query, of: status)
        var answer = Answer(status: 200, body: body)
        answer.headers = [("Content-Type", type)]
        return .answered(answer)
    }

    /// Makes an answer that is a line of text.
    func answer(to refusal: Refusal) -> Answer {
        var answer = Answer(
            status: refusal.status, body: Array((refusal.sentence + "\n").utf8), retryAfter: refusal.retryAfter)
        answer.headers = refusal.headers + [("Content-Type", "text/plain; charset=utf-8")]
        answer.outcome.problem = refusal.logged ?? refusal.sentence
        return answer
    }
}

/// What an operator may ask for, through the web server or at the socket for it.
enum OperatingPage: CaseIterable {
    /// Counters for Prometheus.
    case metrics
    /// What the service is doing, as text, with `?json` as JSON, and with `?full` with a line for each live request.
    case status

    var path: String {
        switch self {
        case .metrics: EndpointPath.metrics
        case .status: EndpointPath.status
        }
    }

    func content(query: some StringProtocol, of status: ServiceStatus) -> (type: String, body: [UInt8]) {
        let words = query.split(separator: "&").map { $0.prefix { $0 != "=" } }
        let isFull = words.contains("full")
        return switch self {
        case .metrics: ("text/plain; version=0.0.4; charset=utf-8", Array(status.metrics.utf8))
        case .status where words.contains("json"): ("application/json", status.json(isFull: isFull))
        case .status: ("text/plain; charset=utf-8", Array(status.text(isFull: isFull).utf8))
        }
    }
}

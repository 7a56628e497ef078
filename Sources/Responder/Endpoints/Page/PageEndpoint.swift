import FastCGI
import Interpreter

/// The endpoint `GET /`: a page for people, with which they run code, see sessions, and copy what LibreChat's configuration
/// needs. The page is the same for everybody and has no secrets; it asks for a key itself, and sends it with its requests.
struct PageEndpoint: Endpoint {
    private let html = PackageResources.page_html
    private let policy: String

    init() { policy = PagePolicy(html).text }

    var route: Route {
        var route = Route.telling(EndpointPath.page, isShort: true)
        route.isListed = false
        return route
    }

    func accept(
        _ request: inout FastCGIRequest, from caller: String, holding memory: ByteBudget.Reservation
    ) async throws(Refusal) -> Acceptance {
        var answer = Answer(status: 200, body: html)
        answer.headers = [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Security-Policy", policy),
            // For browsers that do not know `frame-ancestors`: a page that is framed could be clicked unawares.
            ("X-Frame-Options", "DENY"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Referrer-Policy", "no-referrer"),
        ]
        return .answered(answer)
    }

    func answer(to refusal: Refusal) -> Answer { Answer(refusal, .none) }
}

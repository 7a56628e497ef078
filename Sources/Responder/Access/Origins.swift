import E2B
import FastCGI

/// The origins of web pages that may use the service from a browser: the service's own, and those that the operator
/// allows.
struct Origins: Sendable {
    enum Standing: Equatable {
        /// The request comes from no web page, or from a page of the service's own origin.
        case own
        case allowed(origin: String)
        case foreign
    }

    /// The allowed origins in the form in which browsers send them: ``BaseURL/origin``.
    private let allowed: Set<String>
    /// The origin of the configured public address, which a proxy may hide from this process.
    private let publicOrigin: String?

    init(allowed: Set<String> = [], publicOrigin: String? = nil) {
        self.allowed = allowed
        self.publicOrigin = publicOrigin
    }

    var isEmpty: Bool { allowed.isEmpty }

    func standing(of request: FastCGIRequest) -> Standing {
        let origin = request.header("Origin").flatMap { $0.isEmpty ? nil : $0.lowercased() }
        if let origin {
            if allowed.contains(origin) { return .allowed(origin: origin) }
            // This also refuses `null`, which a browser sends for a page that hides its origin.
            guard origin == publicOrigin || origin == request.ownOrigin else { return .foreign }
        }
        // Fetch Metadata: `none` means that a person has typed the address, and `same-site` another port or another
        // subdomain.
        switch request.header("Sec-Fetch-Site") ?? "" {
        case "", "same-origin", "none": return .own
        default: return .foreign
        }
    }
}

extension FastCGIRequest {
    /// The origin of pages of the server that the request was sent to.
    fileprivate var ownOrigin: String? {
        guard let host = header("Host") else { return nil }
        return BaseURL("\(scheme)://\(host)")?.origin
    }

    /// The scheme of the request, `http` or `https`, as the web server reports it.
    var scheme: String {
        (params["REQUEST_SCHEME"] ?? (params["HTTPS"]?.lowercased() == "on" ? "https" : "http")) == "https"
            ? "https" : "http"
    }
}

extension BaseURL {
    /// Whether the URL consists of scheme, host and port only.
    var hasNoPath: Bool { text.split(separator: "/").count == 2 }
}

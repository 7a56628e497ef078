import E2B
import FastCGI

/// Which web pages may use the service from a browser: its own, and those that the operator allows.
struct Origins: Sendable {
    enum Standing: Equatable {
        /// No page, or one of the service's own.
        case own
        case allowed(origin: String)
        case foreign
    }

    /// As browsers write them: ``BaseURL/origin``.
    private let allowed: Set<String>
    /// Of the address that the operator gives out, which a proxy in front may hide from us.
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
            // Also `null`, which pages have that hide where they are from.
            guard origin == publicOrigin || origin == request.ownOrigin else { return .foreign }
        }
        // Fetch Metadata: `none` is a person who typed the address. `same-site` is another port, or another name.
        switch request.header("Sec-Fetch-Site") ?? "" {
        case "", "same-origin", "none": return .own
        default: return .foreign
        }
    }
}

extension FastCGIRequest {
    /// Where a page of the server that the request was sent to would be from.
    fileprivate var ownOrigin: String? {
        guard let host = header("Host") else { return nil }
        return BaseURL("\(scheme)://\(host)")?.origin
    }

    /// As far as the web server knows it.
    var scheme: String {
        (params["REQUEST_SCHEME"] ?? (params["HTTPS"]?.lowercased() == "on" ? "https" : "http")) == "https"
            ? "https" : "http"
    }
}

extension BaseURL {
    /// Whether it is nothing but scheme, host and port.
    var hasNoPath: Bool { text.split(separator: "/").count == 2 }
}

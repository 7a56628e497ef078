/// A request of the web server. Its params have all arrived, and its body arrives while the handler reads it.
package struct FastCGIRequest: Sendable {
    /// `FCGI_PARAMS`, such as `REQUEST_METHOD` (CGI/1.1, RFC 3875, section 4.1). Bytes that are not UTF-8 become
    /// U+FFFD.
    package var params: [String: String]
    /// The part of the body that the handler has not read.
    package var body: RequestBody
    /// What the handler has found out about the request, for the steps that follow. No web server can set it.
    package var finding: (any Sendable)?

    package init(params: [String: String], body: RequestBody) {
        self.params = params
        self.body = body
    }

    /// Makes a request whose body has arrived, or cannot be read for the given reason.
    package init(params: [String: String], stdin: Result<[UInt8], FastCGIError>) {
        self.init(params: params, body: RequestBody(stdin))
    }
}

extension FastCGIRequest {
    package var method: String { params["REQUEST_METHOD"] ?? "GET" }

    /// The path of the request within the application. It always starts with `/`, and never has a query.
    ///
    /// Web servers put it into different variables: into `PATH_INFO` if they split it from the script's name, and into
    /// `SCRIPT_NAME` if they hand the whole site to the responder.
    package var path: String { String(Substring(writtenPath.utf8.prefix { $0 != UInt8(ascii: "?") })) }

    /// ``path`` with the query.
    package var target: String { query.isEmpty ? writtenPath : "\(path)?\(query)" }

    private var writtenPath: String {
        guard let value = pathParam.flatMap({ params[$0] }) else { return "/" }
        return value.utf8.first == UInt8(ascii: "/") ? value : "/" + value
    }

    /// The name of the param that has the path.
    private var pathParam: String? {
        ["PATH_INFO", "SCRIPT_NAME", "DOCUMENT_URI"].first { name in
            guard let first = params[name]?.utf8.first else { return false }
            return first != UInt8(ascii: "?")
        }
    }

    /// Replaces the path of the request within the application. Other params that repeat it are removed.
    package mutating func setPath(_ path: String) {
        let name = pathParam ?? "PATH_INFO"
        for other in [
            "REQUEST_URI", "DOCUMENT_URI", "PATH_TRANSLATED", "SCRIPT_FILENAME", "REDIRECT_URL", "UNENCODED_URL",
        ] {
            params[other] = nil
        }
        params[name] = path
    }

    /// The query after the `?`, still encoded. It is empty if there is none.
    package var query: String { params["QUERY_STRING"] ?? "" }

    /// The address of the web server's client, as the web server reports it. It is empty if the web server does not.
    package var remoteAddress: String { params["REMOTE_ADDR"] ?? "" }

    package var contentType: String? { params["CONTENT_TYPE"].flatMap { $0.isEmpty ? nil : $0 } }

    /// Returns a header of the HTTP request, such as `X-API-Key` (RFC 3875, section 4.1.18).
    package func header(_ name: String) -> String? {
        // This goes byte by byte, because `uppercased` and `replacing` handle all of Unicode, and take twenty times as
        // long.
        let prefix: StaticString = "HTTP_"
        let count = prefix.utf8CodeUnitCount + name.utf8.count
        return params[
            String(unsafeUninitializedCapacity: count) { param in
                _ = param.initialize(
                    from: UnsafeBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount))
                for (index, byte) in zip(prefix.utf8CodeUnitCount..., name.utf8) {
                    param[index] =
                        switch byte {
                        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte & ~0x20
                        case UInt8(ascii: "-"): UInt8(ascii: "_")
                        default: byte
                        }
                }
                return count
            }]
    }
}

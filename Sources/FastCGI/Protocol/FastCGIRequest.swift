package import Budget

/// One request as the web server sent it. A copy: nothing points into libfcgi's memory.
package struct FastCGIRequest: Sendable {
    /// `FCGI_PARAMS`, such as `REQUEST_METHOD` (CGI/1.1, RFC 3875, section 4.1). Bytes that are not UTF-8 are repaired.
    package var params: [String: String]
    /// `FCGI_STDIN`, whole; or why it could not be had: `.bodyTooLarge`, `.bodyTruncated`, `.badContentLength`,
    /// `.noMemoryForBody`, or
    /// `.peerClosed` if it stopped without an end and `CONTENT_LENGTH` had not said where that would be.
    package var stdin: Result<[UInt8], FastCGIError>
    /// Of the server's budget, for stdin: to be kept for as long as stdin is, or what has been made of it.
    package var reservation: ByteBudget.Reservation?

    package init(params: [String: String], stdin: Result<[UInt8], FastCGIError>) {
        self.params = params
        self.stdin = stdin
    }
}

extension FastCGIRequest {
    package var method: String { params["REQUEST_METHOD"] ?? "GET" }

    /// Where in the application the request goes: always starts with `/`, never has a query.
    ///
    /// Web servers disagree on the variable: with a path split off the script's name it is `PATH_INFO`, with the
    /// whole site handed to the responder `SCRIPT_NAME`.
    package var path: String { String(Substring(writtenPath.utf8.prefix { $0 != UInt8(ascii: "?") })) }

    /// ``path`` with all that was written after it.
    package var target: String { query.isEmpty ? writtenPath : "\(path)?\(query)" }

    private var writtenPath: String {
        for name in ["PATH_INFO", "SCRIPT_NAME", "DOCUMENT_URI"] {
            guard let value = params[name], let first = value.utf8.first, first != UInt8(ascii: "?") else { continue }
            return first == UInt8(ascii: "/") ? value : "/" + value
        }
        return "/"
    }

    /// After the `?`, still encoded. Empty if there is none.
    package var query: String { params["QUERY_STRING"] ?? "" }

    /// The web server's client, as the web server sees it. Empty if it does not say.
    package var remoteAddress: String { params["REMOTE_ADDR"] ?? "" }

    package var contentType: String? { params["CONTENT_TYPE"].flatMap { $0.isEmpty ? nil : $0 } }

    /// A header of the HTTP request, such as `X-API-Key`. RFC 3875, section 4.1.18.
    package func header(_ name: String) -> String? {
        // Byte by byte: `uppercased` and `replacing` know all of Unicode, and take twenty times as long.
        let name = name.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): byte & ~0x20
            case UInt8(ascii: "-"): UInt8(ascii: "_")
            default: byte
            }
        }
        return params["HTTP_" + String(decoding: name, as: UTF8.self)]
    }
}

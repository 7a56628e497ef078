/// The response to a request: `Status:` and header lines, then the body (RFC 3875, section 6).
package struct Response: Sendable {
    package enum Body: Sendable {
        case bytes([UInt8])
        /// A body that the handler's task writes while it is sent. If `write` throws, or writes another number of bytes
        /// than `length`, the response is broken off so that the web server and its client notice. `write` is not
        /// called if no body is sent, as for `HEAD`.
        ///
        /// Give a `length` if it is known: a client that speaks HTTP/1.0 has no other way to notice that the response
        /// was broken off.
        case stream(length: Int?, write: @Sendable (ResponseWriter) async throws -> Void)
    }

    /// An HTTP status, 200 to 599.
    package var status: Int
    /// The header fields. `Status` and `Content-Length` are ignored here, because the server writes them.
    package var headers: [(name: String, value: String)]
    package var body: Body

    package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.init(status: status, headers: headers, body: .bytes(body))
    }

    package init(status: Int, headers: [(name: String, value: String)] = [], body: Body) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

extension Response.Body {
    /// The number of bytes; nil if it is not known yet.
    package var length: Int? {
        switch self {
        case .bytes(let bytes): bytes.count
        case .stream(let length, _): length
        }
    }

    /// The bytes; nil for a stream.
    package var bytes: [UInt8]? {
        switch self {
        case .bytes(let bytes): bytes
        case .stream: nil
        }
    }
}

/// The response to a request: `Status:` and header lines, then the body (RFC 3875, section 6).
package struct Response: Sendable {
    package enum Body: Sendable {
        case bytes([UInt8])
        /// A body that is written while it is sent, by the handler's task. If `write` throws, or writes other than
        /// `length` bytes, the response is cut so that the web server and its client notice. It is not called when
        /// there is no body to be sent, as for `HEAD`.
        ///
        /// Give a `length` if it is known: a client that speaks HTTP/1.0 has no other way to notice a cut.
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
    /// Nil if it is not known yet.
    package var length: Int? {
        switch self {
        case .bytes(let bytes): bytes.count
        case .stream(let length, _): length
        }
    }

    /// Nil for a stream.
    package var bytes: [UInt8]? {
        switch self {
        case .bytes(let bytes): bytes
        case .stream: nil
        }
    }
}

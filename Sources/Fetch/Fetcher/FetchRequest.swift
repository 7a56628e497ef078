/// One HTTP request.
package struct FetchRequest: Sendable {
    package enum HTTPVersion: Sendable {
        /// HTTP/1.1 always: closing the connection is visible to the server.
        case http1
        /// HTTP/2 where TLS negotiates it, except with a body of more than 64 kB.
        case negotiated
    }

    package var method: String
    package var url: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]?
    package var httpVersion: HTTPVersion
    /// From the start to the last byte of the response.
    package var timeout: Duration
    /// From the start to the first byte of the response's body; nil for none.
    package var bodyTimeout: Duration?
    /// The longest silence once connected; nil for none.
    package var idleTimeout: Duration?
    /// Whether the silence between the response's head and the first byte of its body does not count: the server may
    /// have work before this one.
    package var allowsSilenceBeforeBody = false
    /// Bytes of response body.
    package var responseLimit: Int
    /// Whether the connection may be used again. Not worth it where no further request goes to its host.
    package var keepsConnection = true

    package init(
        method: String = "GET", url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        httpVersion: HTTPVersion = .negotiated, timeout: Duration = .seconds(60), idleTimeout: Duration? = nil,
        responseLimit: Int = 1 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.httpVersion = httpVersion
        self.timeout = timeout
        self.idleTimeout = idleTimeout
        self.responseLimit = responseLimit
    }
}

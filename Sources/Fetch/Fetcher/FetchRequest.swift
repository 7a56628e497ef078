/// One HTTP request.
package struct FetchRequest: Sendable {
    package enum HTTPVersion: Sendable {
        /// HTTP/1.1 always, so that the server sees at once when the connection is closed.
        case http1
        /// HTTP/2 where TLS negotiates it, except with a body of more than 64 kB or in pieces.
        case negotiated
    }

    package var method: String
    package var url: String
    package var headers: [(name: String, value: String)]
    package var body: FetchBody?
    package var httpVersion: HTTPVersion
    /// The time from the start to the last byte of the response.
    package var timeout: Duration
    /// The time from the start to the first byte of the response's body; nil for no limit.
    package var bodyTimeout: Duration?
    /// The longest time without a byte once connected; nil for no limit.
    package var idleTimeout: Duration?
    /// Whether the idle timeout does not count between the response's head and the first byte of its body, because the
    /// server may have other work to do first.
    package var allowsSilenceBeforeBody = false
    /// The largest number of bytes that the response's body may have.
    package var responseLimit: Int
    /// The number of bytes that are received at a time. A transfer keeps that much memory while it waits for a response.
    package var receiveSize = 16 << 10
    /// Whether the connection may be used again. That is not worth it if no further request goes to its host.
    package var keepsConnection = true
    /// Set by ``sign(with:)``.
    var signature: AWSSignature?

    package init(
        method: String = "GET", url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        httpVersion: HTTPVersion = .negotiated, timeout: Duration = .seconds(60), idleTimeout: Duration? = nil,
        responseLimit: Int = 1 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body.map { .bytes($0) }
        self.httpVersion = httpVersion
        self.timeout = timeout
        self.idleTimeout = idleTimeout
        self.responseLimit = responseLimit
    }
}

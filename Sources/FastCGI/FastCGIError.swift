/// Why a request could not be served, or a server could not be started.
package enum FastCGIError: Error, Equatable, Sendable {
    /// `CONTENT_LENGTH` is not a number of bytes.
    case badContentLength(String)
    /// The request body is longer than the server accepts. Bytes.
    case bodyTooLarge(limit: Int)
    /// `FCGI_STDIN` ended before `CONTENT_LENGTH`. Bytes.
    case bodyTruncated(expected: Int, received: Int)
    /// The web server hung up.
    case peerClosed
}

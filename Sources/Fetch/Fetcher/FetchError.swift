/// Why a fetch brought no response, or not the whole of one.
///
/// After `invalidURL`, `invalidRequest`, `couldNotResolve`, `couldNotConnect` and `tls` the server has surely not seen
/// the request. After any other it may have.
package enum FetchError: Error, Equatable, Sendable {
    /// The URL is not an absolute http or https URL, or it contains credentials.
    case invalidURL
    /// The method or a header field is not valid in HTTP.
    case invalidRequest
    case couldNotResolve(host: String)
    /// The connection was refused by the host or the proxy, the host is unreachable, or the connect timeout has passed.
    case couldNotConnect(host: String)
    /// The TLS handshake failed, or the certificate is not valid. The message is the library's.
    case tls(host: String, message: String)
    /// The total deadline passed.
    case timedOut
    /// Nothing arrived for the idle timeout.
    case idle
    /// The body, or the head, is longer than `limit` bytes.
    case responseTooLarge(limit: Int)
    /// The connection ended before the response did.
    case cut
    /// The source of the request's body has failed: `BodySource.failure` says how.
    case bodyFailed
    case cancelled
    /// The driver has stopped.
    case shutDown
    case outOfMemory
    /// The process, or the system, can open no more files: EMFILE, ENFILE.
    case outOfDescriptors
    case curl(code: Int, message: String)
}

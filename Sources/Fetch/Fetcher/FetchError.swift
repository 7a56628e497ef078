/// Why a fetch brought no response, or not the whole of one.
///
/// After `invalidURL`, `invalidRequest`, `couldNotResolve`, `couldNotConnect` and `tls` the server has surely not seen
/// the request. After any other it may have.
package enum FetchError: Error, Equatable, Sendable {
    /// Not an absolute http or https URL, or one with credentials in it.
    case invalidURL
    /// A method or a header field that HTTP cannot carry.
    case invalidRequest
    case couldNotResolve(host: String)
    /// Refused, unreachable, refused by the proxy, or not within the connect timeout.
    case couldNotConnect(host: String)
    /// The TLS handshake or the certificate failed; the words are the library's.
    case tls(host: String, message: String)
    /// The total deadline passed.
    case timedOut
    /// Nothing arrived for the idle timeout.
    case idle
    /// The body, or the head, is longer than `limit` bytes.
    case responseTooLarge(limit: Int)
    /// The connection ended before the response did.
    case cut
    case cancelled
    /// The driver has stopped.
    case shutDown
    case outOfMemory
    /// The process, or the system, has no further file to open: EMFILE, ENFILE.
    case outOfDescriptors
    case curl(code: Int, message: String)
}

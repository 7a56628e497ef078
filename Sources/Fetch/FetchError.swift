/// Why a fetch brought no response, or not the whole of one.
package enum FetchError: Error, Equatable, Sendable {
    case invalidURL
    case couldNotResolve(host: String)
    case couldNotConnect(host: String)
    /// The TLS handshake or the certificate failed; the words are the library's.
    case tls(host: String, message: String)
    /// The total deadline passed.
    case timedOut
    /// Nothing arrived for the idle timeout.
    case idle
    case responseTooLarge(limit: Int)
    /// The connection ended before the response did.
    case cut
    case cancelled
    /// The driver has stopped.
    case shutDown
    case outOfMemory
    case curl(code: Int, message: String)
}

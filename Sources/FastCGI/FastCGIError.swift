/// The reason why a request cannot be served, or a server cannot be started.
package enum FastCGIError: Error, Equatable, Sendable {
    /// The text is not an address that a ``Listener`` understands. `why` is for the operator.
    case badAddress(String, why: String)
    /// The system refuses to listen on the address. `why` is the system's reason, or a more helpful one, for the
    /// operator.
    case listen(address: String, why: String)
    /// The system does not grant what the server needs: descriptors, memory.
    case cannotStart(why: String)
    /// `CONTENT_LENGTH` is not a number of bytes.
    case badContentLength(String)
    /// The request body is longer than the limit in bytes.
    case bodyTooLarge(limit: Int)
    /// `FCGI_STDIN` ended before `CONTENT_LENGTH` bytes. Both numbers are in bytes.
    case bodyTruncated(expected: Int, received: Int)
    /// There is no memory for the request body now.
    case noMemoryForBody
    /// The body of the response has another length than the announced number of bytes.
    case lengthMismatch(announced: Int)
    /// The task was cancelled while it waited for the web server.
    case cancelled
    /// The web server hung up, sent nothing for too long, or sent bytes that are not a request.
    case peerClosed
}

extension FastCGIError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .badAddress(let text, let why): "\"\(text)\" is not an address to listen on: \(why)"
        case .listen(let address, let why): "cannot listen on \(address): \(why)"
        case .cannotStart(let why): "cannot start the FastCGI server: \(why)"
        case .badContentLength(let text): "CONTENT_LENGTH \"\(text)\" is not a number of bytes"
        case .bodyTooLarge(let limit): "the request body is longer than \(limit) bytes"
        case .bodyTruncated(let expected, let received): "the request body ended after \(received) of \(expected) bytes"
        case .noMemoryForBody: "there is no memory for the request body now"
        case .lengthMismatch(let announced): "the response does not have the \(announced) bytes that it announced"
        case .cancelled: "the request was cancelled"
        case .peerClosed: "the web server hung up"
        }
    }
}

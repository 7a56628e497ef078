/// Writes the body of a response while it is sent.
package struct ResponseWriter: Sendable {
    private let stream: ResponseStream

    init(_ stream: ResponseStream) { self.stream = stream }

    /// The number of bytes that were written.
    package var count: Int { stream.count }

    /// Writes the next bytes of the body, and waits while more than some 100 kB have not been sent.
    ///
    /// - Throws: `.peerClosed` if the web server has hung up, `.cancelled` if the task is cancelled, and
    ///   `.lengthMismatch` if the body exceeds the announced length.
    package func write(_ bytes: consuming [UInt8]) async throws(FastCGIError) { try await stream.write(bytes) }
}

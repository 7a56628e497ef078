/// Writes the body of a response while it is sent.
package struct ResponseWriter: Sendable {
    private let stream: ResponseStream

    init(_ stream: ResponseStream) { self.stream = stream }

    /// The bytes that have been written.
    package var count: Int { stream.count }

    /// Waits while the web server is behind by more than some 100 kB.
    ///
    /// - Throws: `.peerClosed` when the web server has hung up, `.cancelled` with the task, and `.lengthMismatch` for
    ///   more bytes than the response announces.
    package func write(_ bytes: consuming [UInt8]) async throws(FastCGIError) { try await stream.write(bytes) }
}

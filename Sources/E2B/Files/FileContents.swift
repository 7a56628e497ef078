internal import Fetch

/// The bytes of a file while it is read, in pieces as they come. One reader, once.
///
/// What has not been taken waits in the sandbox, but for a few hundred kilobytes.
public struct FileContents: AsyncSequence, Sendable {
    public typealias Element = [UInt8]
    public typealias Failure = E2BError

    /// Bytes of the whole file, where the sandbox says so. A file that ends earlier throws `.broken`.
    public let length: Int?
    private let stream: FetchStream
    private let client: E2BClient
    private let sandbox: Sandbox

    init(length: Int?, _ stream: FetchStream, _ client: E2BClient, _ sandbox: Sandbox) {
        self.length = length
        self.stream = stream
        self.client = client
        self.sandbox = sandbox
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(contents: self) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let contents: FileContents

        /// - Returns: a piece, which is not empty; nil: that was the whole file.
        public mutating func next() async throws -> [UInt8]? { try await contents.next() }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws(E2BError) -> [UInt8]? {
            try await contents.next()
        }
    }

    func next() async throws(E2BError) -> [UInt8]? {
        // The stream notices it only when it has to wait.
        guard !Task.isCancelled else { throw .cancelled }
        return try await client.explaining(sandbox) { () throws(E2BError) in
            do throws(FetchError) { return try await stream.next() } catch { throw E2BError(.readFile, error) }
        }
    }

    /// Ends the transfer, if it has not ended.
    func close() { stream.cancel() }
}

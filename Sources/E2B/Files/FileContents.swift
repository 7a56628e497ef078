internal import Fetch

/// The bytes of a file, in pieces as they arrive. They can be read once, by one reader.
///
/// All but a few hundred kilobytes of what has not been read stays in the sandbox.
public struct FileContents: AsyncSequence, Sendable {
    public typealias Element = [UInt8]
    public typealias Failure = E2BError

    /// The number of bytes in the file; nil if the sandbox does not say. If fewer arrive, reading throws `.broken`.
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

        /// - Returns: a piece that is not empty; nil at the end of the file.
        public mutating func next() async throws -> [UInt8]? { try await contents.next() }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws(E2BError) -> [UInt8]? {
            try await contents.next()
        }
    }

    func next() async throws(E2BError) -> [UInt8]? {
        // The stream notices a cancellation only when it has to wait.
        guard !Task.isCancelled else { throw .cancelled }
        return try await client.explaining(sandbox) { () throws(E2BError) in
            do throws(FetchError) { return try await stream.next() } catch { throw E2BError(.readFile, error) }
        }
    }

    /// Ends the transfer, if it has not ended.
    func close() { stream.cancel() }
}

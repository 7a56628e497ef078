/// Where the bytes of a file come from.
package protocol StoredByteSource: AnyObject, Sendable {
    /// - Returns: a piece that is not empty; nil at the end.
    func next() async throws(StoreError) -> [UInt8]?

    /// Lets go of what the source holds. Nothing is read after that.
    func close()
}

/// The bytes of a stored file, in pieces. They can be read once, by one reader.
package struct StoredBytes: AsyncSequence, Sendable {
    package typealias Element = [UInt8]
    package typealias Failure = StoreError

    /// The number of bytes in all pieces.
    package let length: Int
    private let source: any StoredByteSource

    package init(length: Int, _ source: any StoredByteSource) {
        self.length = length
        self.source = source
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(source: source) }

    package struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let source: any StoredByteSource

        package mutating func next() async throws(StoreError) -> [UInt8]? { try await source.next() }

        package mutating func next(isolation actor: isolated (any Actor)?) async throws(StoreError) -> [UInt8]? {
            try await source.next()
        }
    }

    /// Ends the reading, if it has not ended.
    package func close() { source.close() }

    /// Reads all of the bytes into memory.
    package func collect() async throws(StoreError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(length)
        while let piece = try await source.next() { bytes += piece }
        return bytes
    }
}

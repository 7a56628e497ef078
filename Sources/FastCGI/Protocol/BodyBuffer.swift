/// Collects a request's body while it arrives by FastCGI, by the same rules as ``BodyReader``.
struct BodyBuffer {
    /// The bytes that `CONTENT_LENGTH` announces; nil if the body ends with the stream.
    private let expected: Int?
    private let limit: Int
    private var bytes: [UInt8] = []

    /// - Throws: `.badContentLength`, `.bodyTooLarge`. The body is not read then.
    init(contentLength: String?, limit: Int) throws(FastCGIError) {
        self.limit = limit
        expected = try BodyReader.expectation(contentLength, limit: limit)
    }

    /// Whether no more has to be read. A body of unknown length is read up to one byte beyond the limit, to detect that
    /// it is too large.
    var isFull: Bool { bytes.count >= expected ?? limit + 1 }

    /// The bytes that it may come to hold. Without `CONTENT_LENGTH` that is none until the first byte arrives, and then
    /// the limit.
    var size: Int { expected ?? (bytes.isEmpty ? 0 : limit + 1) }

    mutating func append(_ piece: UnsafeRawBufferPointer) {
        let wanted = (expected ?? limit + 1) - bytes.count
        let piece = piece.prefix(wanted)
        // The buffer grows to 1 MiB first, and then once to the final size. Growing by doubling would peak at more than
        // the body's size, and a client may announce what it never sends.
        let needed = bytes.count + piece.count
        if needed > bytes.capacity {
            bytes.reserveCapacity(needed <= BodyReader.firstRoom ? min(size, BodyReader.firstRoom) : size)
        }
        bytes += piece
    }

    /// - Parameter isWhole: whether the stream has ended properly, and not with the connection. Without
    ///   `CONTENT_LENGTH` nothing else tells a whole body.
    func result(isWhole: Bool) -> Result<[UInt8], FastCGIError> {
        if let expected {
            return bytes.count == expected
                ? .success(bytes) : .failure(.bodyTruncated(expected: expected, received: bytes.count))
        }
        guard bytes.count <= limit else { return .failure(.bodyTooLarge(limit: limit)) }
        return isWhole ? .success(bytes) : .failure(.peerClosed)
    }
}

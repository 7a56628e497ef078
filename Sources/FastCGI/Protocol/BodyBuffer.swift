/// A request's body while it arrives by FastCGI. The rules are ``BodyReader``'s.
struct BodyBuffer {
    /// What `CONTENT_LENGTH` says; nil: up to the stream's end. Bytes.
    private let expected: Int?
    private let limit: Int
    private var bytes: [UInt8] = []

    /// - Throws: `.badContentLength`, `.bodyTooLarge`: then nothing is read.
    init(contentLength: String?, limit: Int) throws(FastCGIError) {
        self.limit = limit
        expected = try BodyReader.expectation(contentLength, limit: limit)
    }

    /// Whether nothing more is to be read. A byte beyond the limit tells that there is one too many.
    var isFull: Bool { bytes.count >= expected ?? limit + 1 }

    /// What it may come to hold, as far as that is known: of a body without `CONTENT_LENGTH` once there is one at all. Bytes.
    var size: Int { expected ?? (bytes.isEmpty ? 0 : limit + 1) }

    mutating func append(_ piece: UnsafeRawBufferPointer) {
        let wanted = (expected ?? limit + 1) - bytes.count
        let piece = piece.prefix(wanted)
        // Not by doubling, which for a moment takes more than the body itself; and what is announced need never arrive.
        let needed = bytes.count + piece.count
        if needed > bytes.capacity {
            bytes.reserveCapacity(needed <= BodyReader.firstRoom ? min(size, BodyReader.firstRoom) : size)
        }
        bytes += piece
    }

    /// - Parameter isWhole: the stream has come to its end, and not to a loss: without a `CONTENT_LENGTH` only that tells.
    func result(isWhole: Bool) -> Result<[UInt8], FastCGIError> {
        if let expected {
            return bytes.count == expected
                ? .success(bytes) : .failure(.bodyTruncated(expected: expected, received: bytes.count))
        }
        guard bytes.count <= limit else { return .failure(.bodyTooLarge(limit: limit)) }
        return isWhole ? .success(bytes) : .failure(.peerClosed)
    }
}

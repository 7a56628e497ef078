/// Collects a request's body while it arrives.
///
/// - `CONTENT_LENGTH` says how much is collected. A body that is shorter is an error, and bytes beyond it are ignored.
/// - The buffer grows to 1 MiB first, and then once to the final size. Growing by doubling would peak at more than the
///   body's size, and a client may announce what it never sends.
struct BodyBuffer {
    /// The bytes that are allocated before so many of the body have arrived.
    static let firstRoom = 1 << 20

    /// The bytes that `CONTENT_LENGTH` announces; nil if the body ends with the stream.
    private let expected: Int?
    private let limit: Int
    private var bytes: [UInt8]

    /// - Parameter bytes: the beginning of the body.
    init(_ bytes: consuming [UInt8] = [], contentLength: Int?, limit: Int) {
        self.bytes = bytes
        self.limit = limit
        expected = contentLength
    }

    /// Whether no more has to be read. A body of unknown length is read up to one byte beyond the limit, to detect that
    /// it is too large.
    var isFull: Bool { bytes.count >= size }

    var capacity: Int { bytes.capacity }

    /// The bytes that it may come to hold.
    private var size: Int { expected ?? limit + 1 }

    mutating func append(_ piece: UnsafeRawBufferPointer) {
        let piece = piece.prefix(max(0, size - bytes.count))
        let needed = bytes.count + piece.count
        if needed > bytes.capacity {
            bytes.reserveCapacity(needed <= Self.firstRoom ? min(size, Self.firstRoom) : size)
        }
        bytes += piece
    }

    /// - Throws: what is wrong with what has arrived, or `error`, if the body has not arrived whole.
    consuming func result(unless error: FastCGIError?) throws(FastCGIError) -> [UInt8] {
        if expected == nil, bytes.count > limit { throw .bodyTooLarge(limit: limit) }
        if let error { throw error }
        return bytes
    }
}

/// Collects a request's body while it arrives.
///
/// - `CONTENT_LENGTH` is the number of bytes to collect. A shorter body is an error, and bytes beyond it are ignored.
/// - The buffer grows to 1 MiB first, and then once to the final size: growing by doubling would peak at more than the
///   body's size, and a client may announce what it never sends.
struct BodyBuffer {
    /// The largest buffer that is allocated before that many bytes have arrived.
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

    /// Whether the rest of the body need not be read. A body of unknown length is read up to one byte beyond the limit,
    /// so that a body that is too large is detected.
    var isFull: Bool { bytes.count >= size }

    var capacity: Int { bytes.capacity }

    /// The largest number of bytes that the buffer may come to hold.
    private var size: Int { expected ?? limit + 1 }

    mutating func append(_ piece: UnsafeRawBufferPointer) {
        let piece = piece.prefix(max(0, size - bytes.count))
        let needed = bytes.count + piece.count
        if needed > bytes.capacity {
            bytes.reserveCapacity(needed <= Self.firstRoom ? min(size, Self.firstRoom) : size)
        }
        bytes += piece
    }

    /// Returns the body.
    ///
    /// - Parameter error: the reason why the body has not arrived whole; nil if it has.
    /// - Throws: `.bodyTooLarge`, or `error`.
    consuming func result(unless error: FastCGIError?) throws(FastCGIError) -> [UInt8] {
        if expected == nil, bytes.count > limit { throw .bodyTooLarge(limit: limit) }
        if let error { throw error }
        return bytes
    }
}

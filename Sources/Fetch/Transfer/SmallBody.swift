/// Memory for a small body, which libcurl reads without copying it, and which is used again for the next one.
struct SmallBody: ~Copyable {
    /// Bytes. Each idle handle keeps as many.
    static let limit = 4 << 10

    private var room = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    deinit { room.deallocate() }

    /// - Returns: the address of a copy, which is valid until the next call. Never nil: libcurl would call back for the body.
    mutating func keep(_ body: [UInt8]) -> UnsafeRawPointer {
        precondition(body.count <= Self.limit)
        if room.count < max(1, body.count) {
            room.deallocate()
            // Doubled, so that a few sizes are enough.
            var count = 256
            while count < body.count { count *= 2 }
            room = .allocate(byteCount: count, alignment: 1)
        }
        room.copyBytes(from: body)
        guard let address = room.baseAddress else { preconditionFailure("It has just been allocated.") }
        return UnsafeRawPointer(address)
    }
}

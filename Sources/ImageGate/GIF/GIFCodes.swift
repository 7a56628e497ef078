/// Reads the codes in an image's sub-blocks, lowest bit first. `GIFFile` has checked that the sub-blocks end within the
/// file.
struct GIFCodes {
    private let bytes: [UInt8]
    private var position: Int
    private var blockEnd: Int
    private var bits: UInt32 = 0
    private var bitCount = 0

    /// - Parameter start: the offset of the first sub-block.
    init(_ bytes: [UInt8], start: Int) {
        self.bytes = bytes
        position = start
        blockEnd = start
    }

    /// Reads the next code; nil at the end of the sub-blocks.
    ///
    /// - Parameter width: the code's width in bits, at most 12.
    mutating func next(width: Int) -> Int? {
        while bitCount < width {
            guard let byte = nextByte() else { return nil }
            bits |= UInt32(byte) << UInt32(bitCount)
            bitCount += 8
        }
        let code = bits & (1 << UInt32(width) - 1)
        bits >>= UInt32(width)
        bitCount -= width
        return Int(code)
    }

    /// Returns the number of bytes after the byte that contains the end of the last code.
    mutating func rest() -> Int {
        var count = 0
        while nextByte() != nil { count += 1 }
        return count
    }

    private mutating func nextByte() -> UInt8? {
        if position == blockEnd {
            let count = Int(bytes[position])
            guard count > 0 else { return nil }
            blockEnd = position + 1 + count
            position += 1
        }
        position += 1
        return bytes[position - 1]
    }
}

extension String {
    /// The text without NUL and without terminal escapes (ECMA-48): control sequences such as colours, and the title and link
    /// sequences that end in BEL or ST.
    package var withoutTerminalEscapes: String {
        guard utf8.contains(where: { $0 == 0 || $0 == escape }) else { return self }
        var kept: [UInt8] = []
        kept.reserveCapacity(utf8.count)
        var bytes = Array(utf8)[...]
        while let byte = bytes.popFirst() {
            switch byte {
            case 0: break
            case escape: bytes.dropEscape()
            default: kept.append(byte)
            }
        }
        return String(decoding: kept, as: UTF8.self)
    }
}

private let escape: UInt8 = 0x1b

extension ArraySlice<UInt8> {
    /// Drops the rest of one escape sequence, whose ESC is gone already.
    fileprivate mutating func dropEscape() {
        // A byte outside ASCII is no part of an escape: it stays.
        guard let introducer = first, introducer < 0x80 else { return }
        removeFirst()
        switch introducer {
        case UInt8(ascii: "["):
            // Parameters and intermediates, then one final byte.
            while let byte = first, (0x20...0x3f).contains(byte) { removeFirst() }
            if let byte = first, (0x40...0x7e).contains(byte) { removeFirst() }
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "^"), UInt8(ascii: "_"):
            // A string, ended by BEL or ESC \. One without an end is dropped up to the end of its line.
            while let byte = first, byte != UInt8(ascii: "\n") {
                removeFirst()
                if byte == 0x07 { return }
                if byte == escape, first == UInt8(ascii: "\\") {
                    removeFirst()
                    return
                }
            }
        case 0x20...0x2f:
            // Intermediates, then one final byte: character sets.
            while let byte = first, (0x20...0x2f).contains(byte) { removeFirst() }
            if let byte = first, (0x30...0x7e).contains(byte) { removeFirst() }
        default: break
        }
    }
}

internal import Glibc

/// Decodes the escapes of a JSON string that ``JSONScanner`` has found to be well-formed.
package enum JSONString {
    /// Copies a string's content, and replaces its escapes.
    ///
    /// - Parameters:
    ///   - content: the bytes between the quotes.
    ///   - room: memory of at least `content.count` bytes, because no escape is shorter than its character. It may
    ///     begin at or before `content`.
    /// - Returns: the number of bytes written. They are UTF-8 if `content` is.
    package static func unescape(_ content: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) -> Int {
        guard let from = content.baseAddress, let to = room.baseAddress else { return 0 }
        var read = 0
        var written = 0
        while read < content.count {
            let rest = content.count - read
            let escape = memchr(from + read, CInt(UInt8(ascii: "\\")), rest)
            let run = escape.map { UnsafeRawPointer($0) - (from + read) } ?? rest
            (to + written).copyMemory(from: from + read, byteCount: run)
            read += run
            written += run
            guard escape != nil else { break }
            let scalar: Unicode.Scalar
            (scalar, read) = self.scalar(of: content, at: read)
            written += encode(scalar, to: to + written)
        }
        return written
    }

    /// Writes the scalar as UTF-8. `UTF8.encode` makes a collection, which took most of the time for a text of escapes
    /// only.
    private static func encode(_ scalar: Unicode.Scalar, to room: UnsafeMutableRawPointer) -> Int {
        let value = scalar.value
        func store(_ offset: Int, _ bits: UInt32) {
            room.storeBytes(of: UInt8(bits), toByteOffset: offset, as: UInt8.self)
        }
        func tail(_ offset: Int, _ shift: UInt32) { store(offset, 0x80 | (value >> shift) & 0x3F) }
        switch value {
        case ..<0x80:
            store(0, value)
            return 1
        case ..<0x800:
            store(0, 0xC0 | value >> 6)
            tail(1, 0)
            return 2
        case ..<0x10000:
            store(0, 0xE0 | value >> 12)
            tail(1, 6)
            tail(2, 0)
            return 3
        default:
            store(0, 0xF0 | value >> 18)
            tail(1, 12)
            tail(2, 6)
            tail(3, 0)
            return 4
        }
    }

    /// Decodes the escape at `position`. Half of a surrogate pair becomes U+FFFD.
    ///
    /// - Returns: the scalar, and the position after the escape.
    private static func scalar(of content: UnsafeRawBufferPointer, at position: Int) -> (Unicode.Scalar, Int) {
        switch content[position + 1] {
        case UInt8(ascii: "n"): return ("\n", position + 2)
        case UInt8(ascii: "t"): return ("\t", position + 2)
        case UInt8(ascii: "r"): return ("\r", position + 2)
        case UInt8(ascii: "b"): return ("\u{8}", position + 2)
        case UInt8(ascii: "f"): return ("\u{C}", position + 2)
        case UInt8(ascii: "u"): break
        case let itself: return (Unicode.Scalar(itself), position + 2)  // " \ /
        }
        let first = codeUnit(content, at: position + 2)
        let next = position + 6
        guard UTF16.isLeadSurrogate(first), next + 6 <= content.count,
            content[next] == UInt8(ascii: "\\"), content[next + 1] == UInt8(ascii: "u")
        else { return (Unicode.Scalar(first) ?? "\u{FFFD}", next) }
        let second = codeUnit(content, at: next + 2)
        guard UTF16.isTrailSurrogate(second) else { return ("\u{FFFD}", next) }
        let value = 0x10000 + (UInt32(first) & 0x3FF) << 10 + UInt32(second) & 0x3FF
        return (Unicode.Scalar(value) ?? "\u{FFFD}", next + 6)
    }

    /// Whether an escape is half of a surrogate pair, which is not a character.
    static func hasHalfPair(_ content: UnsafeRawBufferPointer) -> Bool {
        var position = 0
        while let escape = content[position...].firstIndex(of: UInt8(ascii: "\\")) {
            let (scalar, next) = scalar(of: content, at: escape)
            if scalar == "\u{FFFD}", UTF16.isSurrogate(codeUnit(content, at: escape + 2)) { return true }
            position = next
        }
        return false
    }

    private static func codeUnit(_ content: UnsafeRawBufferPointer, at position: Int) -> UInt16 {
        var unit: UInt16 = 0
        for offset in 0..<4 { unit = unit << 4 | UInt16(Hexadecimal.value(content[position + offset]) ?? 0) }
        return unit
    }
}

internal import Glibc

/// Escapes of a JSON string, which ``JSONScanner`` has already found to be well formed.
enum JSONString {
    /// Replaces escapes; no escape is shorter than what it stands for, so `room` needs `content.count` bytes.
    ///
    /// - Returns: bytes written: UTF-8 as far as `content` was.
    static func unescape(_ content: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) -> Int {
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
            for byte in UTF8.encode(scalar).unsafelyUnwrapped {  // every scalar has a UTF-8 form
                room[written] = byte
                written += 1
            }
        }
        return written
    }

    /// The scalar of the escape at `position` and where the text goes on. Half of a surrogate pair is U+FFFD.
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
        return (UTF16.decode(UTF16.EncodedScalar([first, second])), next + 6)
    }

    private static func codeUnit(_ content: UnsafeRawBufferPointer, at position: Int) -> UInt16 {
        var unit: UInt16 = 0
        for offset in 0..<4 { unit = unit << 4 | UInt16(hexDigit(content[position + offset]) ?? 0) }
        return unit
    }

    static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

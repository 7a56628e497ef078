extension [UInt8] {
    /// Appends a JSON string (RFC 8259, section 7).
    package mutating func append(quoted text: String) {
        append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { text in
            // In runs: nearly all characters stand for themselves.
            var run = 0
            for position in text.indices where Self.needsEscape(text[position]) {
                append(contentsOf: text[run..<position])
                append(escaped: text[position])
                run = position + 1
            }
            append(contentsOf: text[run...])
        }
        append(UInt8(ascii: "\""))
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func append(escaped byte: UInt8) {
        append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): append(byte)
        case UInt8(ascii: "\n"): append(UInt8(ascii: "n"))
        case UInt8(ascii: "\r"): append(UInt8(ascii: "r"))
        case UInt8(ascii: "\t"): append(UInt8(ascii: "t"))
        default:
            append(contentsOf: "u00".utf8)
            append(hexDigits[Int(byte >> 4)])
            append(hexDigits[Int(byte & 15)])
        }
    }

    /// Appends the standard base64 of `bytes`, with padding (RFC 4648, section 4).
    package mutating func append(base64 bytes: [UInt8]) {
        let start = count
        append(contentsOf: repeatElement(UInt8(ascii: "="), count: Base64.encodedCount(of: bytes)))
        withUnsafeMutableBytes { json in
            let room = UnsafeMutableRawBufferPointer(rebasing: json[start...])
            bytes.withUnsafeBytes { Base64.encode($0, into: room) }
        }
    }
}

private let hexDigits = Array("0123456789abcdef".utf8)

extension [UInt8] {
    /// Appends a JSON string (RFC 8259, section 7).
    package mutating func append(quoted text: String) {
        append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                append(UInt8(ascii: "\\"))
                append(byte)
            case UInt8(ascii: "\n"): append(contentsOf: #"\n"#.utf8)
            case UInt8(ascii: "\r"): append(contentsOf: #"\r"#.utf8)
            case UInt8(ascii: "\t"): append(contentsOf: #"\t"#.utf8)
            case 0..<0x20:
                append(contentsOf: #"\u00"#.utf8)
                append(hexDigits[Int(byte >> 4)])
                append(hexDigits[Int(byte & 15)])
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }

    /// Appends the standard base64 of `bytes`, with padding (RFC 4648, section 4).
    package mutating func append(base64 bytes: [UInt8]) {
        let start = count
        append(contentsOf: repeatElement(UInt8(ascii: "="), count: (bytes.count + 2) / 3 * 4))
        withUnsafeMutableBufferPointer { output in
            base64Alphabet.withUnsafeBufferPointer { alphabet in
                var target = start
                var index = 0
                func put(_ sextets: Int, of group: UInt32) {
                    for position in 0..<sextets {
                        output[target + position] = alphabet[Int(group >> UInt32(18 - 6 * position)) & 63]
                    }
                    target += 4
                }
                while index + 3 <= bytes.count {
                    put(4, of: UInt32(bytes[index]) << 16 | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2]))
                    index += 3
                }
                switch bytes.count - index {
                case 1: put(2, of: UInt32(bytes[index]) << 16)
                case 2: put(3, of: UInt32(bytes[index]) << 16 | UInt32(bytes[index + 1]) << 8)
                default: break
                }
            }
        }
    }
}

private let hexDigits = Array("0123456789abcdef".utf8)
private let base64Alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

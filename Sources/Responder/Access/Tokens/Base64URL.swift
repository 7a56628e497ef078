import JSON

/// Base64 as tokens have it (RFC 7515, section 2): with `-` and `_`, and without padding, white space or anything else. There is no
/// second way to write the same bytes: bits that are left over are zero (RFC 4648, section 3.5).
enum Base64URL {
    /// - Returns: nil if the text is not that.
    static func decode(_ text: some StringProtocol) -> [UInt8]? {
        guard text.utf8.allSatisfy(isDigit) else { return nil }
        let standard = text.utf8.map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "-"): UInt8(ascii: "+")
            case UInt8(ascii: "_"): UInt8(ascii: "/")
            default: byte
            }
        }
        let padding = [UInt8](repeating: UInt8(ascii: "="), count: (4 - standard.count % 4) % 4)
        guard let bytes = (standard + padding).withUnsafeBytes({ Base64.decode($0) }) else { return nil }
        var again: [UInt8] = []
        again.append(base64: bytes)
        return again.starts(with: standard) ? bytes : nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

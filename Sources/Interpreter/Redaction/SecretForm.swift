/// One way to write a secret or a part of a long one: a sequence of units, each of which has several spellings.
struct SecretForm: Sendable {
    enum Notation: Sendable {
        /// Characters, each without an escape or with one of URLs, JSON, code or HTML. Escaped and plain characters
        /// mix, because each program has its own list of characters that it leaves alone.
        case text
        /// Bytes of another encoding than UTF-8, without escapes.
        case bytes
        /// Characters of base64 or base32 that depend on the secret alone. There is a form for each place in a group at
        /// which the secret may begin.
        case base64, base32
        /// Two hexadecimal digits for each byte.
        case hexadecimal
        /// A number for each byte, as programs print lists of bytes.
        case decimal
    }

    /// The number of the secret, in the order of the names.
    let secret: Int
    /// The number of the part of the secret.
    let part: Int
    let notation: Notation
    /// The units: scalars of text, characters of base64 or base32, or bytes.
    let units: [UInt32]
    /// Whether a space stands for any white space, because programs wrap lines there.
    var foldsBlanks = false
    /// Whether characters beyond ASCII may have become `?` or U+FFFD. The other characters are enough to recognise the
    /// secret.
    var mayLose = false
    /// The number of bytes of the longest spelling that is searched for.
    let limit: Int
}

extension SecretForm {
    /// The number of bytes of a part. Even the longest form of a part is no longer than the text that is dropped at a
    /// cut.
    private static let partLimit = 512

    /// Returns all forms of a secret.
    ///
    /// - Parameter secret: the number of the secret.
    static func all(of value: String, secret: Int) -> [SecretForm] {
        parts(of: trimmed(value)).enumerated().flatMap { part, text in
            forms(of: text).map { notation, units in
                var form = SecretForm(
                    secret: secret, part: part, notation: notation, units: units, limit: 16 * text.utf8.count + 64)
                if notation == .text { form.allowFoldingAndLoss() }
                return form
            }
        }
    }

    /// Removes white space at the ends, which programs cut off.
    private static func trimmed(_ value: String) -> String {
        let scalars = value.unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return value }
        let trimmed = String(scalars[first...last])
        return trimmed.utf8.count >= SecretRedactor.shortest ? trimmed : value
    }

    /// Divides the units into parts of about the same length, none of which is too short.
    private static func parts(of value: String) -> [String] {
        let count = value.utf8.count
        let length = count / ((count + partLimit - 1) / partLimit)
        var parts: [String] = []
        var part = String.UnicodeScalarView()
        var left = count
        var size = 0
        for scalar in value.unicodeScalars {
            if size >= length, left >= SecretRedactor.shortest {
                parts.append(String(part))
                (part, size) = (String.UnicodeScalarView(), 0)
            }
            part.append(scalar)
            size += UTF8.width(scalar)
            left -= UTF8.width(scalar)
        }
        return parts + [String(part)]
    }

    private static func forms(of text: String) -> [(Notation, [UInt32])] {
        let texts = unique([text.unicodeScalars.map(\.value), text.composed, text.decomposed])
        let encoded = unique(texts.map { $0.flatMap(utf8) })
        var forms: [(Notation, [UInt32])] = texts.map { (.text, $0) }
        // This is UTF-8 that a program has read as Latin-1.
        if encoded[0] != texts[0] { forms.append((.text, encoded[0])) }
        let bigEndian = text.utf16.flatMap { [UInt32($0 >> 8), UInt32($0 & 0xff)] }
        let littleEndian = text.utf16.flatMap { [UInt32($0 & 0xff), UInt32($0 >> 8)] }
        let latin1 = texts.filter { $0.contains { $0 >= 0x80 } && $0.allSatisfy { $0 < 0x100 } }
        forms += (latin1 + [bigEndian, littleEndian]).map { (.bytes, $0) }
        for bytes in unique(encoded + latin1 + [littleEndian]) where bytes.count >= SecretRedactor.shortest {
            forms += (0..<3).map { (.base64, characters(of: bytes, after: $0, bits: 6, alphabet: base64)) }
        }
        for bytes in unique(encoded + latin1) where bytes.count >= SecretRedactor.shortest {
            forms.append((.hexadecimal, bytes))
            forms.append((.decimal, bytes))
            forms += (0..<5).map { (.base32, characters(of: bytes, after: $0, bits: 5, alphabet: base32)) }
        }
        return forms
    }

    private static let base64 = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let base32 = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

    /// Returns the characters of base64 or base32 whose bits all belong to the secret.
    ///
    /// - Parameter offset: the number of bytes of the first group that come before the secret.
    private static func characters(
        of bytes: [UInt32], after offset: Int, bits: Int, alphabet: [UInt8]
    ) -> [UInt32] {
        let first = (8 * offset + bits - 1) / bits
        let end = 8 * (offset + bytes.count) / bits
        return (first..<end).map { place in
            let value = (0..<bits).reduce(0) { value, bit in
                let at = place * bits + bit - 8 * offset
                return value << 1 | Int(bytes[at / 8] >> UInt32(7 - at % 8) & 1)
            }
            return UInt32(alphabet[value])
        }
    }

    private static func utf8(_ scalar: UInt32) -> [UInt32] {
        Unicode.Scalar(scalar).map { UTF8.encode($0)?.map { UInt32($0) } ?? [] } ?? []
    }

    private static func unique(_ lists: [[UInt32]]) -> [[UInt32]] {
        var unique: [[UInt32]] = []
        for list in lists where !unique.contains(list) { unique.append(list) }
        return unique
    }

    private mutating func allowFoldingAndLoss() {
        // A form that has only blanks, or a word of two letters, would be found everywhere.
        var folded: [UInt32] = []
        for unit in units where !(unit.isBlank && folded.last == 0x20) { folded.append(unit.isBlank ? 0x20 : unit) }
        if folded.count >= SecretRedactor.shortest {
            self = SecretForm(
                secret: secret, part: part, notation: notation, units: folded, foldsBlanks: true, limit: limit)
        }
        mayLose = units.count(where: \.isAlphanumeric) >= SecretRedactor.shortest
    }
}

extension UInt32 {
    /// Whether this is white space that programs replace by other white space.
    var isBlank: Bool { self == 0x20 || (0x09...0x0d).contains(self) || self == 0xa0 }

    /// Whether this is a letter or digit of ASCII.
    var isAlphanumeric: Bool {
        (0x30...0x39).contains(self) || (0x41...0x5a).contains(self) || (0x61...0x7a).contains(self)
    }
}

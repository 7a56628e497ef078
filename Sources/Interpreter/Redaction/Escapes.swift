/// Reads the escapes that a program may have written for a character.
///
/// The same bytes may have several readings, because a program may have escaped text that another one had escaped
/// before.
struct Escapes {
    private let text: UnsafeBufferPointer<UInt8>

    enum Value {
        /// A byte of a character's UTF-8, or a character of Latin-1.
        case byte(UInt32)
        /// A scalar, or half of a surrogate pair.
        case scalar(UInt32)
    }

    /// The largest number of times that an escape may have been escaped itself.
    private static let depth = 8

    init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

    /// Calls `found` with each reading of the escape at `start`, and the offset after it.
    func read(at start: Int, _ found: (Value, _ end: Int) -> Void) {
        guard start < text.count else { return }
        switch text[start] {
        case UInt8(ascii: "%"): readPercent(start, found)
        case UInt8(ascii: "="):
            // Quoted-printable (RFC 2045, section 6.7).
            if let byte = number(start + 1, digits: 2) { found(.byte(byte), start + 3) }
        case UInt8(ascii: "\\"): readBackslash(start, found)
        case UInt8(ascii: "&"): readReference(start, found)
        default: break
        }
    }

    /// Reads escapes of URLs, such as `%C3%BC` in either case (RFC 3986, section 2.1), and those of JavaScript's
    /// `escape`.
    private func readPercent(_ start: Int, _ found: (Value, Int) -> Void) {
        var at = start + 1
        for _ in 0..<Self.depth {
            if let byte = number(at, digits: 2) { found(.byte(byte), at + 2) }
            guard byte(at) == UInt8(ascii: "2"), byte(at + 1) == UInt8(ascii: "5") else { break }
            at += 2
        }
        if byte(at) == UInt8(ascii: "u"), let unit = number(at + 1, digits: 4) { found(.scalar(unit), at + 5) }
    }

    /// Reads escapes of JSON, of shells and of literals in programming languages: `\n`, `\xfc`, `\u00fc`, `\U0001f98a`,
    /// `\u{1f98a}`, `\303\274`, and a backslash before a character that stands for itself.
    private func readBackslash(_ start: Int, _ found: (Value, Int) -> Void) {
        var at = start
        while at - start < 2 * Self.depth, byte(at) == UInt8(ascii: "\\") {
            at += 1
            found(.scalar(0x5c), at)
        }
        guard let kind = byte(at) else { return }
        switch kind {
        case UInt8(ascii: "x"):
            if let byte = number(at + 1, digits: 2) { found(.byte(byte), at + 3) } else { readBraces(at + 1, found) }
        case UInt8(ascii: "u"):
            if let unit = number(at + 1, digits: 4) { found(.scalar(unit), at + 5) } else { readBraces(at + 1, found) }
        case UInt8(ascii: "U"):
            if let scalar = number(at + 1, digits: 8) { found(.scalar(scalar), at + 9) }
        case UInt8(ascii: "0")...UInt8(ascii: "7"): readOctal(at, found)
        case UInt8(ascii: "n"): found(.scalar(0x0a), at + 1)
        case UInt8(ascii: "r"): found(.scalar(0x0d), at + 1)
        case UInt8(ascii: "t"): found(.scalar(0x09), at + 1)
        case UInt8(ascii: "b"): found(.scalar(0x08), at + 1)
        case UInt8(ascii: "f"): found(.scalar(0x0c), at + 1)
        case UInt8(ascii: "v"): found(.scalar(0x0b), at + 1)
        case UInt8(ascii: "a"): found(.scalar(0x07), at + 1)
        case UInt8(ascii: "e"), UInt8(ascii: "E"): found(.scalar(0x1b), at + 1)
        case _ where UInt32(kind).isAlphanumeric: break
        default:
            let (scalar, end) = character(at)
            found(.scalar(scalar), end)
        }
    }

    private func readBraces(_ start: Int, _ found: (Value, Int) -> Void) {
        guard byte(start) == UInt8(ascii: "{") else { return }
        var at = start + 1
        var scalar: UInt32 = 0
        while at - start <= 8, let digit = digit(at) {
            scalar = scalar << 4 | digit
            at += 1
        }
        if at > start + 1, byte(at) == UInt8(ascii: "}") { found(.scalar(scalar), at + 1) }
    }

    private func readOctal(_ start: Int, _ found: (Value, Int) -> Void) {
        var at = start
        var value: UInt32 = 0
        while at - start < 3, let byte = byte(at), (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(byte) {
            value = value << 3 | UInt32(byte & 7)
            at += 1
        }
        if value < 0x100 { found(.byte(value), at) }
    }

    /// Reads references of HTML and XML: `&amp;`, `&uuml;`, `&#252;`, `&#xfc;`.
    private func readReference(_ start: Int, _ found: (Value, Int) -> Void) {
        var at = start + 1
        for _ in 0..<Self.depth {
            guard byte(at) != UInt8(ascii: "#") else { return readNumber(at + 1, found) }
            guard let (scalar, end) = named(at) else { return }
            found(.scalar(scalar), end)
            guard scalar == 0x26 else { return }
            at = end
        }
    }

    private func readNumber(_ start: Int, _ found: (Value, Int) -> Void) {
        var at = start
        var value: UInt32 = 0
        if byte(at).map({ $0 | 0x20 }) == UInt8(ascii: "x") {
            at += 1
            while at - start <= 8, let digit = digit(at) {
                value = value << 4 | digit
                at += 1
            }
        } else {
            while at - start < 8, let digit = digit(at), digit < 10 {
                value = value * 10 + digit
                at += 1
            }
        }
        if byte(at) == UInt8(ascii: ";") { found(.scalar(value), at + 1) }
    }

    private func named(_ start: Int) -> (UInt32, end: Int)? {
        var key: UInt64 = 0
        var at = start
        while at - start < 8, let byte = byte(at), UInt32(byte).isAlphanumeric {
            key = key << 8 | UInt64(byte)
            at += 1
        }
        guard byte(at) == UInt8(ascii: ";"), let scalar = CharacterReferences.byName[key] else { return nil }
        return (scalar, at + 1)
    }

    // MARK: - Bytes

    private func byte(_ at: Int) -> UInt8? { at < text.count ? text[at] : nil }

    private func digit(_ at: Int) -> UInt32? {
        switch byte(at) {
        case let byte? where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte): UInt32(byte & 15)
        case let byte? where (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20): UInt32(byte & 7) + 9
        default: nil
        }
    }

    /// Reads hexadecimal digits in either case.
    func number(_ start: Int, digits count: Int) -> UInt32? {
        var value: UInt32 = 0
        for at in start..<start + count {
            guard let digit = digit(at) else { return nil }
            value = value << 4 | digit
        }
        return value
    }

    /// Returns the character at `start` without any escape. Bytes that are not UTF-8 are taken one by one.
    private func character(_ start: Int) -> (UInt32, end: Int) {
        let first = UInt32(text[start])
        let count = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
        guard count > 1, start + count <= text.count else { return (first, start + 1) }
        var value = first & (0xff >> UInt32(count + 1))
        for at in start + 1..<start + count { value = value << 6 | UInt32(text[at] & 0x3f) }
        return (value, start + count)
    }
}

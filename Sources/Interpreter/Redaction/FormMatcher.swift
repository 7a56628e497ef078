/// Compares a text with forms of secrets, beginning at a given byte.
struct FormMatcher {
    /// A ``SecretForm`` without anything that has to be counted or copied, because it is compared at many places.
    struct Form {
        let notation: SecretForm.Notation
        let units: UnsafeBufferPointer<UInt32>
        let foldsBlanks: Bool
        let mayLose: Bool
        let limit: Int
    }

    private let text: UnsafeBufferPointer<UInt8>
    private let escapes: Escapes

    init(_ text: UnsafeBufferPointer<UInt8>) {
        self.text = text
        escapes = Escapes(text)
    }

    /// Returns the end of the longest spelling of `form` that begins at `start`; nil if none does.
    ///
    /// The units are compared one after the other, at all offsets to which the units before may have led. There is more
    /// than one offset only if an escape has several readings. So the time is proportional to the length of the form,
    /// whatever the text is.
    func end(of form: Form, from start: Int) -> Int? {
        if form.notation == .decimal, start > 0, text[start - 1].isDigit { return nil }
        let limit = min(start + form.limit, text.count)
        let hasEscapes = form.notation == .text || form.notation == .base64
        var offsets = Offsets(start)
        for index in 0..<form.units.count {
            let unit = form.units[index]
            // The letter stands here without an escape, and no other spelling begins with a letter.
            if hasEscapes, offsets.count == 1, unit.isAlphanumeric {
                let offset = offsets[0]
                if offset < limit, text[offset] == unit {
                    offsets.replace(with: offset + 1)
                    continue
                }
            }
            var next = Offsets()
            for place in 0..<offsets.count {
                let offset = offsets[place]
                if index == 0 || form.notation != .decimal {
                    read(unit, of: form, at: offset) { if $0 <= limit { next.insert($0) } }
                }
                if index > 0, let resumed = afterInterruption(of: form.notation, at: offset) {
                    read(unit, of: form, at: resumed) { if $0 <= limit { next.insert($0) } }
                }
            }
            guard next.count > 0 else { return nil }
            offsets = next
        }
        let end = offsets.largest
        if form.notation == .decimal, end < text.count, text[end].isDigit { return nil }
        return end
    }

    // MARK: - One unit

    private func read(_ unit: UInt32, of form: Form, at offset: Int, _ found: (Int) -> Void) {
        guard offset < text.count else { return }
        switch form.notation {
        case .text: read(character: unit, of: form, at: offset, found)
        case .bytes: if text[offset] == unit { found(offset + 1) }
        case .base64:
            read(character: unit, of: form, at: offset, found)
            // The text may use the alphabet for URLs (RFC 4648, section 5).
            if unit == 0x2b { read(character: 0x2d, of: form, at: offset, found) }
            if unit == 0x2f { read(character: 0x5f, of: form, at: offset, found) }
        case .base32:
            if UInt32(text[offset] & 0xdf) == unit || text[offset] == unit { found(offset + 1) }
        case .hexadecimal: if escapes.number(offset, digits: 2) == unit { found(offset + 2) }
        case .decimal:
            var at = offset
            var value: UInt32 = 0
            while at < text.count, at - offset < 3, text[at].isDigit {
                value = 10 * value + UInt32(text[at] & 15)
                at += 1
            }
            if at > offset, value == unit { found(at) }
        }
    }

    private func read(character unit: UInt32, of form: Form, at offset: Int, _ found: (Int) -> Void) {
        if unit == 0x20 { return readBlanks(form.foldsBlanks ? 16 : 1, at: offset, found) }
        if let end = plain(unit, at: offset) { found(end) }
        switch text[offset] {
        case UInt8(ascii: "%"), UInt8(ascii: "\\"), UInt8(ascii: "&"), UInt8(ascii: "="):
            readEscape(of: unit, at: offset, found)
        case UInt8(ascii: "'"), UInt8(ascii: "\""): readQuote(unit, at: offset, found)
        case UInt8(ascii: "?"), 0xef: if form.mayLose, unit >= 0x80 { readLoss(at: offset, found) }
        default: break
        }
    }

    /// Matches the character in UTF-8, without an escape.
    private func plain(_ unit: UInt32, at offset: Int) -> Int? {
        guard unit >= 0x80 else { return text[offset] == unit ? offset + 1 : nil }
        return encoded(unit) { bytes, count in
            guard offset + count <= text.count else { return nil }
            for index in 0..<count where text[offset + index] != UInt8(truncatingIfNeeded: bytes >> UInt32(8 * index)) {
                return nil
            }
            return offset + count
        }
    }

    /// - Parameter body: is called with the bytes of the scalar in UTF-8, the first one lowest, and their number.
    private func encoded<Value>(_ unit: UInt32, _ body: (UInt32, Int) -> Value) -> Value {
        func tail(_ shift: UInt32) -> UInt32 { 0x80 | unit >> shift & 0x3f }
        switch unit {
        case ..<0x80: return body(unit, 1)
        case ..<0x800: return body(0xc0 | unit >> 6 | tail(0) << 8, 2)
        case ..<0x10000: return body(0xe0 | unit >> 12 | tail(6) << 8 | tail(0) << 16, 3)
        default: return body(0xf0 | unit >> 18 | tail(12) << 8 | tail(6) << 16 | tail(0) << 24, 4)
        }
    }

    private func readEscape(of unit: UInt32, at offset: Int, _ found: (Int) -> Void) {
        escapes.read(at: offset) { value, end in
            switch value {
            case .byte(let byte):
                if byte == unit { found(end) }
                guard unit >= 0x80 else { return }
                encoded(unit) { bytes, count in
                    if byte == bytes & 0xff { readRest(bytes >> 8, count - 1, at: end, found) }
                }
            case .scalar(let scalar):
                if scalar == unit { found(end) }
                guard unit >= 0x10000, scalar == 0xd800 + (unit - 0x10000) >> 10 else { return }
                let second = 0xdc00 + (unit - 0x10000) & 0x3ff
                escapes.read(at: end) { value, end in
                    if case .scalar(second) = value { found(end) }
                }
            }
        }
    }

    /// Matches the further bytes of a character, each of which is escaped.
    private func readRest(_ bytes: UInt32, _ count: Int, at offset: Int, _ found: (Int) -> Void) {
        guard count > 0 else { return found(offset) }
        escapes.read(at: offset) { value, end in
            if case .byte(bytes & 0xff) = value { readRest(bytes >> 8, count - 1, at: end, found) }
        }
    }

    /// Matches a quote within quotes: `'\''` and `'"'"'` in shells, and doubled quotes in SQL, CSV and YAML. Quotes
    /// with backslashes are escapes.
    private func readQuote(_ unit: UInt32, at offset: Int, _ found: (Int) -> Void) {
        guard text[offset] == unit else { return }
        for spelling in Self.quotes where spelling.utf8CodeUnitCount <= text.count - offset {
            guard UInt32(spelling.utf8Start[0]) == unit else { continue }
            let length = spelling.utf8CodeUnitCount
            if (0..<length).allSatisfy({ text[offset + $0] == spelling.utf8Start[$0] }) { found(offset + length) }
        }
    }

    private static let quotes: [StaticString] = [#"'\''"#, #"'"'"'"#, "''", #""""#]

    /// Matches at most `limit` white space characters, each without an escape, with one, or as forms and queries write
    /// it.
    private func readBlanks(_ limit: Int, at offset: Int, _ found: (Int) -> Void) {
        var at = offset
        for _ in 0..<limit {
            guard let end = blank(at: at) else { return }
            found(end)
            at = end
        }
    }

    private func blank(at offset: Int) -> Int? {
        guard offset < text.count else { return nil }
        switch text[offset] {
        case 0x20, 0x09...0x0d, UInt8(ascii: "+"): return offset + 1
        case 0xc2: return offset + 1 < text.count && text[offset + 1] == 0xa0 ? offset + 2 : nil
        default:
            var last: Int?
            escapes.read(at: offset) { value, end in
                switch value {
                case .byte(let value), .scalar(let value): if value.isBlank { last = end }
                }
            }
            // These two bytes are a no-break space in UTF-8.
            if last == nil { readEscape(of: 0xa0, at: offset) { last = $0 } }
            return last
        }
    }

    /// Matches `?` or U+FFFD, one for a character or one for each of its bytes.
    private func readLoss(at offset: Int, _ found: (Int) -> Void) {
        var at = offset
        for _ in 0..<4 {
            if at < text.count, text[at] == UInt8(ascii: "?") {
                at += 1
            } else if at + 2 < text.count, text[at] == 0xef, text[at + 1] == 0xbf, text[at + 2] == 0xbd {
                at += 3
            } else {
                return
            }
            found(at)
        }
    }

    // MARK: - Between two units

    /// Returns the place where a value continues that a program has wrapped or separated at `offset`; nil if nothing
    /// interrupts it there.
    func afterInterruption(of notation: SecretForm.Notation, at offset: Int) -> Int? {
        guard offset < text.count else { return nil }
        switch notation {
        case .text: return afterContinuation(at: offset)
        case .bytes: return nil
        case .base64, .base32: return afterLineBreak(at: offset) ?? afterContinuation(at: offset)
        case .hexadecimal, .decimal: return afterSeparator(at: offset)
        }
    }

    /// Skips a line break that does not belong to the value: in quoted-printable, shells and YAML; between strings that
    /// are joined in code, as pprint writes long ones; and between different quotes, as `ls` writes.
    private func afterContinuation(at offset: Int) -> Int? {
        let first = text[offset]
        switch first {
        case UInt8(ascii: "="), UInt8(ascii: "\\"):
            guard let line = afterNewline(at: offset + 1) else { return nil }
            return first == UInt8(ascii: "=") ? line : afterBlanks(at: line)
        case UInt8(ascii: "'"), UInt8(ascii: "\""):
            if first == UInt8(ascii: "'"), offset + 1 < text.count {
                if text[offset + 1] == first { return offset + 2 }
                if offset + 2 < text.count, text[offset + 1] == UInt8(ascii: "$"), text[offset + 2] == first {
                    return offset + 3
                }
            }
            var at = afterBlanks(at: offset + 1)
            if at < text.count, text[at] == UInt8(ascii: "+") { at = afterBlanks(at: at + 1) }
            guard at > offset + 1, at < text.count else { return nil }
            if text[at] == UInt8(ascii: "b"), at + 1 < text.count { at += 1 }
            return text[at] == first ? at + 1 : nil
        default: return nil
        }
    }

    /// Skips a line break in base64, and the indentation after it. Both may be escaped.
    private func afterLineBreak(at offset: Int) -> Int? {
        if let line = afterNewline(at: offset) { return afterBlanks(at: line) }
        guard text[offset] == UInt8(ascii: "\\") else { return nil }
        var at = offset
        var isBroken = false
        while at < text.count, text[at] == UInt8(ascii: "\\") {
            var letter = at
            while letter < text.count, letter - at < 16, text[letter] == UInt8(ascii: "\\") { letter += 1 }
            guard letter < text.count else { break }
            guard text[letter] == UInt8(ascii: "n") || text[letter] == UInt8(ascii: "r") else { break }
            (at, isBroken) = (letter + 1, true)
        }
        return isBroken ? afterBlanks(at: at) : nil
    }

    private func afterNewline(at offset: Int) -> Int? {
        var at = offset
        if at < text.count, text[at] == UInt8(ascii: "\r") { at += 1 }
        return at < text.count && text[at] == UInt8(ascii: "\n") ? at + 1 : at > offset ? at : nil
    }

    private func afterBlanks(at offset: Int) -> Int {
        var at = offset
        while at < text.count, at - offset < 64, UInt32(text[at]).isBlank { at += 1 }
        return at
    }

    /// Skips the separator between the numbers of a list.
    private func afterSeparator(at offset: Int) -> Int? {
        var at = afterBlanks(at: offset)
        if at < text.count, ":;,-_|.".utf8.contains(text[at]) { at = afterBlanks(at: at + 1) }
        if at + 1 < text.count, text[at] == UInt8(ascii: "0"), text[at + 1] | 0x20 == UInt8(ascii: "x") { at += 2 }
        return at > offset ? at : nil
    }
}

/// A small set of offsets.
private struct Offsets {
    private var places = InlineArray<24, Int>(repeating: 0)
    private(set) var count = 0

    init() {}

    init(_ offset: Int) { insert(offset) }

    mutating func replace(with offset: Int) {
        places[0] = offset
        count = 1
    }

    subscript(index: Int) -> Int { places[index] }

    var largest: Int {
        var largest = 0
        for index in 0..<count { largest = max(largest, places[index]) }
        return largest
    }

    mutating func insert(_ offset: Int) {
        for index in 0..<count where places[index] == offset { return }
        // No escape has so many readings.
        guard count < 24 else { return }
        places[count] = offset
        count += 1
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}

/// An error in a JSON text: its offset in bytes, and what was expected there. It does not contain the text, which may
/// be private.
package struct MalformedJSON: Error, Equatable {
    package let offset: Int
    package let expected: String

    package init(offset: Int, expected: String) {
        self.offset = offset
        self.expected = expected
    }
}

/// Reads JSON in place.
///
/// The scanner is as strict as RFC 8259 about structure, escapes, numbers and control characters. It repairs two
/// faults, because one wrong character should not cost an execution its output: bytes that are not UTF-8, and halves of
/// surrogate pairs, become U+FFFD in `JSONValue.string`.
package struct JSONScanner {
    /// The maximum nesting depth of arrays and objects. It bounds the recursion.
    package static let depthLimit = 256

    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var depth = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// For a whole text, which may begin with a byte order mark (RFC 8259, section 8.1).
    private init(text bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        if bytes.count > 3, bytes[0] == 0xef, bytes[1] == 0xbb, bytes[2] == 0xbf { position = 3 }
    }

    /// Reads a text that consists of one value.
    package static func value(of bytes: UnsafeRawBufferPointer) throws(MalformedJSON) -> JSONValue {
        var scanner = JSONScanner(text: bytes)
        let value = try scanner.value()
        try scanner.finish()
        return value
    }

    /// Reads a text that consists of one object, and calls `body` for each member.
    package static func members(
        of bytes: UnsafeRawBufferPointer, _ body: (_ key: JSONValue, _ value: JSONValue) -> Void
    ) throws(MalformedJSON) {
        var scanner = JSONScanner(text: bytes)
        try scanner.members(body)
        try scanner.finish()
    }

    mutating func members(_ body: (_ key: JSONValue, _ value: JSONValue) -> Void) throws(MalformedJSON) {
        try open(UInt8(ascii: "{"), "an object")
        if take(UInt8(ascii: "}")) { return close() }
        repeat {
            skipWhitespace()
            let key = try string()
            guard take(UInt8(ascii: ":")) else { throw malformed("a colon") }
            body(key, try value())
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw malformed("a comma or the end of the object") }
        close()
    }

    mutating func elements(_ body: (JSONValue) -> Void) throws(MalformedJSON) {
        try open(UInt8(ascii: "["), "an array")
        if take(UInt8(ascii: "]")) { return close() }
        repeat { body(try value()) } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw malformed("a comma or the end of the array") }
        close()
    }

    // MARK: - Values

    private mutating func value() throws(MalformedJSON) -> JSONValue {
        skipWhitespace()
        let start = position
        let kind: JSONValue.Kind
        switch current {
        case UInt8(ascii: "\""): return try string()
        case UInt8(ascii: "{"):
            try members { _, _ in }
            kind = .object
        case UInt8(ascii: "["):
            try elements { _ in }
            kind = .array
        case UInt8(ascii: "n"): kind = try literal("null", .null)
        case UInt8(ascii: "t"): kind = try literal("true", .true)
        case UInt8(ascii: "f"): kind = try literal("false", .false)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try skipNumber()
            kind = .number
        default: throw malformed("a value")
        }
        return JSONValue(kind: kind, source: UnsafeRawBufferPointer(rebasing: bytes[start..<position]))
    }

    private mutating func string() throws(MalformedJSON) -> JSONValue {
        let start = position
        guard current == UInt8(ascii: "\"") else { throw malformed("a string") }
        position += 1
        var kind = JSONValue.Kind.plainString
        while true {
            position = bytes.endOfPlainText(from: position)
            switch current {
            case UInt8(ascii: "\""):
                position += 1
                return JSONValue(kind: kind, source: UnsafeRawBufferPointer(rebasing: bytes[start..<position]))
            case UInt8(ascii: "\\"):
                try skipEscape()
                kind = .escapedString
            default: throw malformed(position < bytes.count ? "an escaped control character" : "the end of the string")
            }
        }
    }

    private mutating func skipEscape() throws(MalformedJSON) {
        position += 1
        switch current {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        case UInt8(ascii: "u"):
            position += 1
            for _ in 0..<4 {
                guard Hexadecimal.value(current) != nil else { throw malformed("four hexadecimal digits") }
                position += 1
            }
        default: throw malformed("an escape")
        }
    }

    private mutating func skipNumber() throws(MalformedJSON) {
        if current == UInt8(ascii: "-") { position += 1 }
        if current == UInt8(ascii: "0") { position += 1 } else { try skipDigits() }
        if current == UInt8(ascii: ".") {
            position += 1
            try skipDigits()
        }
        if current | 0x20 == UInt8(ascii: "e") {
            position += 1
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            try skipDigits()
        }
    }

    private mutating func skipDigits() throws(MalformedJSON) {
        let start = position
        while current >= UInt8(ascii: "0"), current <= UInt8(ascii: "9") { position += 1 }
        guard position > start else { throw malformed("a digit") }
    }

    private mutating func literal(
        _ word: StaticString, _ kind: JSONValue.Kind
    ) throws(MalformedJSON) -> JSONValue.Kind {
        for offset in 0..<word.utf8CodeUnitCount {
            guard current == word.utf8Start[offset] else { throw malformed("null, true or false") }
            position += 1
        }
        return kind
    }

    // MARK: - Tokens

    /// The next byte; 0 at the end of the text, because no token begins with NUL.
    private var current: UInt8 { position < bytes.count ? bytes[position] : 0 }

    private mutating func skipWhitespace() {
        while true {
            switch current {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): position += 1
            default: return
            }
        }
    }

    private mutating func take(_ token: UInt8) -> Bool {
        skipWhitespace()
        guard current == token else { return false }
        position += 1
        return true
    }

    private mutating func open(_ bracket: UInt8, _ expected: String) throws(MalformedJSON) {
        guard take(bracket) else { throw malformed(expected) }
        depth += 1
        guard depth <= Self.depthLimit else { throw malformed("at most \(Self.depthLimit) levels") }
    }

    private mutating func close() { depth -= 1 }

    private mutating func finish() throws(MalformedJSON) {
        skipWhitespace()
        guard position == bytes.count else { throw malformed("the end") }
    }

    private func malformed(_ expected: String) -> MalformedJSON {
        MalformedJSON(offset: position, expected: expected)
    }
}

extension UnsafeRawBufferPointer {
    /// Returns the offset of the first quote, backslash or control character from `start` on, or the count of the bytes
    /// if there is none.
    ///
    /// The loop tests eight bytes at a time. For a word `x`, `(x - 0x01…01) & ~x & 0x80…80` marks the lowest byte that
    /// is 0. The borrow may also mark bytes above that one, so only the lowest mark counts.
    package func endOfPlainText(from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var position = start
        while position + 8 <= count {
            let word = UInt64(littleEndian: loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5C)
            let marks =
                ((quote &- ones) & ~quote | (backslash &- ones) & ~backslash | (word &- ones &* 0x20) & ~word)
                & (ones &* 0x80)
            guard marks == 0 else { return position + marks.trailingZeroBitCount / 8 }
            position += 8
        }
        while position < count, self[position] >= 0x20, self[position] != 0x22, self[position] != 0x5C { position += 1 }
        return position
    }
}

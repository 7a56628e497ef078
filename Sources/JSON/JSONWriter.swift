/// Writes JSON (RFC 8259). No other code escapes JSON strings.
package struct JSONWriter {
    private var bytes: [UInt8]

    /// Begins an object. Its members follow, and ``finish()`` ends it.
    package init(capacity: Int = 256) {
        self.init(reserving: capacity)
        bytes.append(UInt8(ascii: "{"))
    }

    /// Returns the text of the one value that `body` writes. It may be of any kind.
    package static func value(capacity: Int = 256, _ body: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(reserving: capacity)
        body(&writer)
        return writer.bytes
    }

    private init(reserving capacity: Int) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Ends the object that ``init(capacity:)`` began, and returns its text.
    package consuming func finish() -> [UInt8] {
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    // MARK: - Values

    package mutating func object(_ body: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "{"))
        body(&self)
        bytes.append(UInt8(ascii: "}"))
    }

    package mutating func array(_ body: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "["))
        body(&self)
        bytes.append(UInt8(ascii: "]"))
    }

    /// Writes a value.
    ///
    /// - Parameter rewrite: changes each string and each name before it is written.
    package mutating func node(_ node: JSONNode, _ rewrite: (String) -> String = { $0 }) {
        switch node {
        case .null: literal("null")
        case .flag(let flag): literal(flag ? "true" : "false")
        case .number(let number): literal(String(number))
        case .fraction(let number): literal(number.isFinite ? "\(number)" : "null")
        case .numeral(let number): literal(number.written)
        case .text(let text): string(rewrite(text))
        case .list(let values): array { for value in values { $0.node(value, rewrite) } }
        case .object(let members):
            object { json in
                for member in members {
                    json.name(rewrite(member.name))
                    json.node(member.value, rewrite)
                }
            }
        }
    }

    private mutating func string(_ text: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        append(text)
        bytes.append(UInt8(ascii: "\""))
    }

    /// - Parameter text: the value as JSON.
    private mutating func literal(_ text: String) {
        separate()
        bytes.append(contentsOf: text.utf8)
    }

    // MARK: - Members

    package mutating func member(_ name: String, _ value: String) {
        self.name(name)
        string(value)
    }

    /// - Parameter rewrite: as for ``node(_:_:)``.
    package mutating func member(
        _ name: String, _ value: JSONNode, _ rewrite: (String) -> String = { $0 }
    ) {
        self.name(name)
        node(value, rewrite)
    }

    package mutating func member(_ name: String, _ value: Int) {
        self.name(name)
        literal(String(value))
    }

    package mutating func member(_ name: String, _ value: Bool) {
        self.name(name)
        literal(value ? "true" : "false")
    }

    /// Writes a number with three digits after its decimal point.
    package mutating func member(_ name: String, thousandths: Int) {
        let digits = String(thousandths.magnitude)
        let padded = String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
        self.name(name)
        literal("\(thousandths < 0 ? "-" : "")\(padded.dropLast(3)).\(padded.suffix(3))")
    }

    package mutating func member(_ name: String, _ value: [String: String]) {
        member(name) { json in
            for (key, value) in value.sorted(by: { $0.key < $1.key }) { json.member(key, value) }
        }
    }

    package mutating func member(_ name: String, _ value: [String]) {
        array(name) { json in for element in value { json.string(element) } }
    }

    /// Writes a string that consists of a text and of bytes in base64, such as a `data:` URL.
    package mutating func member(_ name: String, _ text: String, base64 content: [UInt8]) {
        self.name(name)
        bytes.append(UInt8(ascii: "\""))
        append(text)
        bytes.append(base64: content)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes an object whose members `body` writes.
    package mutating func member(_ name: String, _ body: (inout JSONWriter) -> Void) {
        self.name(name)
        object(body)
    }

    /// Writes an array whose elements `body` writes.
    package mutating func array(_ name: String, _ body: (inout JSONWriter) -> Void) {
        self.name(name)
        array(body)
    }

    // MARK: - Tokens

    private mutating func name(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
    }

    /// Writes a comma before a member or an element, unless it is the first in its brackets. A member's value gets
    /// none.
    private mutating func separate() {
        switch bytes.last {
        case nil, UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ":"): return
        default: bytes.append(UInt8(ascii: ","))
        }
    }

    /// Writes the text with its escapes. Runs of characters that need no escape are copied at once.
    private mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { text in
            let text = UnsafeRawBufferPointer(text)
            var position = 0
            while position < text.count {
                let end = text.endOfPlainText(from: position)
                bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[position..<end]))
                guard end < text.count else { return }
                append(escaped: text[end])
                position = end + 1
            }
        }
    }

    private mutating func append(escaped byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case UInt8(ascii: "\n"): bytes.append(UInt8(ascii: "n"))
        case UInt8(ascii: "\r"): bytes.append(UInt8(ascii: "r"))
        case UInt8(ascii: "\t"): bytes.append(UInt8(ascii: "t"))
        default:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(Hexadecimal.digit(byte >> 4))
            bytes.append(Hexadecimal.digit(byte & 15))
        }
    }
}

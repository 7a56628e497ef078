/// Writes JSON (RFC 8259). How a text is escaped is decided here, and nowhere else.
package struct JSONWriter {
    private var bytes: [UInt8]

    /// One object: its members come next, and ``finish()`` ends it.
    package init(capacity: Int = 256) {
        self.init(reserving: capacity)
        bytes.append(UInt8(ascii: "{"))
    }

    /// The one value, of any kind, that `body` writes.
    package static func value(capacity: Int = 256, _ body: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(reserving: capacity)
        body(&writer)
        return writer.bytes
    }

    private init(reserving capacity: Int) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// The whole object.
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

    /// - Parameter rewrite: what becomes of every text and every name.
    package mutating func node(_ node: JSONNode, _ rewrite: (String) -> String = { $0 }) {
        switch node {
        case .null: literal("null")
        case .flag(let flag): literal(flag ? "true" : "false")
        case .number(let number): literal(String(number))
        case .fraction(let number): literal(number.isFinite ? "\(number)" : "null")
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

    /// - Parameter text: JSON already.
    private mutating func literal(_ text: String) {
        separate()
        bytes.append(contentsOf: text.utf8)
    }

    // MARK: - Members

    package mutating func member(_ name: String, _ value: String) {
        self.name(name)
        string(value)
    }

    package mutating func member(_ name: String, _ value: Int) {
        self.name(name)
        literal(String(value))
    }

    package mutating func member(_ name: String, _ value: Bool) {
        self.name(name)
        literal(value ? "true" : "false")
    }

    /// A number with three digits after its point.
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

    /// A text, and after it bytes in base64: a `data:` URL.
    package mutating func member(_ name: String, _ text: String, base64 content: [UInt8]) {
        self.name(name)
        bytes.append(UInt8(ascii: "\""))
        append(text)
        bytes.append(base64: content)
        bytes.append(UInt8(ascii: "\""))
    }

    /// An object whose members `body` writes.
    package mutating func member(_ name: String, _ body: (inout JSONWriter) -> Void) {
        self.name(name)
        object(body)
    }

    /// A member that is an array.
    package mutating func array(_ name: String, _ body: (inout JSONWriter) -> Void) {
        self.name(name)
        array(body)
    }

    // MARK: - Tokens

    private mutating func name(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
    }

    /// A comma goes before what is neither the first in its brackets nor a member's value. Inside of strings nobody asks.
    private mutating func separate() {
        switch bytes.last {
        case nil, UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ":"): return
        default: bytes.append(UInt8(ascii: ","))
        }
    }

    /// In runs: nearly all characters stand for themselves.
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

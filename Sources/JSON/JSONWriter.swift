/// Writes one JSON object of strings, integers, flags, lists of strings and objects.
package struct JSONWriter {
    private var bytes: [UInt8] = [UInt8(ascii: "{")]

    package init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    /// The whole object.
    package consuming func finish() -> [UInt8] {
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }

    package mutating func member(_ key: String, _ value: String) {
        write(key: key)
        write(value)
    }

    package mutating func member(_ key: String, _ value: Int) {
        write(key: key)
        bytes.append(contentsOf: String(value).utf8)
    }

    package mutating func member(_ key: String, _ value: Bool) {
        write(key: key)
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    package mutating func member(_ key: String, _ value: [String: String]) {
        write(key: key)
        bytes.append(UInt8(ascii: "{"))
        for (key, value) in value.sorted(by: { $0.key < $1.key }) { member(key, value) }
        bytes.append(UInt8(ascii: "}"))
    }

    package mutating func member(_ key: String, _ value: [String]) {
        write(key: key)
        bytes.append(UInt8(ascii: "["))
        for (index, element) in value.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            write(element)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// An object whose members `body` writes.
    package mutating func member(_ key: String, _ body: (inout JSONWriter) -> Void) {
        write(key: key)
        bytes.append(UInt8(ascii: "{"))
        body(&self)
        bytes.append(UInt8(ascii: "}"))
    }

    private mutating func write(key: String) {
        if bytes.last != UInt8(ascii: "{") { bytes.append(UInt8(ascii: ",")) }
        write(key)
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { text in
            var run = 0
            for position in text.indices where text[position] < 0x20 || text[position] == 0x22 || text[position] == 0x5C
            {
                bytes.append(contentsOf: text[run..<position])
                escape(text[position])
                run = position + 1
            }
            bytes.append(contentsOf: text[run...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\n"): bytes.append(UInt8(ascii: "n"))
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        default:
            let digits = Array("0123456789abcdef".utf8)
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(digits[Int(byte >> 4)])
            bytes.append(digits[Int(byte & 15)])
        }
    }
}

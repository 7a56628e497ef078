import JSON

/// A value of a YAML document, and where it stands.
struct YAMLNode {
    enum Content {
        case scalar(JSONNode)
        case sequence([YAMLNode])
        /// No name is there twice.
        case mapping([(name: String, value: YAMLNode)])
    }

    let content: Content
    /// From 1.
    let line: Int

    var value: JSONNode {
        switch content {
        case .scalar(let value): value
        case .sequence(let nodes): .list(nodes.map(\.value))
        case .mapping(let members): .object(members.map { JSONNode.Member($0.name, $0.value.value) })
        }
    }
}

extension JSONNode {
    /// What a plain scalar means by YAML 1.2's core schema (10.3.2), but for numbers with a fraction or beyond an `Int`:
    /// those stay as they were written.
    init(plainScalar text: String) {
        switch text {
        case "", "~", "null", "Null", "NULL": self = .null
        case "true", "True", "TRUE": self = .flag(true)
        case "false", "False", "FALSE": self = .flag(false)
        default: self = Self.integer(text).map { .number($0) } ?? .text(text)
        }
    }

    private static func integer(_ text: String) -> Int? {
        for (prefix, radix) in [("0o", 8), ("0x", 16)] where text.hasPrefix(prefix) {
            let digits = text.dropFirst(prefix.count)
            // `Int` takes a sign where YAML has none.
            return digits.first?.isHexDigit == true ? Int(digits, radix: radix) : nil
        }
        return Int(text)
    }
}

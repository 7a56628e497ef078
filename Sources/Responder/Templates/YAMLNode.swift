import JSON

/// A value of a YAML document, and its line.
struct YAMLNode {
    enum Content {
        case scalar(JSONNode)
        case sequence([YAMLNode])
        /// The members, whose names are unique.
        case mapping([(name: String, value: YAMLNode)])
    }

    let content: Content
    /// The number of the line, from 1.
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
    /// Resolves a plain scalar by the core schema of YAML 1.2 (section 10.3.2). Numbers with a fraction, and those
    /// beyond an `Int`, stay strings.
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
            // `Int` would accept a sign after the prefix, which YAML does not.
            return digits.first?.isHexDigit == true ? Int(digits, radix: radix) : nil
        }
        return Int(text)
    }
}

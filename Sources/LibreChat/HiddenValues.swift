/// Values that an answer must not show: those of the sandbox's hidden variables.
package struct HiddenValues: Sendable {
    private let masks: [(value: [UInt8], mask: [UInt8])]
    /// Bytes of the longest value, in the longest of its forms.
    package let longest: Int

    /// Shorter values would be found everywhere, and their masks would give them away.
    package static let shortest = 6

    /// - Parameter variables: by name. Values shorter than ``shortest`` bytes are left out.
    package init(_ variables: [String: String]) {
        masks =
            variables
            .filter { $0.value.utf8.count >= Self.shortest }
            .flatMap { name, value in value.forms.map { (value: $0, mask: Array("[hidden:\(name)]".utf8)) } }
            // A value that contains another goes first.
            .sorted { ($0.value.count, $1.mask.count) > ($1.value.count, $0.mask.count) }
        longest = masks.first?.value.count ?? 0
    }

    /// The text with `[hidden:NAME]` in the place of each value.
    package func masked(in text: String) -> String {
        guard !masks.isEmpty, let masked = replaced(in: Array(text.utf8)) else { return text }
        return String(decoding: masked, as: UTF8.self)
    }

    /// The same for what need not be text.
    package func masked(in bytes: [UInt8]) -> [UInt8] { replaced(in: bytes) ?? bytes }

    /// nil when there is nothing to replace.
    private func replaced(in bytes: [UInt8]) -> [UInt8]? {
        var result: [UInt8]?
        for (value, mask) in masks { result = (result ?? bytes).replacing(value, with: mask) ?? result }
        return result
    }
}

extension String {
    /// As it is, and as programs write it without meaning to hide it: in URLs (RFC 3986, section 2.1) and in JSON that is
    /// ASCII alone. Most values are the same in all of them.
    fileprivate var forms: Set<[UInt8]> {
        let url = percentEncoded(keeping: "-._~")
        return [
            Array(utf8), url, percentEncoded(keeping: "-._~/"),
            // As in forms and queries.
            Array(String(decoding: url, as: UTF8.self).replacing("%20", with: "+").utf8), escapedForJSON,
        ]
    }

    private func percentEncoded(keeping marks: StaticString) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        let marks = Set("\(marks)".utf8)
        return utf8.flatMap { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                [byte]
            default:
                marks.contains(byte) ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
    }

    /// Beyond ASCII `\u` and four digits for each unit of UTF-16 (RFC 8259, section 7). No value has what else is escaped.
    private var escapedForJSON: [UInt8] {
        Array(
            utf16.map { unit in
                guard unit >= 0x80 else { return String(UnicodeScalar(UInt8(unit))) }
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }.joined().utf8)
    }
}

extension [UInt8] {
    /// nil when there is nothing to replace.
    fileprivate func replacing(_ needle: [UInt8], with replacement: [UInt8]) -> [UInt8]? {
        var result: [UInt8] = []
        var copied = 0
        var index = 0
        while index + needle.count <= count {
            guard self[index] == needle[0], self[index..<index + needle.count].elementsEqual(needle) else {
                index += 1
                continue
            }
            result += self[copied..<index]
            result += replacement
            index += needle.count
            copied = index
        }
        guard copied > 0 else { return nil }
        return result + self[copied...]
    }
}

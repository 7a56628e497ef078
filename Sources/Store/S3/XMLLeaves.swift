/// Reads the XML of S3's answers: elements that have either elements or text. Attributes, which only name spaces have, are skipped, and
/// so are comments and instructions. There are no document types, and so no entities but XML's own.
enum XMLLeaves {
    struct Malformed: Error {}

    /// Deeper than any answer of S3's.
    private static let depthLimit = 16

    /// - Parameter body: is called for each element that has ended, with the names of those around it and its own.
    static func read(_ bytes: [UInt8], _ body: (_ path: [String], _ text: String) -> Void) throws(Malformed) {
        var path: [String] = []
        var text: [UInt8] = []
        var rest = bytes[...]
        while let start = rest.firstIndex(of: UInt8(ascii: "<")) {
            text += rest[..<start]
            rest = rest[(start + 1)...]
            if rest.starts(with: "!--".utf8) {
                guard let end = rest.firstRange(of: "-->".utf8) else { throw Malformed() }
                rest = rest[end.upperBound...]
                continue
            }
            guard let end = rest.firstIndex(of: UInt8(ascii: ">")), let first = rest.first, end > rest.startIndex else {
                throw Malformed()
            }
            let tag = rest[..<end]
            rest = rest[(end + 1)...]
            switch first {
            case UInt8(ascii: "?"): continue
            case UInt8(ascii: "!"): throw Malformed()
            case UInt8(ascii: "/"):
                guard let name = path.last, tag.dropFirst().elementsEqual(name.utf8) else { throw Malformed() }
                body(path, try decode(text))
                path.removeLast()
                text = []
            default:
                let name = tag.prefix { $0 > 0x20 && $0 != UInt8(ascii: "/") }
                guard !name.isEmpty, path.count < depthLimit else { throw Malformed() }
                path.append(String(decoding: name, as: UTF8.self))
                text = []
                if tag.last == UInt8(ascii: "/") {
                    body(path, "")
                    path.removeLast()
                }
            }
        }
        guard path.isEmpty else { throw Malformed() }
    }

    private static func decode(_ text: [UInt8]) throws(Malformed) -> String {
        guard text.contains(UInt8(ascii: "&")) else { return String(decoding: text, as: UTF8.self) }
        var decoded = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: UInt8(ascii: "&")) {
            decoded += String(decoding: rest[..<start], as: UTF8.self)
            guard let end = rest[start...].firstIndex(of: UInt8(ascii: ";")) else { throw Malformed() }
            decoded.unicodeScalars.append(try scalar(String(decoding: rest[(start + 1)..<end], as: UTF8.self)))
            rest = rest[(end + 1)...]
        }
        return decoded + String(decoding: rest, as: UTF8.self)
    }

    private static func scalar(_ name: String) throws(Malformed) -> Unicode.Scalar {
        switch name {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default:
            let value =
                name.hasPrefix("#x") ? UInt32(name.dropFirst(2), radix: 16) : UInt32(name.dropFirst(1), radix: 10)
            guard name.hasPrefix("#"), let value, let scalar = Unicode.Scalar(value) else { throw Malformed() }
            return scalar
        }
    }
}

/// The entities that a document declares for itself, as Illustrator does for namespaces: few, short, and flat. Others
/// are refused: an entity that has markup or other entities in it, or is somewhere else.
struct SVGEntities {
    private var texts: [ArraySlice<UInt8>: [UInt8]] = [:]

    var isEmpty: Bool { texts.isEmpty }

    private static let limit = 64
    /// The largest number of bytes of one entity, and of all places together in which entities stand.
    private static let textLimit = 1024
    private static let expansionLimit = 1 << 20

    private static let forbidden = ImageGateError.forbidden(.svg, what: "entity declarations")

    /// - Parameter declaration: what is between `<!ENTITY` and `>`.
    mutating func add(_ declaration: ArraySlice<UInt8>) throws(ImageGateError) {
        let fields = declaration.drop { $0.isXMLSpace }
        let name = fields.prefix { !$0.isXMLSpace }
        let rest = fields[name.endIndex...].drop { $0.isXMLSpace }
        guard !name.isEmpty, name.allSatisfy(Self.isNameByte), let quote = rest.first,
            quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'"), let end = rest.dropFirst().firstIndex(of: quote),
            rest[(end + 1)...].allSatisfy(\.isXMLSpace)
        else { throw Self.forbidden }
        let text = rest[(rest.startIndex + 1)..<end]
        guard text.count <= Self.textLimit, texts.count < Self.limit, !text.contains(UInt8(ascii: "<")),
            !text.contains(UInt8(ascii: "%")), Self.hasOnlyCharacterReferences(text)
        else { throw Self.forbidden }
        // The first declaration counts.
        if texts[name] == nil { texts[name] = Self.escaped(text) }
    }

    /// Replaces the references outside comments, instructions and CDATA. Those to unknown entities stay.
    func expanded(_ document: ArraySlice<UInt8>) throws(ImageGateError) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(document.count)
        var added = 0
        var rest = document
        let skipped: [(start: [UInt8], end: [UInt8])] = [
            ("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"),
        ].map { (Array($0.0.utf8), Array($0.1.utf8)) }
        while let index = rest.firstIndex(where: { $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: "&") }) {
            result += rest[..<index]
            rest = rest[index...]
            if let (start, end) = skipped.first(where: { rest.starts(with: $0.start) }) {
                var next = rest.startIndex + start.count
                while next < rest.endIndex, !rest[next...].starts(with: end) { next += 1 }
                next = min(next + end.count, rest.endIndex)
                result += rest[..<next]
                rest = rest[next...]
                continue
            }
            let name = rest.dropFirst().prefix(while: Self.isNameByte)
            if rest.first == UInt8(ascii: "&"), rest[name.endIndex...].first == UInt8(ascii: ";"),
                let text = texts[name]
            {
                added += text.count
                guard added <= Self.expansionLimit else { throw Self.forbidden }
                result += text
                rest = rest[(name.endIndex + 1)...]
            } else {
                result += rest.prefix(1)
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
    }

    /// Whether each ampersand begins a reference to a character, such as `&#160;`.
    private static func hasOnlyCharacterReferences(_ text: ArraySlice<UInt8>) -> Bool {
        text.indices.filter { text[$0] == UInt8(ascii: "&") }.allSatisfy { index in
            let reference = text[(index + 1)...].prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: "&") }
            return reference.first == UInt8(ascii: "#") && reference.count <= 8
                && text[reference.endIndex...].first == UInt8(ascii: ";")
        }
    }

    /// The text, in which nothing ends an attribute or a tag.
    private static func escaped(_ text: ArraySlice<UInt8>) -> [UInt8] {
        text.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "\""): Array("&quot;".utf8)
            case UInt8(ascii: "'"): Array("&apos;".utf8)
            case UInt8(ascii: ">"): Array("&gt;".utf8)
            default: [byte]
            }
        }
    }
}

/// Reads exactly the form of XML that `SVGWriter` writes, and passes the events to a sanitiser.
///
/// The responder's own process uses it, because no library may parse untrusted XML there. A document that can be read
/// is not necessarily sanitised; that is proved if the sanitiser writes the same bytes.
struct SVGReader {
    private var rest: ArraySlice<UInt8>
    /// The names of the open elements.
    private var open: [ArraySlice<UInt8>] = []

    /// - Returns: nil if the writer cannot have written the bytes.
    static func read(_ bytes: [UInt8], into sanitiser: SVGSanitiser) throws(ImageGateError) -> SVGSanitiser? {
        // The same limits hold as for every document, and nothing may precede the root element.
        guard try SVGPreflight.body(of: bytes).range == bytes.indices else { return nil }
        guard !bytes.contains(where: { $0 < 0x20 && $0 != 0x09 && $0 != 0x0A }) else { return nil }
        var reader = SVGReader(rest: bytes[...])
        var sanitiser = sanitiser
        repeat {
            guard try reader.readNext(into: &sanitiser) else { return nil }
        } while !reader.open.isEmpty
        return reader.rest.isEmpty ? sanitiser : nil
    }

    private init(rest: ArraySlice<UInt8>) { self.rest = rest }

    /// Reads a tag or a text; false if the writer cannot have written it.
    private mutating func readNext(into sanitiser: inout SVGSanitiser) throws(ImageGateError) -> Bool {
        if take("</") {
            guard takeName() == open.popLast(), take(">") else { return false }
            sanitiser.end()
            return true
        }
        if take("<") { return try readElement(into: &sanitiser) }
        guard !open.isEmpty, let text = Self.unescaped(takeUntil(UInt8(ascii: "<"))) else { return false }
        sanitiser.text(text)
        return !rest.isEmpty
    }

    private mutating func readElement(into sanitiser: inout SVGSanitiser) throws(ImageGateError) -> Bool {
        let element = takeName()
        var attributes: [SVGAttribute] = []
        var names: Set<ArraySlice<UInt8>> = []
        while take(" ") {
            let name = takeName()
            guard names.insert(name).inserted, take("=\""), let value = Self.unescaped(takeUntil(UInt8(ascii: "\""))),
                take("\"")
            else { return false }
            let qualifiedName = String(decoding: name, as: UTF8.self)
            // The sanitiser writes the root's namespace by itself.
            if open.isEmpty, qualifiedName == "xmlns" { continue }
            attributes.append(
                qualifiedName.hasPrefix("xml:")
                    ? SVGAttribute(
                        name: String(qualifiedName.dropFirst(4)), namespace: SVGAllowList.xmlNamespace, value: value)
                    : SVGAttribute(name: qualifiedName, value: value))
        }
        try sanitiser.start(
            String(decoding: element, as: UTF8.self), namespace: SVGAllowList.namespace, attributes: attributes)
        if take("/>") {
            sanitiser.end()
            return true
        }
        open.append(element)
        return take(">")
    }

    // MARK: Bytes

    private mutating func take(_ text: StaticString) -> Bool {
        let isThere = text.withUTF8Buffer { rest.starts(with: $0) }
        if isThere { rest = rest.dropFirst(text.utf8CodeUnitCount) }
        return isThere
    }

    private mutating func takeName() -> ArraySlice<UInt8> {
        take { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: ":"):
                true
            default: false
            }
        }
    }

    private mutating func takeUntil(_ end: UInt8) -> ArraySlice<UInt8> { take { $0 != end } }

    private mutating func take(while isPart: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let taken = rest.prefix(while: isPart)
        rest = rest[taken.endIndex...]
        return taken
    }

    /// Decodes the references that the writer uses; nil if there is another one.
    private static func unescaped(_ bytes: ArraySlice<UInt8>) -> String? {
        var plain: [UInt8] = []
        var rest = bytes
        while let ampersand = rest.firstIndex(of: UInt8(ascii: "&")) {
            plain += rest[..<ampersand]
            rest = rest[(ampersand + 1)...]
            guard let (name, byte) = entities.first(where: { rest.starts(with: $0.name.utf8) }) else { return nil }
            plain.append(byte)
            rest = rest.dropFirst(name.utf8.count)
        }
        return String(decoding: plain + rest, as: UTF8.self)
    }

    private static let entities: [(name: String, byte: UInt8)] = [
        ("amp;", UInt8(ascii: "&")), ("lt;", UInt8(ascii: "<")), ("gt;", UInt8(ascii: ">")),
        ("quot;", UInt8(ascii: "\"")), ("#9;", 0x09), ("#10;", 0x0A), ("#13;", 0x0D),
    ]
}

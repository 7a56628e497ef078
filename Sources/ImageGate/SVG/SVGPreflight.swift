/// Checks the markup before a parser gets it.
///
/// It finds where the root element starts, so that libxml2 never gets a prolog, and with it no encoding declaration, no
/// DTD and no entities. It also counts everything for which libxml2 would need quadratic time or a deep stack. It does
/// not check that the document is well-formed; a document that is misread here is one that libxml2 refuses.
struct SVGPreflight {
    private let bytes: [UInt8]
    private var position = 0

    private var depth = 0
    private var elements = 0
    private var namespaces = 0
    private var entities = SVGEntities()

    /// The document from the root element's `<` to its end: a part of the bytes, in which entities have been replaced
    /// by their texts.
    static func body(of bytes: [UInt8]) throws(ImageGateError) -> (bytes: [UInt8], range: Range<Int>) {
        var preflight = SVGPreflight(bytes)
        try preflight.skipProlog()
        guard !preflight.entities.isEmpty else { return (bytes, try preflight.countBody()) }
        let expanded = try preflight.entities.expanded(bytes[preflight.position...])
        preflight = SVGPreflight(expanded)
        return (expanded, try preflight.countBody())
    }

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    private mutating func countBody() throws(ImageGateError) -> Range<Int> {
        let start = position
        guard !bytes[start...].contains(0) else { throw .malformed(.svg, why: "SVG has a NUL byte") }
        try count()
        return start..<bytes.count
    }

    // MARK: Prolog

    private mutating func skipProlog() throws(ImageGateError) {
        while true {
            while position < bytes.count, bytes[position].isXMLSpace { position += 1 }
            if isAt("<?") {
                try skip("<?", past: "?>")
            } else if isAt("<!--") {
                try skip("<!--", past: "-->")
            } else if isAt("<!DOCTYPE") {
                try skipDocumentType()
            } else if isAt("<!") {
                throw .forbidden(.svg, what: "a declaration outside a DTD")
            } else if isAt("<") {
                return
            } else {
                throw .malformed(.svg, why: "SVG does not start with an element")
            }
        }
    }

    /// Skips `<!DOCTYPE svg PUBLIC "…" "…" […]>`, which many tools write, without loading anything. Of what is in the
    /// brackets only plain entities are read.
    private mutating func skipDocumentType() throws(ImageGateError) {
        var quotes = Quotes()
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if quotes.hold(byte) {
                continue
            } else if byte == UInt8(ascii: "[") {
                try readSubset()
            } else if byte == UInt8(ascii: ">") {
                return
            }
        }
        throw unfinished
    }

    private mutating func readSubset() throws(ImageGateError) {
        while true {
            while position < bytes.count, bytes[position].isXMLSpace { position += 1 }
            guard position < bytes.count else { throw unfinished }
            if bytes[position] == UInt8(ascii: "]") {
                position += 1
                return
            } else if isAt("<!--") {
                try skip("<!--", past: "-->")
            } else if isAt("<?") {
                try skip("<?", past: "?>")
            } else if isAt("<!ENTITY") {
                let start = position + 8
                try skipDeclaration()
                try entities.add(bytes[start..<position - 1])
            } else if isAt("<!ATTLIST") || isAt("<!ELEMENT") || isAt("<!NOTATION") {
                // They say what is valid, which is not asked here, and give defaults, which no drawing needs.
                try skipDeclaration()
            } else {
                throw .forbidden(.svg, what: "a DTD of its own")
            }
        }
    }

    /// Skips past the `>` outside quotes.
    private mutating func skipDeclaration() throws(ImageGateError) {
        var quotes = Quotes()
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if !quotes.hold(byte), byte == UInt8(ascii: ">") { return }
        }
        throw unfinished
    }

    // MARK: Content

    private mutating func count() throws(ImageGateError) {
        while let next = bytes[position...].firstIndex(of: UInt8(ascii: "<")) {
            position = next
            if isAt("<!--") {
                try skip("<!--", past: "-->")
            } else if isAt("<![CDATA[") {
                try skip("<![CDATA[", past: "]]>")
            } else if isAt("<!") {
                throw .forbidden(.svg, what: "a declaration inside the document")
            } else if isAt("<?") {
                try skip("<?", past: "?>")
            } else if isAt("</") {
                try skip("</", past: ">")
                depth -= 1
            } else {
                try countTag()
            }
        }
    }

    private mutating func countTag() throws(ImageGateError) {
        elements += 1
        depth += 1
        guard elements <= SVGLimit.elements else {
            throw .forbidden(.svg, what: "more than \(SVGLimit.elements) elements")
        }
        guard depth <= SVGLimit.depth else { throw .forbidden(.svg, what: "more than \(SVGLimit.depth) levels") }

        var attributes = 0
        var quotes = Quotes()
        while position < bytes.count {
            let byte = bytes[position]
            let wasOpen = quotes.areOpen
            if quotes.hold(byte) {
                if !wasOpen { attributes += 1 }
            } else if byte.isXMLSpace, isAt("xmlns", offset: 1) {
                namespaces += 1
            } else if byte == UInt8(ascii: ">") {
                if bytes[position - 1] == UInt8(ascii: "/") { depth -= 1 }
                position += 1
                guard attributes <= SVGLimit.attributes else {
                    throw .forbidden(.svg, what: "more than \(SVGLimit.attributes) attributes of one element")
                }
                guard namespaces <= SVGLimit.namespaces else {
                    throw .forbidden(.svg, what: "more than \(SVGLimit.namespaces) namespace declarations")
                }
                return
            }
            position += 1
        }
        throw unfinished
    }

    // MARK: Bytes

    private var unfinished: ImageGateError { .truncated(.svg) }

    private func isAt(_ text: StaticString, offset: Int = 0) -> Bool {
        let start = position + offset
        guard start + text.utf8CodeUnitCount <= bytes.count else { return false }
        for index in 0..<text.utf8CodeUnitCount where bytes[start + index] != text.utf8Start[index] { return false }
        return true
    }

    /// Skips past `end`, which must not overlap `start`: `<!-->` opens a comment and does not close it.
    private mutating func skip(_ start: StaticString, past end: StaticString) throws(ImageGateError) {
        position += start.utf8CodeUnitCount
        while position < bytes.count {
            if isAt(end) {
                position += end.utf8CodeUnitCount
                return
            }
            position += 1
        }
        throw unfinished
    }
}

/// The quotes that a reader of markup passes.
private struct Quotes {
    /// The quote that ends the quoted text; nil outside quotes.
    private var open: UInt8?

    var areOpen: Bool { open != nil }

    /// Takes the next byte.
    ///
    /// - Returns: whether the byte is a quote, or inside quotes.
    mutating func hold(_ byte: UInt8) -> Bool {
        if let quote = open {
            if byte == quote { open = nil }
            return true
        }
        guard byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") else { return false }
        open = byte
        return true
    }
}

extension UInt8 {
    /// Whether this is white space. XML 1.0, production 3.
    var isXMLSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }
}

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

    /// The document from the root element's `<` to its end.
    static func body(of bytes: [UInt8]) throws(ImageGateError) -> ArraySlice<UInt8> {
        var preflight = try SVGPreflight(bytes)
        try preflight.skipProlog()
        let start = preflight.position
        try preflight.count()
        return bytes[start...]
    }

    private init(_ bytes: [UInt8]) throws(ImageGateError) {
        self.bytes = bytes
        if bytes.starts(with: [0xFE, 0xFF]) || bytes.starts(with: [0xFF, 0xFE]) {
            throw .forbidden(.svg, what: "an encoding other than UTF-8")
        }
        guard !bytes.contains(0) else { throw .malformed(.svg, why: "SVG has a NUL byte") }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    // MARK: Prolog

    private mutating func skipProlog() throws(ImageGateError) {
        while true {
            while position < bytes.count, bytes[position].isXMLSpace { position += 1 }
            if isAt("<?xml"), position + 5 < bytes.count, bytes[position + 5].isXMLSpace {
                let start = position
                try skip("<?", past: "?>")
                try checkEncoding(start..<position)
            } else if isAt("<?") {
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

    private func checkEncoding(_ declaration: Range<Int>) throws(ImageGateError) {
        let text = String(decoding: bytes[declaration], as: UTF8.self).lowercased()
        guard let name = text.split(separator: "encoding", maxSplits: 1).dropFirst().first else { return }
        let encoding = name.drop { $0 == " " || $0 == "=" || $0 == "\"" || $0 == "'" || $0.isWhitespace }
            .prefix { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
        guard ["utf-8", "utf8", "us-ascii", "ascii"].contains(encoding) else {
            throw .forbidden(.svg, what: "an encoding other than UTF-8")
        }
    }

    /// Skips `<!DOCTYPE svg PUBLIC "…" "…">`, which many tools write, without loading anything. A document type with an
    /// internal subset in brackets is refused.
    private mutating func skipDocumentType() throws(ImageGateError) {
        var quote: UInt8?
        while position < bytes.count {
            let byte = bytes[position]
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: "[") {
                throw .forbidden(.svg, what: contains("<!ENTITY") ? "entity declarations" : "a DTD of its own")
            } else if byte == UInt8(ascii: ">") {
                position += 1
                return
            }
            position += 1
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
        var quote: UInt8?
        while position < bytes.count {
            let byte = bytes[position]
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
                attributes += 1
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

    private func contains(_ text: StaticString) -> Bool {
        bytes.indices.dropFirst(position).contains { isAt(text, offset: $0 - position) }
    }
}

extension UInt8 {
    /// Whether this is white space. XML 1.0, production 3.
    var isXMLSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }
}

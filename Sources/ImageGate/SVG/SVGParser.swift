import CXML

/// An attribute of an element, with entities resolved.
struct SVGAttribute {
    var name: String
    /// The namespace; nil for an attribute without a prefix.
    var namespace: String?
    var value: String
}

/// Runs libxml2 over the body of a document.
///
/// libxml2 gets no prolog, which `SVGPreflight` removes; it loads nothing, and stops at the first error.
final class SVGParser {
    private var tree = SVGTree()
    /// libxml2's first error message.
    private var parserError: String?

    private static let isReady: Void = xmlInitParser()
    private static let svgNamespace = Array(SVGAllowList.namespace.utf8) + [0]

    static func parse(_ body: ArraySlice<UInt8>) throws(ImageGateError) -> SVGTree {
        let parser = SVGParser()
        let isWellFormed = body.withUnsafeBytes { parser.run($0) }
        guard let isWellFormed else { throw .outOfMemory }
        guard isWellFormed else { throw .malformed(.svg, why: parser.parserError ?? "SVG is not well-formed XML") }
        guard !parser.tree.nodes.isEmpty else { throw .malformed(.svg, why: "SVG has no element") }
        return parser.tree
    }

    private init() {}

    /// Whether the document is well-formed; nil if there was no memory for a parser.
    private func run(_ bytes: UnsafeRawBufferPointer) -> Bool? {
        Self.isReady
        guard let context = xmlCreateMemoryParserCtxt(bytes.baseAddress, CInt(bytes.count)) else { return nil }
        defer { xmlFreeParserCtxt(context) }
        xmlCtxtUseOptions(context, CInt(XML_PARSE_NONET.rawValue | XML_PARSE_COMPACT.rawValue))
        xmlSwitchEncoding(context, XML_CHAR_ENCODING_UTF8)
        context.pointee.sax.pointee = Self.callbacks
        context.pointee.userData = Unmanaged.passUnretained(self).toOpaque()
        xmlParseDocument(context)
        return context.pointee.wellFormed == 1
    }

    // MARK: Callbacks

    // `userData` points to the parser, which outlives the call of xmlParseDocument.
    private static var callbacks: xmlSAXHandler {
        var handler = xmlSAXHandler()
        handler.initialized = UInt32(XML_SAX2_MAGIC)
        handler.startElementNs = { data, name, prefix, namespace, _, _, count, _, attributes in
            SVGParser.of(data).start(name, prefix, namespace, attributes, count: Int(count))
        }
        handler.endElementNs = { data, _, _, _ in SVGParser.of(data).tree.end() }
        handler.characters = { data, text, count in SVGParser.of(data).characters(text, count) }
        handler.ignorableWhitespace = handler.characters
        handler.cdataBlock = handler.characters
        handler.serror = { data, error in SVGParser.of(data).note(error) }
        return handler
    }

    private static func of(_ data: UnsafeMutableRawPointer?) -> SVGParser {
        guard let data else { preconditionFailure("libxml2 calls back with the user data it was given") }
        return Unmanaged.fromOpaque(data).takeUnretainedValue()
    }

    /// - Parameter fields: five for each attribute: name, prefix, namespace, start and end of its value.
    private func start(
        _ name: UnsafePointer<xmlChar>?, _ prefix: UnsafePointer<xmlChar>?, _ namespace: UnsafePointer<xmlChar>?,
        _ fields: UnsafeMutablePointer<UnsafePointer<xmlChar>?>?, count: Int
    ) {
        guard let name else { return }
        var attributes: [SVGAttribute] = []
        for index in 0..<count {
            guard let field = fields?.advanced(by: index * 5), let name = field[0], let start = field[3],
                let end = field[4]
            else { continue }
            attributes.append(
                SVGAttribute(
                    name: String(cString: name), namespace: Self.namespace(field[2], prefix: field[1]),
                    value: Self.value(UnsafeBufferPointer(start: start, count: end - start))))
        }
        let namespace = Self.namespace(namespace, prefix: prefix)
        tree.start(String(cString: name), namespace: namespace, attributes: attributes)
    }

    /// The namespace; empty for a prefix that is not declared. Many documents use `xlink` without declaring it, so that
    /// prefix is understood anyway.
    private static func namespace(_ uri: UnsafePointer<xmlChar>?, prefix: UnsafePointer<xmlChar>?) -> String? {
        if let uri {
            // One string for all, because nearly every element has this namespace.
            let isSVG = svgNamespace.withUnsafeBufferPointer { svg in
                svg.baseAddress.map { xmlStrEqual(uri, $0) == 1 } ?? false
            }
            return isSVG ? SVGAllowList.namespace : String(cString: uri)
        }
        guard let prefix else { return nil }
        return String(cString: prefix) == "xlink" ? SVGAllowList.xlinkNamespace : ""
    }

    /// Decodes a value. libxml2, which substitutes no entities here, reports an ampersand as the reference `&#38;`, and
    /// every other character as itself.
    private static func value(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        guard bytes.contains(UInt8(ascii: "&")) else { return String(decoding: bytes, as: UTF8.self) }
        var value: [UInt8] = []
        var rest = bytes[...]
        while let ampersand = rest.firstIndex(of: UInt8(ascii: "&")) {
            value += rest[...ampersand]
            rest = rest[(ampersand + 1)...]
            if rest.starts(with: "#38;".utf8) { rest = rest.dropFirst(4) }
        }
        return String(decoding: value + rest, as: UTF8.self)
    }

    private func characters(_ text: UnsafePointer<xmlChar>?, _ count: CInt) {
        tree.text(String(decoding: UnsafeBufferPointer(start: text, count: Int(count)), as: UTF8.self))
    }

    private func note(_ error: xmlErrorPtr?) {
        guard parserError == nil, let error, error.pointee.level == XML_ERR_FATAL, let message = error.pointee.message
        else {
            return
        }
        let text = String(cString: message).prefix(120).split(whereSeparator: \.isNewline).joined(separator: " ")
        parserError = "SVG line \(error.pointee.line): \(text)"
    }
}

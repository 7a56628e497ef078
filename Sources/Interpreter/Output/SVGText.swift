import ImageGate

extension SecretRedactor {
    /// Returns the drawing without secrets in its source.
    ///
    /// The letters of a secret may be apart in the source and together in the picture. Such a drawing is refused as a
    /// whole.
    func checked(svg: String) -> Result<[UInt8], ImageGateError> {
        guard longest > 0 else { return .success(Array(svg.utf8)) }
        // The gate refuses a larger drawing as well, so it is not searched.
        let (count, limit) = (svg.utf8.count, SVGLimit.document)
        guard count <= limit else { return .failure(.tooManyBytes(count: count, limit: limit)) }
        let source = Array(redacted(svg).utf8)
        for isDrawnOnly in [false, true] {
            if let name = nameOfSecret(in: SVGText.joined(in: source, isDrawnOnly: isDrawnOnly)) {
                return .failure(.forbidden(.svg, what: "the hidden variable \(name) in its text"))
            }
        }
        return .success(source)
    }
}

/// The text of a drawing, without the tags, comments and instructions between its letters.
private struct SVGText {
    private let source: UnsafeBufferPointer<UInt8>
    /// Whether only text directly within a text element counts, because the sanitiser removes other elements with their
    /// content.
    private let isDrawnOnly: Bool
    private var at = 0
    private var text: [UInt8] = []
    /// For each open element, whether its text is drawn.
    private var open: [Bool] = []

    /// Character references such as `&#65;` stay as they are.
    static func joined(in source: [UInt8], isDrawnOnly: Bool) -> [UInt8] {
        source.withUnsafeBufferPointer { SVGText(source: $0, isDrawnOnly: isDrawnOnly).joined() }
    }

    private init(source: UnsafeBufferPointer<UInt8>, isDrawnOnly: Bool) {
        self.source = source
        self.isDrawnOnly = isDrawnOnly
    }

    private consuming func joined() -> [UInt8] {
        while at < source.count {
            let run = at
            while at < source.count, source[at] != UInt8(ascii: "<") { at += 1 }
            append(run..<at)
            if at < source.count { readMarkup() }
        }
        return text
    }

    private mutating func append(_ range: Range<Int>) {
        if !isDrawnOnly || open.last == true { text.append(contentsOf: source[range]) }
    }

    private mutating func readMarkup() {
        if begins(at, "<!--") {
            at = end(of: "-->", from: at + 4)
        } else if begins(at, "<?") {
            at = end(of: "?>", from: at + 2)
        } else if begins(at, "<![CDATA[") {
            let start = at + 9
            at = end(of: "]]>", from: start)
            append(start..<max(at - 3, start))
        } else {
            readTag()
        }
    }

    private mutating func readTag() {
        let start = at + 1
        var quote: UInt8?
        at = start
        while at < source.count {
            let byte = source[at]
            if byte == quote {
                quote = nil
            } else if quote == nil {
                if byte == UInt8(ascii: ">") { break }
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") { quote = byte }
            }
            at += 1
        }
        let isEmpty = at > start && source[at - 1] == UInt8(ascii: "/")
        if start < source.count, source[start] == UInt8(ascii: "/") {
            _ = open.popLast()
        } else if !isEmpty {
            open.append(isTextElement(from: start))
        }
        at = min(at + 1, source.count)
    }

    private func isTextElement(from start: Int) -> Bool {
        let name = source[start..<at].prefix { $0 > 0x20 }
        let local = name.lastIndex(of: UInt8(ascii: ":")).map { name[($0 + 1)...] } ?? name
        return ["text", "tspan", "textPath", "tref", "a"].contains { local.elementsEqual($0.utf8) }
    }

    private func begins(_ start: Int, _ mark: StaticString) -> Bool {
        source.count - start >= mark.utf8CodeUnitCount
            && (0..<mark.utf8CodeUnitCount).allSatisfy { source[start + $0] == mark.utf8Start[$0] }
    }

    private func end(of mark: StaticString, from start: Int) -> Int {
        var at = start
        while at < source.count {
            if begins(at, mark) { return at + mark.utf8CodeUnitCount }
            at += 1
        }
        return source.count
    }
}

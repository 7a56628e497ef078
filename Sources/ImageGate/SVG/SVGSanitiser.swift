/// Takes the elements of a document, and writes a document without anything dangerous.
///
/// It keeps the elements and attributes of `SVGAllowList`, and silently drops all others; an element is dropped with
/// all its content. References are kept only if they lead to the same document. The cost of drawing the result is
/// counted at the same time.
struct SVGSanitiser {
    private struct OpenElement {
        var name: String
        /// The element's index in `references`.
        var index: Int
    }

    private let admission: Admission
    private let decodesImages: Bool
    private let level: Int
    private var writer = SVGWriter()
    private var references = SVGReferences()
    private var document = SVGDocument()
    private var open: [OpenElement] = []
    /// The number of dropped elements that are open.
    private var dropped = 0
    /// The content of an open `style` element.
    private var sheet: String?
    private var embeddedPixels = 0
    /// Whether elements without a namespace count as SVG, which they do if the root has none.
    private var acceptsNoNamespace = false

    private(set) var size = SVGSize(width: nil, height: nil, viewBox: nil)
    private(set) var hasViewBox = false
    /// The estimated cost of painting, in pixels of one colour, after `finish`.
    private(set) var painted = 0.0
    /// Whether an image was dropped.
    private(set) var isIncomplete = false

    /// - Parameters:
    ///   - level: the number of drawings in which this one is embedded.
    ///   - decodesImages: whether embedded images are decoded and stripped. If not, they stay as they are.
    init(_ admission: Admission, level: Int = 0, decodesImages: Bool = true) {
        self.admission = admission
        self.level = level
        self.decodesImages = decodesImages
    }

    /// The sanitised document. Call it after the last event.
    mutating func finish() throws(ImageGateError) -> [UInt8] {
        let computedStyles = try document.computedStyles()
        references.add(
            document.sheetReferences(computedStyles).compactMap { reference in
                document.elements[reference.to].name.map { (reference.from, $0) }
            })
        try references.check()
        // An embedded drawing may be shown in the whole box.
        painted = try SVGPaintingEstimate.check(
            document, computedStyles, level > 0 ? size.atAnySize : size, admission.policy)
        return writer.bytes
    }

    // MARK: Events

    mutating func start(_ name: String, namespace: String?, attributes: [SVGAttribute]) throws(ImageGateError) {
        guard dropped == 0 else {
            dropped += 1
            return
        }
        if open.isEmpty { try startRoot(name, namespace: namespace) }
        guard sheet == nil, namespace == SVGAllowList.namespace || (namespace == nil && acceptsNoNamespace),
            SVGAllowList.elements.contains(name), isWanted(name, attributes),
            let kept = try filter(attributes, of: name)
        else {
            if name == "image", attributes.contains(where: { $0.name == "href" && !$0.value.isEmpty }) {
                isIncomplete = true
            }
            dropped = 1
            return
        }

        // What is added here may lead past the limits that the document itself has kept.
        guard references.count < SVGLimit.elements else {
            throw .forbidden(.svg, what: "more than \(SVGLimit.elements) elements")
        }
        guard open.count < SVGLimit.depth else { throw .forbidden(.svg, what: "more than \(SVGLimit.depth) levels") }
        writer.open(name)
        if open.isEmpty {
            writer.attribute("xmlns", SVGAllowList.namespace)
            size = SVGSize(width: kept["width"], height: kept["height"], viewBox: kept["viewBox"])
            hasViewBox = kept["viewBox"].flatMap(SVGViewBox.init) != nil
        }
        var targets: [String] = []
        for attribute in kept.inOrder {
            writer.attribute(attribute.name, attribute.value)
            if attribute.name == "href", attribute.value.first == "#" {
                targets.append(String(attribute.value.dropFirst()))
            }
            if !SVGAllowList.plainAttributes.contains(attribute.name) {
                targets += SVGStyle.references(in: attribute.value)
            }
        }
        open.append(OpenElement(name: name, index: references.count))
        references.open(id: kept["id"], depth: open.count, references: targets)
        document.open(name, kept.inOrder, pixels: kept.pixels)
        if name == "style" { sheet = "" }
    }

    mutating func text(_ text: String) {
        guard dropped == 0, let element = open.last else { return }
        if sheet != nil {
            sheet?.append(text)
        } else if SVGAllowList.textElements.contains(element.name) {
            writer.text(text)
            document.text(text.utf8.count)
        }
    }

    mutating func end() {
        guard dropped == 0 else {
            dropped -= 1
            return
        }
        guard let element = open.popLast() else { return }
        if let sheet {
            let clean = SVGStyle.sheet(sheet, size)
            writer.text(clean)
            document.add(sheet: clean)
            self.sheet = nil
        }
        writer.close(element.name)
        document.close()
        references.close(element.index)
    }

    // MARK: What is kept

    private struct Kept {
        var inOrder: [(name: String, value: String)] = []
        /// The pixels of an embedded image.
        var pixels = 0

        subscript(name: String) -> String? { inOrder.first { $0.name == name }?.value }
    }

    private mutating func startRoot(_ name: String, namespace: String?) throws(ImageGateError) {
        guard name == "svg", namespace == SVGAllowList.namespace || namespace == nil else {
            throw .malformed(.svg, why: "the root element is not svg")
        }
        acceptsNoNamespace = namespace == nil
    }

    /// Whether a style sheet is meant for a bright screen, and is CSS. All other elements are wanted.
    private func isWanted(_ element: String, _ attributes: [SVGAttribute]) -> Bool {
        guard element == "style" else { return true }
        let type = attributes.first { $0.name == "type" && $0.namespace == nil }?.value.lowercased() ?? ""
        let media = attributes.first { $0.name == "media" && $0.namespace == nil }?.value ?? ""
        return (type.isEmpty || type.hasPrefix("text/css")) && SVGMedia.holds(media, size)
    }

    /// Returns the attributes that are kept; nil if the element is of no use without those that are dropped.
    private mutating func filter(_ attributes: [SVGAttribute], of element: String) throws(ImageGateError) -> Kept? {
        var kept = Kept()
        for attribute in attributes {
            let value = attribute.value
            switch (attribute.namespace, attribute.name) {
            case (nil, "id"):
                // A reference means the first element with an `id`, so later elements lose theirs.
                if !value.isEmpty, !references.hasID(value) { kept.inOrder.append(("id", value)) }
            case (nil, "style"):
                let style = SVGStyle.declarations(value)
                if !style.isEmpty { kept.inOrder.append(("style", style)) }
            case (nil, let name) where SVGAllowList.boundedAttributes[name] != nil:
                if let value = Self.bounded(value, by: SVGAllowList.boundedAttributes[name] ?? 0) {
                    kept.inOrder.append((name, value))
                }
            case (nil, let name) where SVGAllowList.plainAttributes.contains(name):
                kept.inOrder.append((name, value))
            case (nil, let name)
            where SVGAllowList.attributes.contains(name) || SVGAllowList.properties.contains(name):
                if SVGStyle.isSafe(value) { kept.inOrder.append((name, value)) }
            case (SVGAllowList.xmlNamespace, "space"), (SVGAllowList.xmlNamespace, "lang"):
                kept.inOrder.append(("xml:\(attribute.name)", value))
            default: break
            }
        }
        guard ["use", "image", "textPath", "pattern", "linearGradient", "radialGradient"].contains(element) else {
            return kept
        }
        if let (href, image) = try href(attributes, of: element) {
            if let image { kept.pixels = image.pixels + Int(SVGPaintingEstimate.pixels(for: image.painted)) }
            kept.inOrder.append(("href", href))
        } else if ["use", "image", "textPath"].contains(element) {
            return nil
        }
        return kept
    }

    /// The reference of an element, if it may be kept. `href` has precedence over `xlink:href`, as in SVG 2.
    private mutating func href(
        _ attributes: [SVGAttribute], of element: String
    ) throws(ImageGateError) -> (href: String, image: SVGEmbeddedImage.Clean?)? {
        let all = attributes.filter { $0.name == "href" }
        let plain = all.first { $0.namespace == nil } ?? all.first { $0.namespace == SVGAllowList.xlinkNamespace }
        guard let value = plain?.value.trimmed else { return nil }
        guard element == "image" else { return value.count > 1 && value.first == "#" ? (String(value), nil) : nil }
        guard let embedded = SVGEmbeddedImage(String(value)) else { return nil }
        let limit = min(SVGLimit.embeddedPixels, admission.policy.pixelLimit)
        // Before anything is decoded, and again for images that are smaller than they state.
        try checkPixels(embedded.pixels, limit)
        let clean =
            decodesImages
            ? try embedded.cleaned(admission, level: level) : embedded.believed(admission, level: level)
        try checkPixels(clean?.pixels ?? embedded.pixels, limit)
        embeddedPixels += clean?.pixels ?? embedded.pixels
        return clean.map { ($0.url, $0) }
    }

    private func checkPixels(_ pixels: Int, _ limit: Int) throws(ImageGateError) {
        guard pixels <= limit, embeddedPixels + pixels <= limit else {
            throw .forbidden(.svg, what: "embedded images of more than \(limit) pixels")
        }
    }

    /// Cuts the numbers of a list down to a limit. A list that is none is left out, so that the default holds.
    private static func bounded(_ value: String, by limit: Double) -> String? {
        let numbers = value.split { $0.isWhitespace || $0 == "," }.map { Double(String($0)) ?? .nan }
        guard !numbers.isEmpty, !numbers.contains(where: \.isNaN) else { return nil }
        guard numbers.contains(where: { abs($0) > limit }) else { return value }
        return numbers.map { SVGNumbers.text(min(max($0, -limit), limit)) }.joined(separator: " ")
    }
}

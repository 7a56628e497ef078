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

    /// - Parameter decodesImages: whether embedded images are decoded and stripped. If not, they stay as they are.
    init(_ admission: Admission, decodesImages: Bool = true) {
        self.admission = admission
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
        try SVGPaintingEstimate.check(document, computedStyles, size, admission.policy)
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
            SVGAllowList.elements.contains(name), let kept = try filter(attributes, of: name)
        else {
            dropped = 1
            return
        }

        writer.open(name)
        if open.isEmpty {
            writer.attribute("xmlns", SVGAllowList.namespace)
            size = SVGSize(width: kept["width"], height: kept["height"], viewBox: kept["viewBox"])
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
            let clean = SVGStyle.sheet(sheet)
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
            case (nil, "stdDeviation"), (nil, "radius"):
                guard Self.isModest(value) else { return nil }
                kept.inOrder.append((attribute.name, value))
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
        let pixelsBefore = embeddedPixels
        if let href = try href(attributes, of: element) {
            kept.pixels = embeddedPixels - pixelsBefore
            kept.inOrder.append(("href", href))
        } else if ["use", "image", "textPath"].contains(element) {
            return nil
        }
        return kept
    }

    /// The reference of an element, if it may be kept. `href` has precedence over `xlink:href`, as in SVG 2.
    private mutating func href(_ attributes: [SVGAttribute], of element: String) throws(ImageGateError) -> String? {
        let all = attributes.filter { $0.name == "href" }
        let plain = all.first { $0.namespace == nil } ?? all.first { $0.namespace == SVGAllowList.xlinkNamespace }
        guard let value = plain?.value.trimmed else { return nil }
        guard element == "image" else { return value.count > 1 && value.first == "#" ? String(value) : nil }
        guard let image = SVGEmbeddedImage(String(value)) else { return nil }
        embeddedPixels += image.pixels
        let limit = min(SVGLimit.embeddedPixels, admission.policy.pixelLimit)
        guard image.pixels <= limit, embeddedPixels <= limit else {
            throw .forbidden(.svg, what: "embedded images of more than \(limit) pixels")
        }
        return decodesImages ? try image.strippedURL(admission) : image.url
    }

    /// Whether the radii of a filter are small enough. Its time grows with them.
    private static func isModest(_ value: String) -> Bool {
        value.split { $0.isWhitespace || $0 == "," }.allSatisfy { abs(Double(String($0)) ?? .infinity) <= 100 }
    }
}

/// Transforms of CSS: their origins and boxes, functions with units, and the properties `translate`, `rotate` and `scale`.
/// librsvg knows the attribute `transform`, and plain functions of the property, so what they come to is written as one
/// matrix. https://www.w3.org/TR/css-transforms-2/#ctm
extension SVGTree {
    mutating func mendTransforms(_ cascade: inout SVGCascade) {
        let isRuled = cascade.rules.contains { $0.declarations.contains { SVGTransform.isTransform($0.name) } }
        guard isRuled || nodes[0]["transform"] != nil || nodes.contains(where: Self.mayHaveTransform) else { return }
        var resolver = SVGTransformResolver(self, cascade, isRuled: isRuled)
        let found = nodes.indices.compactMap { index in
            resolver.written(index).map { (index: index, written: $0) }
        }
        cascade = resolver.cascade
        if resolver.isIncomplete { isIncomplete = true }
        for (index, written) in found { write(written, to: index) }
    }

    /// Whether an element itself has a property that is evaluated here.
    fileprivate static func mayHaveTransform(_ node: Node) -> Bool {
        if node["transform-origin"] != nil { return true }
        guard let style = node["style"] else { return false }
        // Nearly all styles have none, so their bytes are compared. The names are those of all such properties.
        let bytes = Array(style.utf8)
        return bytes.indices.contains { index in
            switch bytes[index] | 0x20 {
            case UInt8(ascii: "t"): startsWith("transform", bytes[index...]) || startsWith("translate", bytes[index...])
            case UInt8(ascii: "r"): startsWith("rotate", bytes[index...])
            case UInt8(ascii: "s"): startsWith("scale", bytes[index...])
            default: false
            }
        }
    }

    private static func startsWith(_ name: StaticString, _ bytes: ArraySlice<UInt8>) -> Bool {
        name.withUTF8Buffer { name in
            bytes.count >= name.count && zip(name, bytes).allSatisfy { $0 == $1 | 0x20 }
        }
    }

    /// The attribute that is the property `transform` of an element.
    fileprivate static func transformAttribute(of element: String) -> String {
        switch element {
        case "linearGradient", "radialGradient": "gradientTransform"
        case "pattern": "patternTransform"
        default: "transform"
        }
    }

    private mutating func write(_ written: SVGTransformResolver.Written, to index: Int) {
        var style: [String] = []
        let value = SVGTransformResolver.value(written.plane)
        let attribute = Self.transformAttribute(of: nodes[index].name)
        nodes[index][attribute] = value == "none" ? nil : SVGTransformResolver.value(written.plane, separator: " ")
        if written.isRuled {
            // A rule of a style sheet would override the attribute.
            style.append("transform:\(value)\(written.isImportant ? "!important" : "")")
        }
        // In a browser the root's own origin is its centre.
        if index == 0 { style.append("transform-origin:\(SVGAllowList.keptOrigin)") }
        // The others stand last, because one that does not end would take in what follows it.
        style += SVGStyle.rawDeclarations(nodes[index]["style"] ?? "")
            .filter { !SVGTransform.isTransform($0.name) }.map { "\($0.name):\($0.value)" }
        nodes[index]["style"] = style.isEmpty ? nil : style.joined(separator: ";")
    }
}

/// Finds the transforms of elements, and the boxes of shapes as far as these can be known without words and pictures.
struct SVGTransformResolver {
    /// A transform that has to be written.
    struct Written {
        var plane: [Double]
        /// Whether rules of style sheets set the property `transform` as well.
        var isRuled: Bool
        var isImportant: Bool
    }

    private struct Resolved {
        var matrix: SVGMatrix
        var written: Written?
    }

    private let tree: SVGTree
    private(set) var cascade: SVGCascade
    private let isRuled: Bool
    /// Whether a box is needed that is not known.
    private(set) var isIncomplete = false
    private var known: [Int: Resolved] = [:]
    private var targets: [String: Int]?
    private var validity: [String: Bool] = [:]
    private var stepsLeft = 100_000
    private var bytesLeft = 4 << 20

    private static let elements: Set<String> = [
        "svg", "g", "a", "switch", "use", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "image",
        "text", "clipPath", "foreignObject", "linearGradient", "radialGradient", "pattern",
    ]
    /// The elements that are not drawn where they stand.
    private static let hidden: Set<String> = ["clipPath", "linearGradient", "radialGradient", "pattern"]
    /// The number of values that are remembered.
    private static let memory = 4096
    /// The largest depth of elements in a box.
    private static let depth = 48

    init(_ tree: SVGTree, _ cascade: SVGCascade, isRuled: Bool) {
        (self.tree, self.cascade, self.isRuled) = (tree, cascade, isRuled)
    }

    /// The transform of an element that librsvg would not draw as browsers do; nil if it would.
    mutating func written(_ index: Int) -> Written? {
        guard mayHaveTransform(index), tree.isDrawn(index) else { return nil }
        return resolved(index, depth: 0).written
    }

    /// A matrix as the value of the property `transform`.
    static func value(_ plane: [Double], separator: String = ",") -> String {
        guard plane != [1, 0, 0, 1, 0, 0] else { return "none" }
        let values = plane.map { number in
            number == number.rounded() && abs(number) < 1e9 ? String(Int(number)) : String(number)
        }
        return "matrix(\(values.joined(separator: separator)))"
    }

    // MARK: Transforms

    private mutating func resolved(_ index: Int, depth: Int) -> Resolved {
        if let resolved = known[index] { return resolved }
        let resolved = compute(index, depth: depth)
        known[index] = resolved
        return resolved
    }

    private mutating func compute(_ index: Int, depth: Int) -> Resolved {
        let node = tree.nodes[index]
        let text = node[SVGTree.transformAttribute(of: node.name)]
        let attribute = text.map { SVGTransform.matrix(ofAttribute: $0) ?? .identity } ?? .identity
        let plain = Resolved(matrix: attribute, written: nil)
        guard mayHaveTransform(index), text.map({ $0.utf8.count <= SVGTransform.byteLimit }) ?? true else {
            return plain
        }
        let values = validValues(of: index)
        func value(_ name: String) -> String? { (values[name] ?? values["-webkit-\(name)"])?.text.lowercased() }
        // Values that are not valid are in force in librsvg, so they count here.
        let own = SVGStyle.rawDeclarations(node["style"] ?? "").map(\.name).filter { $0.hasSuffix("transform") }
        let ruled = isRuled ? cascade.ruledProperties(tree, index).contains("transform") : false
        let parts = ["translate", "rotate", "scale"].filter { value($0).map { $0 != "none" } ?? false }
        guard !own.isEmpty || ruled || !parts.isEmpty || text != nil || value("transform") != nil else { return plain }
        let all = parts + ["transform", "transform-origin", "transform-box"]
        guard !all.contains(where: { value($0) == "inherit" }) else { return plain }

        let texts = all.compactMap { value($0) } + [node["transform-origin"] ?? ""]
        let isRelative = texts.contains { Self.hasFontUnit($0) }
        let (box, context) = reference(index, value("transform-box"), isRelative: isRelative, depth: depth)
        var matrix = SVGMatrix.identity
        for name in parts {
            guard let text = value(name), !SVGTransform.isWideKeyword(text) else { continue }
            guard let part = context.matrix(name, text) else { return plain }
            matrix = matrix * part
        }
        if let text = value("transform") {
            // Of the wide keywords, those that are left mean none.
            let isWide = SVGTransform.isWideKeyword(text)
            guard let part = isWide ? .identity : context.matrix("transform", text) else { return plain }
            matrix = matrix * part
        } else {
            matrix = matrix * attribute
        }
        let origin = origin(
            value("transform-origin"), node["transform-origin"], context, standard: index == 0 ? "50% 50%" : "0 0")
        let (x, y) = (box.x + origin.x, box.y + origin.y)
        matrix = .translation(x, y) * matrix * .translation(-x, -y)
        guard let plane = matrix.plane else { return plain }
        let isImportant = values["transform"]?.isImportant ?? false
        // What has been written here before stays as it is. librsvg prefers an attribute to `none`.
        let isWritten =
            values["transform"].map { $0.rule == nil && $0.text == Self.value(plane) } ?? false
            && own.filter { $0 == "transform" }.count == 1 && attribute.plane == plane
        let isPlain = (own.isEmpty && !ruled || isWritten) && parts.isEmpty && x == 0 && y == 0
        return Resolved(
            matrix: SVGMatrix(plane[0], plane[1], plane[2], plane[3], plane[4], plane[5]),
            written: isPlain ? nil : Written(plane: plane, isRuled: ruled, isImportant: isImportant))
    }

    /// Whether a text may have a number with the unit `em`, `rem`, `ex` or `ch`.
    private static func hasFontUnit(_ text: String) -> Bool {
        var last: UInt8 = 0
        for byte in text.utf8 {
            let isSecond = [UInt8(ascii: "m"), UInt8(ascii: "x"), UInt8(ascii: "h")].contains(byte | 0x20)
            if isSecond, last == UInt8(ascii: "e") || last == UInt8(ascii: "c") { return true }
            last = byte | 0x20
        }
        return false
    }

    /// The values that win among those that browsers understand. Many elements have equal ones, which are read once.
    private mutating func validValues(of index: Int) -> [String: SVGCascade.Value] {
        var validity = validity
        self.validity = [:]
        let values = cascade.values(tree, index) { name, value in
            guard SVGTransform.isTransform(name) else { return true }
            let key = "\(name):\(value)"
            if let isValid = validity[key] { return isValid }
            let isValid = SVGTransform.isValid(name, value)
            if validity.count < Self.memory { validity[key] = isValid }
            return isValid
        }
        self.validity = validity
        return values
    }

    private func origin(
        _ property: String?, _ attribute: String?, _ context: SVGTransform, standard: String
    ) -> (x: Double, y: Double) {
        let origin =
            switch property {
            case "initial", "unset": context.origin("50% 50%", isAttribute: false)
            case "revert", "revert-layer", nil: attribute.flatMap { context.origin($0, isAttribute: true) }
            case let property?: context.origin(property, isAttribute: false)
            }
        return origin ?? context.origin(standard, isAttribute: false) ?? (0, 0)
    }

    private func mayHaveTransform(_ index: Int) -> Bool {
        Self.elements.contains(tree.nodes[index].name)
            && (isRuled || index == 0 || SVGTree.mayHaveTransform(tree.nodes[index]))
    }

    /// The corner of the box that a transform refers to, and what its values depend on.
    ///
    /// - Parameter isRelative: whether values may depend on the size of letters.
    private mutating func reference(
        _ index: Int, _ name: String?, isRelative: Bool, depth: Int
    ) -> (corner: (x: Double, y: Double), context: SVGTransform) {
        // Looking through all that is around an element takes time.
        let length =
            isRelative
            ? cascade.inherited("font-size", tree, index).flatMap { SVGNumbers.length($0) } ?? 16 : 16
        let page = tree.size
        var context = SVGTransform(
            box: index == 0 ? (page.width, page.height) : tree.viewport(of: index),
            fontSize: length.isFinite ? length : 16, page: (page.width, page.height))
        guard index > 0, let name, name.hasSuffix("-box"), name != "view-box" else { return ((0, 0), context) }
        guard var box = box(of: index, depth: depth) else {
            isIncomplete = true
            return ((0, 0), context)
        }
        if name == "stroke-box" || name == "border-box" { box = box.grown(by: strokeWidth(of: index) / 2) }
        guard !box.isEmpty else { return ((0, 0), context) }
        context.box = (box.width, box.height)
        return ((box.left, box.top), context)
    }

    /// The width of an element's line; 0 without one.
    private mutating func strokeWidth(of index: Int) -> Double {
        guard let stroke = cascade.inherited("stroke", tree, index), stroke != "none" else { return 0 }
        let width = cascade.inherited("stroke-width", tree, index).flatMap { SVGNumbers.length($0) } ?? 1
        return width.isFinite ? max(width, 0) : 0
    }

    // MARK: Boxes

    /// The box around the fill of an element, without its own transform; nil if it is not known.
    private mutating func box(of index: Int, depth: Int) -> SVGBox? {
        let node = tree.nodes[index]
        stepsLeft -= 1
        guard stepsLeft > 0, depth < Self.depth else { return nil }
        let values = cascade.values(tree, index)
        let viewport = tree.viewport(of: index)
        func length(_ name: String) -> Double? {
            guard let text = values[name]?.text ?? node[name] else { return nil }
            let whole: Double =
                switch SVGFunctions.axis(of: name) {
                case .across: viewport.width
                case .down: viewport.height
                case .both, nil:
                    ((viewport.width * viewport.width + viewport.height * viewport.height) / 2).squareRoot()
                }
            let scale = SVGCalculation.Scale(whole: whole, fontSize: 16, page: (tree.size.width, tree.size.height))
            guard let quantity = SVGCalculation.quantity(text, scale), quantity.unit != .degrees else { return nil }
            return (quantity.number ?? 0) + quantity[.pixels] + quantity[.percent] / 100 * whole + quantity[.em] * 16
        }
        switch node.name {
        case "rect", "foreignObject":
            return SVGBox(
                x: length("x") ?? 0, y: length("y") ?? 0, width: length("width") ?? 0, height: length("height") ?? 0)
        case "image":
            guard let width = length("width"), let height = length("height") else { return nil }
            return SVGBox(x: length("x") ?? 0, y: length("y") ?? 0, width: width, height: height)
        case "circle", "ellipse":
            let (rx, ry) = node.name == "circle" ? (length("r"), length("r")) : (length("rx"), length("ry"))
            let (width, height) = (rx ?? ry ?? 0, ry ?? rx ?? 0)
            return SVGBox(
                x: (length("cx") ?? 0) - width, y: (length("cy") ?? 0) - height, width: 2 * width, height: 2 * height)
        case "line":
            var box = SVGBox()
            box.include(length("x1") ?? 0, length("y1") ?? 0)
            box.include(length("x2") ?? 0, length("y2") ?? 0)
            return box
        case "polyline", "polygon":
            guard let text = affordable(node["points"]) else { return nil }
            var numbers = SVGNumbers(text)
            var box = SVGBox()
            while let x = numbers.next(), let y = numbers.next() { box.include(x, y) }
            return box
        case "path":
            guard values["d"] == nil, let text = affordable(node["d"]) else { return nil }
            return SVGPolyline(path: text, isWhole: true).box
        case "g", "a": return box(around: tree.drawnChildren(of: index), depth: depth)
        case "use":
            guard let id = node.href.map({ String($0.trimmed.dropFirst()) }), let target = target(id),
                !["svg", "symbol"].contains(tree.nodes[target].name), let box = box(around: [target], depth: depth)
            else { return nil }
            // Chromium adds `x` and `y` outside of this box.
            return box
        case "text": return wordsBox(index)
        default: return nil
        }
    }

    private mutating func box(around elements: [Int], depth: Int) -> SVGBox? {
        var whole = SVGBox()
        stepsLeft -= elements.count
        for element in elements {
            let node = tree.nodes[element]
            guard Self.elements.contains(node.name), !Self.hidden.contains(node.name) else { continue }
            let display = cascade.values(tree, element)["display"]?.text ?? node["display"]
            if display == "none" { continue }
            guard let box = box(of: element, depth: depth + 1) else { return nil }
            var matrix = resolved(element, depth: depth + 1).matrix
            if node.name == "use" {
                func length(_ name: String) -> Double { node[name].flatMap { SVGNumbers.length($0) } ?? 0 }
                matrix = matrix * .translation(length("x"), length("y"))
            }
            whole.include(matrix.box(around: box))
        }
        return whole
    }

    /// Roughly the box around one line of words; nil if there are several lines, or places of their own.
    private mutating func wordsBox(_ index: Int) -> SVGBox? {
        let node = tree.nodes[index]
        stepsLeft -= 100
        guard node.end - index < 64 else { return nil }
        for inner in tree.nodes.indices[index..<node.end].dropFirst() {
            let names = ["x", "y", "dx", "dy", "font-size"]
            if names.contains(where: { tree.nodes[inner][$0] != nil }) { return nil }
        }
        let size = cascade.inherited("font-size", tree, index).flatMap { SVGNumbers.length($0) } ?? 16
        guard size.isFinite, node["dx"] == nil, node["dy"] == nil else { return nil }
        func number(_ name: String) -> Double { node[name].flatMap { SVGNumbers.length($0) } ?? 0 }
        let words = tree.nodes[index..<node.end].map(\.text).joined().split(whereSeparator: \.isWhitespace)
        let width = size * SVGTextWidth.estimate(words.joined(separator: " "))
        let share =
            (["middle": 0.5, "end": 1] as [String: Double])[cascade.inherited("text-anchor", tree, index) ?? ""] ?? 0
        // The measures of DejaVu Sans, whose letters are drawn.
        let baseline =
            switch cascade.inherited("dominant-baseline", tree, index) {
            case "middle": 0.27
            case "central": 0.35
            case "hanging": 0.74
            default: 0.0
            }
        let box = SVGBox(
            x: number("x") - share * width, y: number("y") + (baseline - 0.93) * size, width: width, height: 1.16 * size
        )
        return box.left.isFinite && box.top.isFinite ? box : nil
    }

    private mutating func target(_ id: String) -> Int? {
        if targets == nil {
            var found: [String: Int] = [:]
            for index in tree.nodes.indices where tree.isDrawn(index) {
                if let id = tree.nodes[index]["id"], found[id] == nil { found[id] = index }
            }
            targets = found
        }
        return targets?[id]
    }

    /// The text of a shape, as long as not too much has been read.
    private mutating func affordable(_ text: String?) -> String? {
        bytesLeft -= text?.utf8.count ?? 0
        return bytesLeft > 0 ? text ?? "" : nil
    }
}

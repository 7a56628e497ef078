/// The elements of a document, with the attributes that decide how much there is to paint, and the rules of its style
/// sheets.
struct SVGDocument {
    enum Kind {
        case container, use, shape, text, image, gradient, pattern, mask, clipPath, marker, filter, primitive
        /// An element that is painted where a `use` refers to it, with a viewport of its own.
        case symbol
        case other

        init(_ element: String) {
            self =
                switch element {
                case "svg", "g", "a", "switch": .container
                case "use": .use
                case "path", "rect", "circle", "ellipse", "line", "polyline", "polygon": .shape
                case "text", "tspan", "textPath": .text
                case "image": .image
                case "linearGradient", "radialGradient": .gradient
                case "pattern": .pattern
                case "mask": .mask
                case "clipPath": .clipPath
                case "marker": .marker
                case "filter": .filter
                case "symbol": .symbol
                default: element.hasPrefix("fe") ? .primitive : .other
                }
        }
    }

    struct Element {
        let type: String
        let kind: Kind
        /// The index of the parent; nil for the root.
        let parent: Int?
        /// The index after the last element inside.
        var end: Int
        /// The element's `id`, and the number that stands for it.
        let name: String?
        let id: Int?
        let classes: [Substring]
        let geometry: SVGGeometry
        let href: Int?
        /// The attributes that determine the size of a tile, a marker or a viewport.
        let frame: [String: String]
        /// The lists of declarations of the presentation attributes and of the attribute `style`, as indices into
        /// `lists`.
        let attributes: Int
        let style: Int
        /// The pixels of an embedded image.
        let pixels: Int
        /// The bytes of text that are direct content of the element.
        var characters = 0
    }

    private struct Rule {
        let selector: SVGSelector
        let declarations: [SVGComputedStyle.Declaration]
        let specificity: Int
        let order: Int
    }

    private(set) var elements: [Element] = []
    private var open: [Int] = []
    private var names: [String: Int] = [:]
    /// The index of the first element that has each name, by the number of the name.
    private var targets: [Int: Int] = [:]
    private var lists: [[SVGComputedStyle.Declaration]] = [[]]
    private var listNumbers: [[String]: Int] = [:]
    private var rules: [Rule] = []
    /// The indices of rules by the requirement of the rightmost part of their selectors: `#id`, `.class`, an element's
    /// type, or an empty key.
    private var rulesByKey: [String: [Int]] = [:]
    private var ruleCount = 0

    func target(of name: Int) -> Int? { targets[name] }

    // MARK: Building

    mutating func open(_ name: String, _ attributes: [(name: String, value: String)], pixels: Int) {
        let index = elements.count
        let kind = Kind(name)
        var values: [String: String] = [:]
        var presentation: [String] = []
        for (name, value) in attributes {
            if SVGComputedStyle.Property.named(name).isEmpty {
                values[name] = value
            } else {
                presentation.append("\(name):\(value)")
                if kind == .pattern || kind == .symbol { values[name] = value }
            }
        }
        let id = values["id"].map { number(of: $0) }
        if let id, targets[id] == nil { targets[id] = index }
        let href = values["href"].flatMap { $0.first == "#" ? number(of: String($0.dropFirst())) : nil }
        if let value = values["patternTransform"] { presentation.append("transform:\(value)") }
        let hasFrame = [.pattern, .marker, .symbol].contains(kind) || values["viewBox"] != nil || kind == .primitive
        elements.append(
            Element(
                type: name, kind: kind, parent: open.last, end: index + 1, name: values["id"], id: id,
                classes: values["class"]?.split(whereSeparator: \.isWhitespace) ?? [],
                geometry: Self.geometry(name, values), href: href, frame: hasFrame ? values : [:],
                attributes: list(of: presentation), style: list(of: Self.parts(of: values["style"] ?? "")),
                pixels: pixels))
        open.append(index)
    }

    mutating func text(_ count: Int) { if let index = open.last { elements[index].characters += count } }

    mutating func close() { if let index = open.popLast() { elements[index].end = elements.count } }

    /// - Parameter text: a style sheet that `SVGStyle` has written.
    mutating func add(sheet text: String) {
        for line in text.utf8.split(separator: UInt8(ascii: "}")) {
            // The last brace is the rule's, because declarations have none.
            guard let brace = line.lastIndex(of: UInt8(ascii: "{")) else { continue }
            ruleCount += 1
            let declarations = declarations(
                Self.parts(of: String(decoding: line[line.index(after: brace)...], as: UTF8.self)))
            guard !declarations.isEmpty else { continue }
            for part in Self.parts(of: Array(line[..<brace]), between: UInt8(ascii: ",")) {
                let selector = SVGSelector(part)
                let key = selector.compounds.first.map(Self.key) ?? ""
                rulesByKey[key, default: []].append(rules.count)
                rules.append(
                    Rule(
                        selector: selector, declarations: declarations, specificity: selector.specificity,
                        order: rules.count))
            }
        }
    }

    private static func key(_ compound: SVGSelector.Compound) -> String {
        if let id = compound.ids.first { return "#\(id)" }
        if let name = compound.classes.first { return ".\(name)" }
        return compound.type ?? ""
    }

    private static func parts(of declarations: String) -> [String] {
        guard !declarations.isEmpty else { return [] }
        return parts(of: Array(declarations.utf8), between: UInt8(ascii: ";")).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    /// Splits at separators outside brackets and quotes.
    static func parts(of selectors: [UInt8], between separator: UInt8) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        var start = 0
        var depth = 0
        var quote: UInt8?
        for (index, byte) in selectors.enumerated() {
            if let open = quote {
                if byte == open { quote = nil }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "'"): quote = byte
            case UInt8(ascii: "("), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"): depth -= 1
            case separator where depth <= 0:
                parts.append(selectors[start..<index])
                start = index + 1
            default: break
            }
        }
        return parts + [selectors[start...]]
    }

    private mutating func number(of name: String) -> Int {
        if let number = names[name] { return number }
        names[name] = names.count
        return names.count - 1
    }

    /// The index of a list of declarations. Equal lists are stored once, because plots repeat few styles many times.
    private mutating func list(of parts: [String]) -> Int {
        guard !parts.isEmpty else { return 0 }
        if let number = listNumbers[parts] { return number }
        let declarations = declarations(parts)
        let number = declarations.isEmpty ? 0 : lists.count
        if number > 0 { lists.append(declarations) }
        listNumbers[parts] = number
        return number
    }

    private mutating func declarations(_ parts: [String]) -> [SVGComputedStyle.Declaration] {
        var declarations: [SVGComputedStyle.Declaration] = []
        for part in parts {
            guard let colon = part.firstIndex(of: ":") else { continue }
            let value = part[part.index(after: colon)...].drop(while: \.isWhitespace)
            declarations += SVGComputedStyle.declarations(String(part[..<colon]).trimmed, value) { number(of: $0) }
        }
        return declarations
    }

    private static func geometry(_ element: String, _ values: [String: String]) -> SVGGeometry {
        func length(_ name: String) -> Double { values[name].flatMap { SVGNumbers.length($0) } ?? 0 }
        switch element {
        case "path": return SVGGeometry(path: values["d"] ?? "")
        case "polyline", "polygon": return SVGGeometry(points: values["points"] ?? "")
        case "line": return SVGGeometry(from: (length("x1"), length("y1")), to: (length("x2"), length("y2")))
        default: return SVGGeometry(width: 0, height: 0)
        }
    }

    // MARK: Style

    /// The distinct computed styles of a document, and for each element the index of its style.
    struct ComputedStyles {
        fileprivate(set) var all: [(style: SVGComputedStyle, conditional: [SVGComputedStyle.Declaration])] = []
        fileprivate(set) var numbers: [Int] = []

        subscript(index: Int) -> (style: SVGComputedStyle, conditional: [SVGComputedStyle.Declaration]) {
            all[numbers[index]]
        }
    }

    /// The sources of an element's style. Elements with equal sources have the same computed style.
    private struct Styles: Hashable {
        let attributes: Int
        let style: Int
        let rules: [Int]
    }

    /// Computes the style of each element, and which declarations may apply besides because their selectors are not
    /// fully understood. https://www.w3.org/TR/css-cascade-4/
    func computedStyles() throws(ImageGateError) -> ComputedStyles {
        guard ruleCount * elements.count <= SVGLimit.styleComparisons else { throw Self.tooManyComparisons }
        var computedStyles = ComputedStyles()
        var known: [Styles: Int] = [:]
        var stepsLeft = SVGLimit.selectorSteps
        for index in elements.indices {
            let rules = rules(for: index, &stepsLeft)
            guard stepsLeft > 0 else { throw Self.tooManyComparisons }
            let styles = Styles(attributes: elements[index].attributes, style: elements[index].style, rules: rules)
            let number = known[styles] ?? computedStyles.all.count
            if number == computedStyles.all.count {
                computedStyles.all.append(computedStyle(styles))
                known[styles] = number
            }
            computedStyles.numbers.append(number)
        }
        return computedStyles
    }

    private static var tooManyComparisons: ImageGateError {
        .forbidden(.svg, what: "more than \(SVGLimit.styleComparisons) comparisons of styles with elements")
    }

    private func computedStyle(_ styles: Styles) -> (
        style: SVGComputedStyle, conditional: [SVGComputedStyle.Declaration]
    ) {
        let sure = styles.rules.map { rules[$0] }.filter { !$0.selector.isUncertain }
            .sorted { ($0.specificity, $0.order) < ($1.specificity, $1.order) }
        let conditional = styles.rules.map { rules[$0] }.filter(\.selector.isUncertain)
        var style = SVGComputedStyle()
        for declaration in lists[styles.attributes] { style.apply(declaration) }
        for rule in sure { for declaration in rule.declarations { style.apply(declaration) } }
        for declaration in lists[styles.style] { style.apply(declaration) }
        for rule in sure {
            for declaration in rule.declarations where declaration.isImportant { style.apply(declaration) }
        }
        for declaration in lists[styles.style] where declaration.isImportant { style.apply(declaration) }
        return (style, conditional.flatMap(\.declarations))
    }

    /// Returns the references that style sheets add. Each has the index of the element that refers, and of the element
    /// that is referred to.
    func sheetReferences(_ computedStyles: ComputedStyles) -> [(from: Int, to: Int)] {
        guard !rules.isEmpty else { return [] }
        return elements.indices.flatMap { index -> [(from: Int, to: Int)] in
            let element = elements[index]
            // A group passes its paints and markers on to the shapes inside, which refer to them.
            let properties: [SVGComputedStyle.Property] =
                switch element.kind {
                case .shape, .text: [.fill, .stroke, .markerStart, .markerMid, .markerEnd, .mask, .clipPath, .filter]
                default: [.mask, .clipPath, .filter]
                }
            let own = lists[element.attributes] + lists[element.style]
            return properties.compactMap { property in
                let link = computedStyles[index].style[link: property]
                guard case .to(let name) = link, let target = targets[name],
                    !own.contains(where: { $0.property == property && $0.link == link })
                else { return nil }
                return (index, target)
            }
        }
    }

    /// The indices of the rules that apply to an element, or may.
    private func rules(for index: Int, _ stepsLeft: inout Int) -> [Int] {
        guard !rules.isEmpty else { return [] }
        let element = elements[index]
        var keys = ["", element.type] + element.classes.map { ".\($0)" }
        if let name = element.name { keys.append("#\(name)") }
        var matching: [Int] = []
        for key in keys {
            for rule in rulesByKey[key] ?? [] where matches(rules[rule].selector.compounds[...], index, &stepsLeft) {
                matching.append(rule)
            }
        }
        return matching
    }

    /// - Parameter stepsLeft: counted down at each comparison. At zero everything matches, and the caller refuses the
    ///   document.
    private func matches(
        _ compounds: ArraySlice<SVGSelector.Compound>, _ index: Int, _ stepsLeft: inout Int
    ) -> Bool {
        stepsLeft -= 1
        guard let compound = compounds.first, stepsLeft > 0 else { return true }
        guard matches(compound, elements[index]) else { return false }
        let rest = compounds.dropFirst()
        guard let next = rest.first else { return true }
        var ancestor = elements[index].parent
        while let parent = ancestor {
            stepsLeft -= 1
            if matches(next, elements[parent]) {
                if matches(rest, parent, &stepsLeft) { return true }
                // The nearest matching ancestor decides, unless its own parent is required as well.
                if !next.isChild { return false }
            }
            if compound.isChild { return false }
            ancestor = elements[parent].parent
        }
        return false
    }

    private func matches(_ compound: SVGSelector.Compound, _ element: Element) -> Bool {
        if let type = compound.type, type != element.type { return false }
        return compound.ids.allSatisfy { $0 == element.name }
            && compound.classes.allSatisfy { name in element.classes.contains { $0 == name } }
    }
}

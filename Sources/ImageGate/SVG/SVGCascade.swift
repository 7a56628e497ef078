/// The declarations that apply to the elements of a tree, from style sheets and from `style` attributes.
/// https://www.w3.org/TR/css-cascade-4/
///
/// It is needed for what librsvg does not evaluate: properties that are not SVG's, custom properties, and selectors of
/// attributes that the sanitiser drops.
struct SVGCascade {
    typealias Declaration = (name: String, value: String)

    struct Rule {
        let selector: SVGSelector
        let declarations: [Declaration]
        let specificity: Int
        let order: Int
        /// The attributes that the selector asks for and the sanitiser drops, such as `data-...`. librsvg would not see
        /// them, so the rule has to be written into the elements.
        let droppedAttributes: Set<String>
        /// Whether the selector has others in it, which librsvg 2.54 does not know.
        let hasSelectors: Bool

        var isInlined: Bool { hasSelectors || !droppedAttributes.isEmpty }
    }

    /// A value, and where it is from: a rule, or the element's own attribute `style`.
    struct Value {
        var text: String
        var rule: Int?
        var isImportant: Bool
    }

    private(set) var rules: [Rule] = []
    /// The indices of rules by the requirement of the rightmost part of their selectors.
    private var rulesByKey: [String: [Int]] = [:]
    private var stepsLeft = SVGLimit.selectorSteps

    init(_ tree: SVGTree, _ size: SVGSize) {
        var index = 0
        while index < tree.nodes.count {
            // What is in an element that is dropped has no effect.
            guard tree.nodes[index].isText || tree.isDrawn(index) else {
                index = tree.nodes[index].end
                continue
            }
            if tree.isStyleSheet(index, size) {
                for rule in SVGStyle.rules(tree.text(in: index), size) where rules.count < SVGLimit.styleRules {
                    add(rule)
                }
            }
            index += 1
        }
    }

    private mutating func add(_ rule: SVGStyle.Rule) {
        let declarations = SVGStyle.rawDeclarations(rule.block)
        for part in SVGStyle.selectors(rule.selector) {
            let selector = SVGSelector(part)
            guard let first = selector.compounds.first, !selector.isIncomplete else { continue }
            let key =
                first.ids.first.map { "#\($0)" } ?? first.classes.first.map { ".\($0)" } ?? first.type ?? ""
            rulesByKey[key, default: []].append(rules.count)
            rules.append(
                Rule(
                    selector: selector, declarations: declarations, specificity: selector.specificity,
                    order: rules.count, droppedAttributes: selector.droppedAttributes,
                    hasSelectors: selector.hasSelectors))
        }
    }

    /// The values that win for an element, without what it inherits.
    ///
    /// - Parameter isValid: whether a value of a property counts.
    mutating func values(
        _ tree: SVGTree, _ index: Int, where isValid: (_ name: String, _ value: String) -> Bool = { _, _ in true }
    ) -> [String: Value] {
        var values: [String: Value] = [:]
        func set(_ declaration: Declaration, _ rule: Int?) {
            let important = declaration.value.lowercased().hasSuffix("!important")
            if let old = values[declaration.name], old.isImportant, !important { return }
            let text = important ? String(String(declaration.value.dropLast(10)).trimmed) : declaration.value
            guard isValid(declaration.name, text) else { return }
            values[declaration.name] = Value(text: text, rule: rule, isImportant: important)
        }
        for rule in matching(tree, index) {
            for declaration in rules[rule].declarations { set(declaration, rule) }
        }
        if let style = tree.nodes[index]["style"] {
            for declaration in SVGStyle.rawDeclarations(style) { set(declaration, nil) }
        }
        return values
    }

    /// The properties that rules set for an element, whether or not they win.
    mutating func ruledProperties(_ tree: SVGTree, _ index: Int) -> Set<String> {
        Set(matching(tree, index).flatMap { rules[$0].declarations.map(\.name) })
    }

    /// The value of a property that is inherited, of the nearest element that has one. Presentation attributes count as
    /// well.
    mutating func inherited(_ property: String, _ tree: SVGTree, _ index: Int, to top: Int = 0) -> String? {
        var next = index
        while next >= top, next >= 0 {
            let node = tree.nodes[next]
            if !node.isText {
                if let value = values(tree, next)[property]?.text, value != "inherit" { return value }
                if let value = node[property], value != "inherit" { return value }
            }
            next = node.parent
        }
        return nil
    }

    /// The indices of the rules that match, in the order in which they apply.
    private mutating func matching(_ tree: SVGTree, _ index: Int) -> [Int] {
        guard !rules.isEmpty else { return [] }
        let node = tree.nodes[index]
        var keys = ["", node.name]
        if let id = node["id"] { keys.append("#\(id)") }
        if let classes = node["class"] { keys += Set(classes.split(whereSeparator: \.isWhitespace)).map { ".\($0)" } }
        var found: [Int] = []
        for key in keys {
            for rule in rulesByKey[key] ?? [] where matches(rules[rule].selector.compounds[...], tree, index) {
                found.append(rule)
            }
        }
        return found.sorted {
            (rules[$0].specificity, rules[$0].order) < (rules[$1].specificity, rules[$1].order)
        }
    }

    /// Nothing matches any more when the document has used up its steps.
    private mutating func matches(
        _ compounds: ArraySlice<SVGSelector.Compound>, _ tree: SVGTree, _ index: Int
    ) -> Bool {
        stepsLeft -= 1
        guard let compound = compounds.first else { return true }
        guard stepsLeft > 0, matches(compound, tree, index) else { return false }
        let rest = compounds.dropFirst()
        guard let next = rest.first else { return true }
        var ancestor = tree.nodes[index].parent
        while ancestor >= 0, stepsLeft > 0 {
            stepsLeft -= 1
            if matches(next, tree, ancestor) {
                if matches(rest, tree, ancestor) { return true }
                if !next.isChild { return false }
            }
            if compound.isChild { return false }
            ancestor = tree.nodes[ancestor].parent
        }
        return false
    }

    private mutating func matches(_ compound: SVGSelector.Compound, _ tree: SVGTree, _ index: Int) -> Bool {
        let node = tree.nodes[index]
        if let type = compound.type, type != node.name { return false }
        if !compound.ids.isEmpty, compound.ids.contains(where: { $0 != node["id"] }) { return false }
        if !compound.classes.isEmpty {
            let classes = node["class"]?.split(whereSeparator: \.isWhitespace) ?? []
            guard compound.classes.allSatisfy({ name in classes.contains { $0 == name } }) else { return false }
        }
        for condition in compound.conditions where !matches(condition, tree, index) { return false }
        return true
    }

    /// The place of an element among its siblings, from 1 on; nil if the document has used up its steps.
    private mutating func place(of index: Int, in tree: SVGTree, isFromEnd: Bool) -> Int? {
        let parent = tree.nodes[index].parent
        guard parent >= 0 else { return 1 }
        var place = 1
        var sibling = isFromEnd ? tree.nodes[index].end : parent + 1
        let end = isFromEnd ? tree.nodes[parent].end : index
        while sibling < end {
            stepsLeft -= 1
            guard stepsLeft > 0 else { return nil }
            if !tree.nodes[sibling].isText { place += 1 }
            sibling = tree.nodes[sibling].end
        }
        return place
    }

    private mutating func matches(_ condition: SVGSelector.Condition, _ tree: SVGTree, _ index: Int) -> Bool {
        switch condition {
        case .root: return index == 0
        case .unknown: return false
        case .place(let step, let offset, let isFromEnd):
            guard let place = place(of: index, in: tree, isFromEnd: isFromEnd) else { return false }
            let rest = place - offset
            return step == 0 ? rest == 0 : rest.isMultiple(of: step) && rest / step >= 0
        case .any(let selectors, let isNegated, _):
            for selector in selectors where matches(selector.compounds[...], tree, index) { return !isNegated }
            return isNegated
        case .attribute(let name, let comparison, let wanted):
            guard let value = tree.nodes[index][name] else { return false }
            guard let wanted else { return true }
            switch comparison {
            case "=": return value == wanted
            case "~": return value.split(whereSeparator: \.isWhitespace).contains { $0 == wanted }
            case "|": return value == wanted || value.hasPrefix(wanted + "-")
            case "^": return !wanted.isEmpty && value.hasPrefix(wanted)
            case "$": return !wanted.isEmpty && value.hasSuffix(wanted)
            default: return !wanted.isEmpty && value.contains(wanted)
            }
        }
    }
}

extension SVGSelector {
    /// The attributes that the selector asks for and the sanitiser drops, such as `data-...`.
    var droppedAttributes: Set<String> {
        Set(
            compounds.flatMap(\.conditions).flatMap { condition -> [String] in
                switch condition {
                case .any(let selectors, _, _): return selectors.flatMap(\.droppedAttributes)
                case .attribute(let name, _, _):
                    let isKept =
                        SVGAllowList.attributes.contains(name) || SVGAllowList.properties.contains(name)
                        || ["id", "style", "href"].contains(name) || SVGAllowList.boundedAttributes[name] != nil
                    return isKept ? [] : [name]
                case .root, .place, .unknown: return []
                }
            })
    }

    /// Whether there are selectors in the selector.
    var hasSelectors: Bool {
        compounds.contains { compound in
            compound.conditions.contains { condition in
                if case .any = condition { true } else { false }
            }
        }
    }
}

extension SVGTree {
    func isStyleSheet(_ index: Int, _ size: SVGSize) -> Bool {
        nodes[index].name == "style" && SVGMedia.holds(nodes[index]["media"] ?? "", size)
    }

    /// The text that is direct content of an element.
    func text(in index: Int) -> String {
        var text = ""
        var child = index + 1
        while child < nodes[index].end {
            text += nodes[child].text
            child = nodes[child].end
        }
        return text
    }
}

/// A selector of a style sheet, as far as it is needed to find out which elements refer to which.
///
/// It understands types, classes, ids, descendants and children. A selector with anything else is marked as uncertain.
/// Of these, `SVGCascade` evaluates attributes, `:root`, and what `:is()`, `:where()` and `:not()` hold.
struct SVGSelector {
    enum Condition {
        case root
        /// An attribute, and the value that it has to have. The operator is `=`, `~`, `|`, `^`, `$` or `*`.
        case attribute(String, comparison: Character, value: String?)
        /// Whether one of the selectors matches, or none. Those of `:where()` do not make the selector more specific.
        case any([SVGSelector], isNegated: Bool, isSpecific: Bool)
        /// Whether the element is at a place among its siblings that is `step` times any number from 0 on, and `offset`.
        /// Places count from 1.
        case place(step: Int, offset: Int, isFromEnd: Bool)
        case unknown

        fileprivate var specificity: Int {
            guard case .any(let selectors, _, let isSpecific) = self else { return 1 << 10 }
            return isSpecific ? selectors.map(\.specificity).max() ?? 0 : 0
        }
    }

    struct Compound {
        /// The element's type; nil for any type.
        var type: String?
        var ids: [String] = []
        var classes: [String] = []
        var conditions: [Condition] = []
        /// Whether the compound to the left has to match the parent; otherwise it may match any ancestor.
        var isChild = false
    }

    /// The compound selectors from right to left.
    private(set) var compounds: [Compound] = []
    /// Whether the selector has conditions that are not evaluated here, so that it may match or not.
    private(set) var isUncertain = false
    /// Whether the selector is about siblings, and lacks what is to the left of them.
    private(set) var isIncomplete = false

    var specificity: Int {
        compounds.reduce(0) { sum, compound in
            sum + compound.ids.count << 20 + compound.classes.count << 10 + (compound.type == nil ? 0 : 1)
                + compound.conditions.reduce(0) { $0 + $1.specificity }
        }
    }

    /// - Parameters:
    ///   - bytes: a selector without commas outside brackets.
    ///   - depth: the number of selectors that it is in.
    init(_ bytes: ArraySlice<UInt8>, depth: Int = 0) {
        var parts: [Compound] = []
        var compound = Compound()
        var isOpen = false
        var rest = bytes
        while let byte = rest.first {
            switch byte {
            case UInt8(ascii: "*"):
                rest = rest.dropFirst()
                isOpen = true
            case UInt8(ascii: "."), UInt8(ascii: "#"):
                let name = Self.takeName(rest.dropFirst())
                if byte == UInt8(ascii: ".") {
                    compound.classes.append(name.text)
                } else {
                    compound.ids.append(name.text)
                }
                rest = name.rest
                isOpen = true
            case UInt8(ascii: "["), UInt8(ascii: ":"), UInt8(ascii: "("):
                isUncertain = true
                isOpen = true
                let next = Self.skip(rest)
                let condition = rest[..<(next.isEmpty ? rest.endIndex : next.startIndex)]
                compound.conditions.append(Self.condition(condition, depth: depth))
                rest = next
            case UInt8(ascii: ">"), UInt8(ascii: "+"), UInt8(ascii: "~"), 0x09, 0x0A, 0x0C, 0x0D, 0x20:
                let gap = rest.prefix { ">+~".utf8.contains($0) || $0 == 0x0C || $0.isXMLSpace }
                rest = rest.dropFirst(gap.count)
                guard isOpen, !rest.isEmpty else { continue }
                parts.append(compound)
                compound = Compound()
                isOpen = false
                if gap.contains(UInt8(ascii: ">")) {
                    compound.isChild = true
                } else if gap.contains(UInt8(ascii: "+")) || gap.contains(UInt8(ascii: "~")) {
                    // Siblings are not evaluated, so the selectors to the left are dropped.
                    isUncertain = true
                    isIncomplete = true
                    parts = []
                }
            default:
                let name = Self.takeName(rest)
                if name.text.isEmpty {
                    isUncertain = true
                    rest = rest.dropFirst()
                } else {
                    compound.type = name.text
                    rest = name.rest
                }
                isOpen = true
            }
        }
        if isOpen { parts.append(compound) }
        compounds = parts.reversed()
    }

    private static func takeName(_ bytes: ArraySlice<UInt8>) -> (text: String, rest: ArraySlice<UInt8>) {
        let name = bytes.prefix { byte in
            (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: "_") || byte >= 0x80
        }
        return (String(decoding: name, as: UTF8.self), bytes[name.endIndex...])
    }

    /// The deepest nesting of selectors in selectors.
    private static let depthLimit = 3

    private static func condition(_ bytes: ArraySlice<UInt8>, depth: Int) -> Condition {
        let text = String(decoding: bytes, as: UTF8.self).trimmed
        if text.lowercased() == ":root" { return .root }
        switch text.lowercased() {
        case ":first-child": return .place(step: 0, offset: 1, isFromEnd: false)
        case ":last-child": return .place(step: 0, offset: 1, isFromEnd: true)
        default: break
        }
        if let open = bytes.firstIndex(of: UInt8(ascii: "(")), bytes.last == UInt8(ascii: ")"), depth < depthLimit {
            let name = String(decoding: bytes[..<open], as: UTF8.self).lowercased()
            if name == ":nth-child" || name == ":nth-last-child" {
                let formula = String(decoding: bytes[(open + 1)..<(bytes.endIndex - 1)], as: UTF8.self)
                guard let (step, offset) = place(formula) else { return .unknown }
                return .place(step: step, offset: offset, isFromEnd: name == ":nth-last-child")
            }
            guard [":is", ":where", ":not", ":-webkit-any"].contains(name) else { return .unknown }
            let list = bytes[(open + 1)..<(bytes.endIndex - 1)]
            let selectors = SVGStyle.selectors(list).map { SVGSelector($0, depth: depth + 1) }
            guard !selectors.isEmpty, selectors.allSatisfy({ !$0.compounds.isEmpty && !$0.isIncomplete }) else {
                return .unknown
            }
            return .any(selectors, isNegated: name == ":not", isSpecific: name != ":where")
        }
        guard text.hasPrefix("["), text.hasSuffix("]") else { return .unknown }
        let inside = String(text.dropFirst().dropLast()).trimmed
        let name = inside.prefix { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
        let rest = String(inside.dropFirst(name.count)).trimmed
        guard !name.isEmpty else { return .unknown }
        guard let first = rest.first else { return .attribute(String(name), comparison: "=", value: nil) }
        let isPlain = first == "="
        guard isPlain || ("~|^$*".contains(first) && rest.dropFirst().first == "=") else { return .unknown }
        var value = String(rest.dropFirst(isPlain ? 1 : 2)).trimmed
        if let quote = value.first, quote == "\"" || quote == "'" {
            guard value.count > 1, value.last == quote else { return .unknown }
            value = value.dropFirst().dropLast()
        }
        return .attribute(String(name), comparison: first, value: String(value))
    }

    /// Reads `odd`, `even`, `3`, `n`, `2n+1` and their like (CSS Syntax Level 3, section 6).
    private static func place(_ formula: String) -> (step: Int, offset: Int)? {
        let text = formula.lowercased().filter { !$0.isWhitespace }
        if text == "odd" { return (2, 1) }
        if text == "even" { return (2, 0) }
        guard let end = text.firstIndex(of: "n") else { return Int(text).map { (0, $0) } }
        let (step, offset) = (text[..<end], text[text.index(after: end)...])
        guard let offset = offset.isEmpty ? 0 : Int(offset), abs(offset) < 1 << 30 else { return nil }
        switch step {
        case "", "+": return (1, offset)
        case "-": return (-1, offset)
        default: return Int(step).map { ($0, offset) }
        }
    }

    /// Skips a pair of brackets, or a pseudo-class.
    private static func skip(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        if bytes.first == UInt8(ascii: ":") {
            let rest = takeName(bytes.drop { $0 == UInt8(ascii: ":") }).rest
            guard rest.first == UInt8(ascii: "(") else { return rest }
            var depth = 0
            for (index, byte) in zip(rest.indices, rest) {
                if byte == UInt8(ascii: "(") { depth += 1 }
                if byte == UInt8(ascii: ")") { depth -= 1 }
                if depth == 0 { return rest[(index + 1)...] }
            }
            return []
        }
        let close = bytes.first == UInt8(ascii: "[") ? UInt8(ascii: "]") : UInt8(ascii: ")")
        guard let end = bytes.firstIndex(of: close) else { return [] }
        return bytes[(end + 1)...]
    }
}

/// Custom properties, and rules whose selectors ask for attributes that the sanitiser drops, or have others in them, as
/// `:is()`. librsvg knows none of these, so what they come to is written into the elements.
/// https://www.w3.org/TR/css-variables-1/
extension SVGTree {
    /// - Parameters:
    ///   - cascade: the document's.
    ///   - size: the size of the drawing, which media queries may ask for.
    mutating func mendVariables(_ cascade: inout SVGCascade, _ size: SVGSize) {
        let names = cascade.rules.reduce(into: Set()) { $0.formUnion($1.droppedAttributes) }
        // A rule for attributes that no element has can stay as it is.
        let hasInlined =
            cascade.rules.contains(where: \.hasSelectors)
            || !names.isEmpty
                && nodes.contains { $0.attributes.contains { $0.namespace == nil && names.contains($0.name) } }
        let hasRules = cascade.rules.contains { rule in
            rule.declarations.contains { $0.name.hasPrefix("--") || SVGVariables.occur(in: $0.value) }
        }
        let isNeeded =
            hasInlined || hasRules
            || nodes.contains { node in
                node.attributes.contains { $0.namespace == nil && SVGVariables.occur(in: $0.value) }
            }
        guard isNeeded else { return }
        var variables = SVGVariables()
        // The custom properties of each element, shared where an element has none of its own.
        var environments: [Int] = []
        for index in nodes.indices {
            let outside = nodes[index].parent < 0 ? 0 : environments[nodes[index].parent]
            guard !nodes[index].isText else {
                environments.append(outside)
                continue
            }
            let values = hasInlined || hasRules || nodes[index]["style"] != nil ? cascade.values(self, index) : [:]
            let environment = variables.environment(in: outside, values)
            environments.append(environment)
            for position in nodes[index].attributes.indices.reversed() {
                let attribute = nodes[index].attributes[position]
                guard attribute.namespace == nil, attribute.name != "style",
                    SVGAllowList.properties.contains(attribute.name), SVGVariables.occur(in: attribute.value)
                else { continue }
                if let value = variables.resolved(attribute.value, environment) {
                    nodes[index].attributes[position].value = value
                } else {
                    nodes[index].attributes.remove(at: position)
                }
            }
            inline(values, into: index, cascade, &variables, environment)
        }
        if hasInlined { removeInlinedRules(size) }
    }

    private mutating func inline(
        _ values: [String: SVGCascade.Value], into index: Int, _ cascade: SVGCascade, _ variables: inout SVGVariables,
        _ environment: Int
    ) {
        var added: [String] = []
        var names: Set<String> = []
        for (name, value) in values.sorted(by: { $0.key < $1.key }) where !name.hasPrefix("--") {
            let occurs = SVGVariables.occur(in: value.text)
            guard occurs || value.rule.map({ cascade.rules[$0].isInlined }) ?? false else { continue }
            let resolved = occurs ? variables.resolved(value.text, environment) : value.text
            names.insert(name)
            if let resolved { added.append("\(name):\(resolved)\(value.isImportant ? "!important" : "")") }
        }
        guard !added.isEmpty else { return }
        // The element's own declarations stand last, because one that does not end would take in what follows it.
        let own = SVGStyle.rawDeclarations(nodes[index]["style"] ?? "").filter { !names.contains($0.name) }
        nodes[index]["style"] = (added + own.map { "\($0.name):\($0.value)" }).joined(separator: ";")
    }

    private mutating func removeInlinedRules(_ size: SVGSize) {
        for index in nodes.indices where nodes[index].name == "style" && isSVG(index) {
            var text = ""
            for rule in SVGStyle.rules(self.text(in: index), size) {
                let kept = SVGStyle.selectors(rule.selector).filter { part in
                    let selector = SVGSelector(part)
                    return selector.droppedAttributes.isEmpty && !selector.hasSelectors
                }
                guard !kept.isEmpty else { continue }
                let selector = kept.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ",")
                text += "\(selector){\(String(decoding: rule.block, as: UTF8.self))}\n"
            }
            let attributes = nodes[index].attributes.filter { $0.namespace == nil }.map { ($0.name, $0.value) }
            replacements[index] = [Fragment("style", attributes, text: text)]
        }
    }
}

/// Environments of custom properties, and the values that come of them.
struct SVGVariables {
    private var environments: [[String: String]] = [[:]]
    private var bytesLeft = byteLimit

    /// The largest number of bytes of one value, and of all values together.
    private static let valueLimit = 1024
    private static let byteLimit = 8 << 20
    /// The largest number of custom properties that are in scope.
    private static let scopeLimit = 1000
    private static let depth = 16

    /// Whether a value has something that is resolved here.
    static func occur(in value: String) -> Bool {
        // Nearly all values have no such function, and some have megabytes.
        var last: UInt8 = 0
        for byte in value.utf8 {
            if byte == UInt8(ascii: "("), last | 0x20 == UInt8(ascii: "r") || last | 0x20 == UInt8(ascii: "k") {
                return find(in: value[...]) != nil
            }
            last = byte
        }
        return false
    }

    /// Returns the environment of an element, given its parent's.
    mutating func environment(in outside: Int, _ values: [String: SVGCascade.Value]) -> Int {
        let own = values.filter { $0.key.hasPrefix("--") }
        guard !own.isEmpty, environments.count < Self.scopeLimit else { return outside }
        var scope = environments[outside]
        guard scope.count + own.count <= Self.scopeLimit else { return outside }
        for (name, value) in own { scope[name] = String(value.text.prefix(Self.valueLimit)) }
        environments.append(scope)
        // Values that refer to others of the same element are resolved here, so that what is inside inherits results.
        for name in own.keys {
            environments[environments.count - 1][name] = resolved(scope[name] ?? "", environments.count - 1)
        }
        return environments.count - 1
    }

    /// Returns a value in which each `var()` has its value or its fallback, and each `light-dark()` its first colour;
    /// nil if there is none, as for references in a circle.
    mutating func resolved(_ value: String, _ environment: Int) -> String? {
        guard let result = resolved(value[...], environment, depth: 0), !result.isEmpty else { return nil }
        return result
    }

    private mutating func resolved(_ value: Substring, _ environment: Int, depth: Int) -> String? {
        bytesLeft -= value.utf8.count
        guard depth < Self.depth, bytesLeft > 0 else { return nil }
        var result = ""
        var rest = value
        while let (start, name) = Self.find(in: rest) {
            let open = rest.index(start, offsetBy: name.count)
            guard let close = Self.close(of: rest[open...]) else { return nil }
            result += rest[..<start]
            let inside = rest[rest.index(after: open)..<close]
            let (first, fallback) = Self.split(inside)
            rest = rest[rest.index(after: close)...]
            let text: String?
            if name == "light-dark" {
                text = resolved(first, environment, depth: depth + 1)
            } else if let known = environments[environment][String(String(first).trimmed)] {
                text = resolved(known[...], environment, depth: depth + 1)
            } else {
                text = fallback.flatMap { resolved($0, environment, depth: depth + 1) }
            }
            guard let text, result.utf8.count + text.utf8.count <= Self.valueLimit else { return nil }
            result += String(text.trimmed)
        }
        return result + rest
    }

    /// Finds the first function that is resolved here.
    private static func find(in text: Substring) -> (start: Substring.Index, name: String)? {
        var search = text
        while let open = search.firstIndex(of: "(") {
            for name in ["var", "light-dark"] where text[..<open].suffix(name.count).lowercased() == name {
                let start = text.index(open, offsetBy: -name.count)
                let before = text[..<start].last
                if before.map({ !$0.isLetter && !$0.isNumber && $0 != "-" && $0 != "_" }) ?? true {
                    return (start, name)
                }
            }
            search = search[search.index(after: open)...]
        }
        return nil
    }

    /// The index of the bracket that closes the first of the text.
    private static func close(of text: Substring) -> Substring.Index? {
        var depth = 0
        for index in text.indices {
            if text[index] == "(" { depth += 1 }
            if text[index] == ")" {
                depth -= 1
                if depth == 0 { return index }
            }
        }
        return nil
    }

    /// Splits at the first comma outside brackets.
    private static func split(_ text: Substring) -> (Substring, Substring?) {
        var depth = 0
        for index in text.indices {
            switch text[index] {
            case "(": depth += 1
            case ")": depth -= 1
            case "," where depth == 0: return (text[..<index], text[text.index(after: index)...])
            default: break
            }
        }
        return (text, nil)
    }
}

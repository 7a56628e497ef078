/// Sanitises CSS.
///
/// The result is written anew from the rules and declarations that were understood. Its brackets and quotes are
/// balanced; it has no comments, escapes and at-rules, has only known properties, and refers to nothing outside the
/// document. https://www.w3.org/TR/css-syntax-3/
enum SVGStyle {
    /// A rule as it was found: its selectors, and the text between its braces.
    typealias Rule = (selector: ArraySlice<UInt8>, block: ArraySlice<UInt8>)

    /// Sanitises the content of a `style` element. Rules that are not understood are left out.
    static func sheet(_ text: String, _ size: SVGSize, ruleLimit: Int = SVGLimit.styleRules) -> String {
        var clean: [UInt8] = []
        for (selector, block) in rules(text, size, ruleLimit: ruleLimit) {
            let body = declarations(block)
            if body.isEmpty { continue }
            clean += selector
            clean.append(UInt8(ascii: "{"))
            clean += body
            clean += "}\n".utf8
        }
        return String(decoding: clean, as: UTF8.self)
    }

    /// The plain rules of a style sheet. Of at-rules those stay that are conditions and hold on a bright screen: their
    /// rules are among the others.
    ///
    /// - Parameter size: the size of the drawing, which media queries may ask for.
    static func rules(_ text: String, _ size: SVGSize, ruleLimit: Int = SVGLimit.styleRules) -> [Rule] {
        var rules: [Rule] = []
        addRules(withoutComments(text)[...], size, depth: 0, ruleLimit, to: &rules)
        return rules
    }

    private static func addRules(
        _ text: ArraySlice<UInt8>, _ size: SVGSize, depth: Int, _ limit: Int, to rules: inout [Rule]
    ) {
        var rest = text
        while let start = rest.firstIndex(where: { !$0.isXMLSpace }), rules.count < limit {
            rest = rest[start...]
            if rest.first == UInt8(ascii: "@") {
                guard let end = endOfStatement(rest) else { break }
                if depth < conditionDepth, let block = conditionalBlock(rest[..<end], size) {
                    addRules(block, size, depth: depth + 1, limit, to: &rules)
                }
                rest = rest[end...]
                continue
            }
            guard let open = index(of: UInt8(ascii: "{"), in: rest),
                let close = index(of: UInt8(ascii: "}"), in: rest[(open + 1)...])
            else { break }
            let selector = trimmed(rest[..<open])
            let block = rest[(open + 1)..<close]
            rest = rest[(close + 1)...]
            guard isSelector(selector), !block.contains(UInt8(ascii: "{")) else { continue }
            rules.append((selector, block))
        }
    }

    /// The deepest nesting of conditions. Each level is read once more.
    private static let conditionDepth = 4

    /// The rules inside an at-rule; nil if it is no condition, or one that does not hold.
    private static func conditionalBlock(_ statement: ArraySlice<UInt8>, _ size: SVGSize) -> ArraySlice<UInt8>? {
        guard let open = index(of: UInt8(ascii: "{"), in: statement), statement.last == UInt8(ascii: "}") else {
            return nil
        }
        let head = String(decoding: statement[..<open], as: UTF8.self)
        let block = statement[(open + 1)..<(statement.endIndex - 1)]
        let name = head.dropFirst().prefix { $0.isLetter || $0 == "-" }.lowercased()
        let condition = head.dropFirst(1 + name.count)
        switch name {
        case "media": return SVGMedia.holds(condition, size) ? block : nil
        case "supports": return String(condition).trimmed.lowercased().hasPrefix("not") ? nil : block
        case "layer": return block
        default: return nil
        }
    }

    /// The selectors of a list.
    static func selectors(_ list: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        SVGDocument.parts(of: Array(list), between: UInt8(ascii: ",")).map { trimmed($0) }
    }

    /// The names and values of declarations, as they were found. Names are in lower case, except those of custom
    /// properties, which have no case of their own.
    static func rawDeclarations(_ block: ArraySlice<UInt8>) -> [(name: String, value: String)] {
        fields(block).map { (name: $0.name, value: String(decoding: $0.value, as: UTF8.self)) }
    }

    /// The names and values of declarations in the value of a `style` attribute.
    static func rawDeclarations(_ text: String) -> [(name: String, value: String)] {
        rawDeclarations(withoutComments(text)[...])
    }

    /// Sanitises the value of a `style` attribute.
    static func declarations(_ text: String) -> String {
        String(decoding: declarations(withoutComments(text)[...]), as: UTF8.self)
    }

    /// Whether the value of a property or an attribute can be passed on as it is.
    static func isSafe(_ value: String) -> Bool { isSafe(Array(value.utf8)[...]) }

    /// The ids in each `url(#id)`.
    static func references(in value: String) -> [String] {
        // In a value that `isSafe` has accepted, only the parentheses of `url` contain a number sign.
        guard value.utf8.contains(UInt8(ascii: "(")) else { return [] }
        return value.utf8.split(separator: UInt8(ascii: "(")).dropFirst().compactMap { tail in
            let address = tail.prefix { $0 != UInt8(ascii: ")") }.drop { $0 != UInt8(ascii: "#") }.dropFirst()
            return address.isEmpty ? nil : String(decoding: address.prefix(while: isAddressByte), as: UTF8.self)
        }
    }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "'")
    }

    // MARK: Declarations

    private static func fields(_ block: ArraySlice<UInt8>) -> [(name: String, value: ArraySlice<UInt8>)] {
        var rest = block
        var fields: [(name: String, value: ArraySlice<UInt8>)] = []
        while !rest.isEmpty {
            let end = index(of: UInt8(ascii: ";"), in: rest) ?? rest.endIndex
            let declaration = rest[..<end]
            rest = rest[min(end + 1, rest.endIndex)...]
            guard let colon = declaration.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let name = String(decoding: trimmed(declaration[..<colon]), as: UTF8.self)
            let value = trimmed(declaration[(colon + 1)...])
            if !value.isEmpty { fields.append((name.hasPrefix("--") ? name : name.lowercased(), value)) }
        }
        return fields
    }

    private static func declarations(_ block: ArraySlice<UInt8>) -> [UInt8] {
        var clean: [UInt8] = []
        for (property, value) in fields(block) {
            let isKnown =
                SVGAllowList.properties.contains(property) || SVGAllowList.styleOnlyProperties.contains(property)
                || property == "transform-origin" && value.elementsEqual(SVGAllowList.keptOrigin.utf8)
            guard isKnown, isSafe(value) else { continue }
            if !clean.isEmpty { clean.append(UInt8(ascii: ";")) }
            clean += property.utf8
            clean.append(UInt8(ascii: ":"))
            clean += value
        }
        return clean
    }

    private static func isSafe(_ value: ArraySlice<UInt8>) -> Bool {
        var parentheses = 0
        var quote: UInt8?
        var word = value.startIndex
        for (index, byte) in zip(value.indices, value) {
            switch byte {
            // An escape could spell any character, and the others do not occur in harmless values.
            case UInt8(ascii: "\\"), UInt8(ascii: "<"), UInt8(ascii: "@"), UInt8(ascii: "{"), UInt8(ascii: "}"):
                return false
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                if quote == nil { quote = byte } else if quote == byte { quote = nil }
            case 0x0A, 0x0C, 0x0D: if quote != nil { return false }
            case UInt8(ascii: "/"):
                if index + 1 < value.endIndex, value[index + 1] == UInt8(ascii: "*") { return false }
            case UInt8(ascii: "("):
                guard isSafeFunction(value[word..<index], arguments: value[(index + 1)...]) else { return false }
                if quote == nil { parentheses += 1 }
            case UInt8(ascii: ")"):
                if quote == nil { parentheses -= 1 }
                if parentheses < 0 { return false }
            default: break
            }
            if !isNameByte(byte) { word = index + 1 }
        }
        return quote == nil && parentheses == 0
    }

    private static func isSafeFunction(_ name: ArraySlice<UInt8>, arguments: ArraySlice<UInt8>) -> Bool {
        if name.isEmpty { return true }
        let name = String(decoding: name, as: UTF8.self).lowercased()
        guard name == "url" else { return SVGAllowList.functions.contains(name) }
        // A parenthesis inside makes the url malformed. Searching past it would take quadratic time in a value that is
        // full of them.
        let isParenthesis = { $0 == UInt8(ascii: "(") || $0 == UInt8(ascii: ")") }
        guard let close = arguments.firstIndex(where: isParenthesis), arguments[close] == UInt8(ascii: ")") else {
            return false
        }
        var address = trimmed(arguments[..<close])
        if let quote = address.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
            guard address.count > 2, address.last == quote else { return false }
            address = address.dropFirst().dropLast()
        }
        return address.first == UInt8(ascii: "#") && address.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") }
    }

    private static func isSelector(_ selector: ArraySlice<UInt8>) -> Bool {
        let forbidden: [UInt8] = [
            UInt8(ascii: "\\"), UInt8(ascii: "<"), UInt8(ascii: "@"), UInt8(ascii: ";"), UInt8(ascii: "}"),
        ]
        return !selector.isEmpty && !selector.contains { forbidden.contains($0) } && !hasOpenQuote(selector)
    }

    // MARK: Tokens

    /// Replaces each comment outside quotes by a space. An unfinished comment extends to the end.
    private static func withoutComments(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        var clean: [UInt8] = []
        clean.reserveCapacity(bytes.count)
        var quote: UInt8?
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\\") {
                clean += bytes[index..<min(index + 2, bytes.count)]
                index += 2
                continue
            }
            if quote == nil, byte == UInt8(ascii: "/"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "*") {
                index += 2
                while index < bytes.count, !(bytes[index] == UInt8(ascii: "/") && bytes[index - 1] == UInt8(ascii: "*"))
                {
                    index += 1
                }
                index += 1
                clean.append(UInt8(ascii: " "))
                continue
            }
            quote = quoteState(quote, after: byte)
            clean.append(byte)
            index += 1
        }
        return clean
    }

    /// The index of the first `target` or `other` outside quotes and parentheses.
    private static func index(of target: UInt8, or other: UInt8? = nil, in bytes: ArraySlice<UInt8>) -> Int? {
        var quote: UInt8?
        var parentheses = 0
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\\") {
                index += 2
                continue
            }
            if quote == nil {
                if parentheses == 0, byte == target || byte == other { return index }
                if byte == UInt8(ascii: "(") { parentheses += 1 }
                if byte == UInt8(ascii: ")") { parentheses = max(0, parentheses - 1) }
            }
            quote = quoteState(quote, after: byte)
            index += 1
        }
        return nil
    }

    /// The index after an at-rule, which ends with a `;` or with its block.
    private static func endOfStatement(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard let open = index(of: UInt8(ascii: ";"), or: UInt8(ascii: "{"), in: bytes) else { return nil }
        if bytes[open] == UInt8(ascii: ";") { return open + 1 }
        var depth = 0
        var quote: UInt8?
        for index in open..<bytes.endIndex {
            if quote == nil {
                if bytes[index] == UInt8(ascii: "{") { depth += 1 }
                if bytes[index] == UInt8(ascii: "}") { depth -= 1 }
                if depth == 0 { return index + 1 }
            }
            quote = quoteState(quote, after: bytes[index])
        }
        return nil
    }

    /// The quote that is open after a byte. A string ends at the end of its line as well.
    private static func quoteState(_ quote: UInt8?, after byte: UInt8) -> UInt8? {
        guard let quote else { return byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") ? byte : nil }
        return byte == quote || byte == 0x0A || byte == 0x0C || byte == 0x0D ? nil : quote
    }

    private static func hasOpenQuote(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.reduce(nil) { quoteState($0, after: $1) } != nil
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), 0x80...:
            true
        default: false
        }
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard let first = bytes.firstIndex(where: { !$0.isXMLSpace }),
            let last = bytes.lastIndex(where: { !$0.isXMLSpace })
        else { return [] }
        return bytes[first...last]
    }
}

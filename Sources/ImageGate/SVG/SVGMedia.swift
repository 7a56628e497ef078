/// Media queries, for a bright screen. https://www.w3.org/TR/mediaqueries-4/
enum SVGMedia {
    /// Whether a list of queries holds. What is not understood does not.
    ///
    /// - Parameter size: the size of the drawing.
    static func holds(_ list: some StringProtocol, _ size: SVGSize) -> Bool {
        let list = String(list).trimmed.lowercased()
        return list.isEmpty || list.split(separator: ",").contains { holds(query: $0, size) }
    }

    private static func holds(query: Substring, _ size: SVGSize) -> Bool {
        var parts = parts(of: query)
        var isNegated = false
        if parts.first == "only" { parts.removeFirst() }
        if parts.first == "not" {
            isNegated = true
            parts.removeFirst()
        }
        guard !parts.isEmpty else { return false }
        var isAny = false
        var results: [Bool] = []
        for part in parts {
            switch part {
            case "and": continue
            case "or": isAny = true
            default:
                results.append(part.hasPrefix("(") ? holds(feature: part, size) : ["all", "screen"].contains(part))
            }
        }
        let result = isAny ? results.contains(true) : results.allSatisfy { $0 }
        return result != isNegated
    }

    /// The words of a query, of which one in brackets counts as one.
    private static func parts(of query: Substring) -> [String] {
        var parts: [String] = []
        var word = ""
        var depth = 0
        for character in query {
            if character == "(" {
                if depth == 0, !word.isEmpty {
                    parts.append(word)
                    word = ""
                }
                depth += 1
            }
            if depth == 0, character.isWhitespace {
                if !word.isEmpty { parts.append(word) }
                word = ""
                continue
            }
            word.append(character)
            if character == ")" {
                depth -= 1
                if depth == 0 {
                    parts.append(word)
                    word = ""
                }
            }
        }
        return word.isEmpty ? parts : parts + [word]
    }

    private static func holds(feature: String, _ size: SVGSize) -> Bool {
        let inside = feature.dropFirst().prefix { $0 != ")" }
        let fields = inside.split(separator: ":", maxSplits: 1).map { String($0).trimmed }
        guard let name = fields.first else { return false }
        guard let value = fields.dropFirst().first else {
            return ["color", "width", "height", "prefers-color-scheme", "hover"].contains(name)
        }
        let length = SVGNumbers.length(value)
        switch name {
        case "prefers-color-scheme": return value == "light"
        case "prefers-reduced-motion", "prefers-contrast", "prefers-reduced-transparency":
            return value == "no-preference"
        case "forced-colors", "inverted-colors", "scripting": return value == "none"
        case "orientation": return value == (size.width > size.height ? "landscape" : "portrait")
        case "min-width": return length.map { size.width >= $0 } ?? false
        case "max-width": return length.map { size.width <= $0 } ?? false
        case "min-height": return length.map { size.height >= $0 } ?? false
        case "max-height": return length.map { size.height <= $0 } ?? false
        default: return false
        }
    }
}

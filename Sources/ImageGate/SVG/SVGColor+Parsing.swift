/// Reads colours as CSS writes them. https://www.w3.org/TR/css-color-5/
extension SVGColor {
    /// - Parameter current: the value of `currentColor`.
    init?(_ text: String, current: String? = nil, depth: Int = 0) {
        let word = String(text.trimmed).lowercased()
        guard depth < 8, word.utf8.count <= 1024 else { return nil }
        if word.hasPrefix("#") {
            self.init(hex: word.dropFirst())
        } else if word == "transparent" {
            self.init(.sRGB, [0, 0, 0], alpha: 0)
        } else if word == "currentcolor" {
            guard let current, current.lowercased() != word else { return nil }
            self.init(current, depth: depth + 1)
        } else if let samples = SVGColorNames.all[word] {
            self.init(.sRGB, samples.map { $0 / 255 })
        } else {
            guard word.hasSuffix(")"), let open = word.firstIndex(of: "(") else { return nil }
            let inside = String(word[word.index(after: open)...].dropLast())
            self.init(function: String(word[..<open]), inside, current, depth)
        }
    }

    private init?(hex: Substring) {
        guard [3, 4, 6, 8].contains(hex.count), hex.allSatisfy(\.isHexDigit) else { return nil }
        var digits = hex.compactMap(\.hexDigitValue)
        if digits.count < 6 { digits = digits.flatMap { [$0, $0] } }
        let samples: [Double] = stride(from: 0, to: digits.count, by: 2).map { place in
            Double(16 * digits[place] + digits[place + 1]) / 255
        }
        self.init(.sRGB, Array(samples.prefix(3)), alpha: samples.count > 3 ? samples[3] : 1)
    }

    private init?(function name: String, _ inside: String, _ current: String?, _ depth: Int) {
        guard name != "color-mix" else {
            self.init(mix: SVGBackground.list(inside[...]), current, depth)
            return
        }
        var words = Self.words(inside)
        var origin: SVGColor?
        if words.first == "from" {
            guard words.count > 2, let color = SVGColor(words[1], current: current, depth: depth + 1) else {
                return nil
            }
            origin = color
            words.removeFirst(2)
        }
        var space = Space(rawValue: ["rgb": "srgb", "rgba": "srgb", "hsla": "hsl"][name] ?? name)
        if name == "color" {
            space = words.first.flatMap { Space(named: $0) }
            guard let space, ![.hsl, .hwb, .lab, .lch, .oklab, .oklch].contains(space) else { return nil }
            words.removeFirst()
        }
        guard let space, name == "color" || Self.functions.contains(name) else { return nil }
        // The opacity is behind a slash, or behind the third comma.
        words.removeAll { $0 == "/" }
        guard words.count == 3 || words.count == 4 else { return nil }
        let form = Self.form(space, isColor: name == "color")
        let variables = origin.map { Self.variables($0.converted(to: space), form) } ?? [:]
        var values: [Double?] = []
        for (word, part) in zip(words, form) {
            guard let value = Self.value(word, part, variables) else { return nil }
            values.append(value.isNaN ? nil : value)
        }
        var alpha: Double? = origin.map { $0.alpha ?? 0 } ?? 1
        if words.count == 4 {
            guard let value = Self.value(words[3], Part("alpha", whole: 1), variables) else { return nil }
            alpha = value.isNaN ? nil : min(max(value, 0), 1)
        }
        self.init(space, values, alpha: alpha)
    }

    private static let functions: Set<String> = ["rgb", "rgba", "hsl", "hsla", "hwb", "lab", "lch", "oklab", "oklch"]

    // MARK: Values

    /// One of the three values of a function.
    private struct Part {
        let name: String
        /// What 100% is.
        let whole: Double
        /// What the number is for 1 of the space.
        var unit = 1.0
        var limit: ClosedRange<Double>?

        init(_ name: String, whole: Double, unit: Double = 1, limit: ClosedRange<Double>? = nil) {
            (self.name, self.whole, self.unit, self.limit) = (name, whole, unit, limit)
        }
    }

    private static func form(_ space: Space, isColor: Bool) -> [Part] {
        let hue = Part("h", whole: 360)
        switch space {
        case .xyz, .xyz50: return ["x", "y", "z"].map { Part($0, whole: 1) }
        case .hsl: return [hue, Part("s", whole: 100, limit: 0...1e6), Part("l", whole: 100)]
        case .hwb: return [hue, Part("w", whole: 100, limit: 0...1e6), Part("b", whole: 100, limit: 0...1e6)]
        case .lab: return [Part("l", whole: 100, limit: 0...100), Part("a", whole: 125), Part("b", whole: 125)]
        case .lch: return [Part("l", whole: 100, limit: 0...100), Part("c", whole: 150, limit: 0...1e6), hue]
        case .oklab: return [Part("l", whole: 1, limit: 0...1), Part("a", whole: 0.4), Part("b", whole: 0.4)]
        case .oklch: return [Part("l", whole: 1, limit: 0...1), Part("c", whole: 0.4, limit: 0...1e6), hue]
        default: return ["r", "g", "b"].map { Part($0, whole: 1, unit: isColor ? 1 : 255) }
        }
    }

    /// The values of a colour by their names, as a relative colour may use them.
    private static func variables(_ color: SVGColor, _ form: [Part]) -> [String: Double] {
        var variables = ["alpha": color.alpha ?? 0]
        for (value, part) in zip(color.values, form) { variables[part.name] = (value ?? 0) * part.unit }
        return variables
    }

    /// - Returns: NaN for `none`.
    private static func value(_ word: String, _ part: Part, _ variables: [String: Double]) -> Double? {
        guard word != "none" else { return .nan }
        guard let quantity = SVGCalculation.quantity(word, .init(), variables), let unit = quantity.unit else {
            return nil
        }
        let value: Double
        switch unit {
        case .number: value = quantity[.number] / part.unit
        case .percent where part.name != "h": value = quantity[.percent] / 100 * part.whole
        case .degrees where part.name == "h": value = quantity[.degrees]
        default: return nil
        }
        guard value.isFinite, abs(value) < 1e9 else { return nil }
        return part.limit.map { min(max(value, $0.lowerBound), $0.upperBound) } ?? value
    }

    /// Splits at white space and commas outside brackets. A slash is a word.
    private static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var depth = 0
        func end() {
            if !word.isEmpty { words.append(word) }
            word = ""
        }
        for character in text {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if depth == 0, character.isWhitespace || character == "," {
                end()
            } else if depth == 0, character == "/" {
                end()
                words.append("/")
            } else {
                word.append(character)
            }
        }
        end()
        return words
    }

    // MARK: color-mix()

    private init?(mix arguments: [String], _ current: String?, _ depth: Int) {
        var arguments = arguments
        var (space, way) = (Space.oklab, HueWay.shorter)
        let method = SVGBackground.words(arguments.first ?? "")
        if method.first == "in" {
            guard method.count > 1, let named = Space(named: method[1]) else { return nil }
            space = named
            if method.count == 4, method[3] == "hue", let named = HueWay(rawValue: method[2]) {
                way = named
            } else if method.count != 2 {
                return nil
            }
            arguments.removeFirst()
        }
        guard arguments.count == 2 else { return nil }
        var colors: [SVGColor] = []
        var shares: [Double?] = []
        for argument in arguments {
            var words = SVGBackground.words(argument)
            let share = words.firstIndex { Self.share($0) != nil }
            shares.append(share.flatMap { Self.share(words[$0]) })
            if let share { words.remove(at: share) }
            guard words.count == 1, let color = SVGColor(words[0], current: current, depth: depth + 1) else {
                return nil
            }
            colors.append(color)
        }
        let first = shares[0] ?? shares[1].map { 100 - $0 } ?? 50
        let second = shares[1] ?? 100 - first
        guard first >= 0, second >= 0, first + second > 0 else { return nil }
        var mixed = colors[0].mixed(colors[1], share: second / (first + second), in: space, way)
        // What is missing to the whole is transparent.
        mixed.alpha = mixed.alpha.map { $0 * min(1, (first + second) / 100) }
        self = mixed
    }

    private static func share(_ word: String) -> Double? {
        guard let quantity = SVGCalculation.quantity(word), quantity.unit == .percent else { return nil }
        return (0...100).contains(quantity[.percent]) ? quantity[.percent] : nil
    }
}

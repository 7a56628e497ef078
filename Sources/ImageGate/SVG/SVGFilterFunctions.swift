/// Functions of the property `filter`, as the elements that they are short for. librsvg computes most of them in linear
/// light, and more than one of them in a region that is too small; browsers do neither.
/// https://www.w3.org/TR/filter-effects-1/#ShorthandEquivalents
enum SVGFilterFunctions {
    static let names: Set<String> = [
        "blur", "brightness", "contrast", "drop-shadow", "grayscale", "hue-rotate", "invert", "opacity", "saturate",
        "sepia",
    ]
    /// Those that librsvg draws as browsers do, if there is one of them alone.
    private static let known: Set<String> = ["blur", "drop-shadow", "opacity"]
    private static let countLimit = 16

    /// Returns the element for a list of functions; nil if the list can stay as it is, or is not understood.
    static func filter(_ value: String, id: String) -> SVGTree.Fragment? {
        var words = SVGBackground.words(value)
        // librsvg would not understand a filter that is important.
        if words.last?.lowercased() == "!important" { words.removeLast() }
        guard (1...countLimit).contains(words.count) else { return nil }
        let functions = words.compactMap(Self.function)
        guard functions.count == words.count, functions.count > 1 || !known.contains(functions[0].name) else {
            return nil
        }
        var primitives: [SVGTree.Fragment] = []
        for (index, function) in functions.enumerated() {
            let input = index == 0 ? "SourceGraphic" : "function\(index)"
            guard let own = Self.primitives(function.name, function.argument, input) else { return nil }
            primitives += own
            primitives[primitives.count - 1].attributes.append(
                SVGAttribute(name: "result", namespace: nil, value: "function\(index + 1)"))
        }
        for index in primitives.indices {
            primitives[index].attributes.append(
                SVGAttribute(name: "color-interpolation-filters", namespace: nil, value: "sRGB"))
        }
        // As far as the page: the functions have no region.
        let region = [("x", "-100000"), ("y", "-100000"), ("width", "200000"), ("height", "200000")]
        return SVGTree.Fragment(
            "filter", [("id", id), ("filterUnits", "userSpaceOnUse")] + region, children: primitives)
    }

    private static func function(_ word: String) -> (name: String, argument: String)? {
        guard word.hasSuffix(")"), let open = word.firstIndex(of: "(") else { return nil }
        let name = word[..<open].lowercased()
        guard names.contains(name) else { return nil }
        return (name, String(String(word[word.index(after: open)...].dropLast()).trimmed))
    }

    private static func primitives(_ name: String, _ argument: String, _ input: String) -> [SVGTree.Fragment]? {
        switch name {
        case "blur":
            guard let radius = argument.isEmpty ? 0 : length(argument), radius >= 0 else { return nil }
            return [.init("feGaussianBlur", [("in", input), ("stdDeviation", SVGNumbers.text(radius))])]
        case "drop-shadow": return shadow(argument, input)
        case "hue-rotate":
            let quantity: SVGCalculation.Quantity? =
                argument.isEmpty ? .init(0, .degrees) : SVGCalculation.quantity(argument)
            guard let quantity, let unit = quantity.unit, unit == .degrees || quantity[.number] == 0 else { return nil }
            return [
                .init(
                    "feColorMatrix",
                    [("in", input), ("type", "hueRotate"), ("values", SVGNumbers.text(quantity[.degrees]))])
            ]
        default: break
        }
        guard var amount = argument.isEmpty ? 1 : share(argument), amount >= 0 else { return nil }
        if ["grayscale", "sepia", "invert", "opacity"].contains(name) { amount = min(amount, 1) }
        func transfer(_ channels: [String], _ attributes: [(String, String)]) -> [SVGTree.Fragment] {
            let functions = channels.map { SVGTree.Fragment("feFunc\($0)", attributes) }
            return [.init("feComponentTransfer", [("in", input)], children: functions)]
        }
        func text(_ number: Double) -> String { String((number * 1e6).rounded() / 1e6) }
        let colors = ["R", "G", "B"]
        switch name {
        case "brightness": return transfer(colors, [("type", "linear"), ("slope", text(amount))])
        case "contrast":
            let start = ("intercept", text(0.5 - 0.5 * amount))
            return transfer(colors, [("type", "linear"), ("slope", text(amount)), start])
        case "invert":
            return transfer(colors, [("type", "table"), ("tableValues", "\(text(amount)) \(text(1 - amount))")])
        case "opacity": return transfer(["A"], [("type", "table"), ("tableValues", "0 \(text(amount))")])
        case "saturate":
            return [.init("feColorMatrix", [("in", input), ("type", "saturate"), ("values", text(amount))])]
        default:
            let full: [[Double]] =
                name == "sepia"
                ? [[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]]
                : Array(repeating: [0.2126, 0.7152, 0.0722], count: 3)
            let rows = full.enumerated().map { row, values in
                values.enumerated().map { column, value in
                    text(value * amount + (row == column ? 1 - amount : 0))
                }.joined(separator: " ") + " 0 0"
            }
            let values = (rows + ["0 0 0 1 0"]).joined(separator: " ")
            return [.init("feColorMatrix", [("in", input), ("type", "matrix"), ("values", values)])]
        }
    }

    private static func shadow(_ argument: String, _ input: String) -> [SVGTree.Fragment]? {
        var lengths: [Double] = []
        var color = "black"
        for word in SVGBackground.words(argument) {
            if let length = length(word) { lengths.append(length) } else { color = word }
        }
        guard (2...3).contains(lengths.count), lengths.count < 3 || lengths[2] >= 0 else { return nil }
        if color.lowercased() == "currentcolor" { color = "black" }
        guard let color = SVGColor(color) else { return nil }
        var opaque = color
        opaque.alpha = 1
        let name = "shadow-\(input)"
        return [
            .init(
                "feGaussianBlur",
                [("in", input), ("stdDeviation", SVGNumbers.text(lengths.count > 2 ? lengths[2] : 0))]),
            .init(
                "feOffset",
                [("dx", SVGNumbers.text(lengths[0])), ("dy", SVGNumbers.text(lengths[1])), ("result", name)]),
            .init(
                "feFlood",
                [("flood-color", opaque.text), ("flood-opacity", SVGNumbers.text(min(max(color.alpha ?? 0, 0), 1)))]),
            .init("feComposite", [("in2", name), ("operator", "in")]),
            .init("feMerge", [], children: [.init("feMergeNode", []), .init("feMergeNode", [("in", input)])]),
        ]
    }

    private static func length(_ word: String) -> Double? {
        guard let quantity = SVGCalculation.quantity(word), let unit = quantity.unit else { return nil }
        switch unit {
        case .number: return quantity[.number] == 0 ? 0 : nil
        case .pixels: return quantity[.pixels]
        case .em: return 16 * quantity[.em]
        case .percent, .degrees: return nil
        }
    }

    private static func share(_ word: String) -> Double? {
        guard let quantity = SVGCalculation.quantity(word) else { return nil }
        return quantity.number ?? (quantity.unit == .percent ? quantity[.percent] / 100 : nil)
    }
}

/// Reads transforms as CSS writes them, and as the attribute `transform` does.
/// https://www.w3.org/TR/css-transforms-2/
struct SVGTransform {
    /// The box of which percentages are shares.
    var box: (width: Double, height: Double)
    var fontSize: Double
    /// The size of the drawing.
    var page: (width: Double, height: Double)

    /// Whether a property is one of those that together make up the transform of an element.
    static func isTransform(_ name: String) -> Bool {
        properties.contains(name)
            || name.hasPrefix(prefix + "transform") && properties.contains(String(name.dropFirst(prefix.count)))
    }

    /// Browsers still understand it.
    private static let prefix = "-webkit-"
    private static let properties: Set<String> = [
        "transform", "transform-origin", "transform-box", "translate", "rotate", "scale",
    ]
    /// The largest number of functions of a value, and of its bytes.
    private static let functionLimit = 1024
    static let byteLimit = 8192

    /// Whether browsers understand a declaration. One that they do not understand leaves the one before it in force.
    static func isValid(_ name: String, _ value: String) -> Bool {
        guard isTransform(name) else { return true }
        let name = name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
        let value = value.lowercased()
        guard !isWideKeyword(value) else { return true }
        let transform = SVGTransform(box: (1, 1), fontSize: 1, page: (1, 1))
        switch name {
        case "transform-origin": return transform.origin(value, isAttribute: false) != nil
        case "transform-box": return boxes.contains(value)
        default: return transform.matrix(name, value) != nil
        }
    }

    static func isWideKeyword(_ value: String) -> Bool {
        ["inherit", "initial", "unset", "revert", "revert-layer"].contains(value)
    }

    private static let boxes: Set<String> = ["view-box", "fill-box", "stroke-box", "content-box", "border-box"]

    /// The matrix of a value of `transform`, `translate`, `rotate` or `scale`; nil if it is malformed.
    func matrix(_ name: String, _ value: String) -> SVGMatrix? {
        let value = value.lowercased()
        guard value.utf8.count <= Self.byteLimit else { return nil }
        if value == "none" { return .identity }
        guard name != "transform" else { return matrix(ofFunctions: value) }
        let words = Self.words(value)
        switch name {
        case "translate":
            guard (1...3).contains(words.count) else { return nil }
            return function("translate3d", words + [String](repeating: "0", count: 3 - words.count))
        case "scale":
            guard (1...3).contains(words.count) else { return nil }
            return function(words.count == 3 ? "scale3d" : "scale", words)
        case "rotate": return rotation(words)
        default: return nil
        }
    }

    /// The matrix of the attribute `transform`; nil if it is malformed.
    static func matrix(ofAttribute text: String) -> SVGMatrix? {
        guard text.utf8.count <= byteLimit else { return nil }
        var matrix = SVGMatrix.identity
        var rest = Array(text.utf8)[...]
        for _ in 0..<functionLimit {
            rest = rest.drop { $0.isXMLSpace || $0 == UInt8(ascii: ",") }
            guard !rest.isEmpty else { return matrix }
            guard let open = rest.firstIndex(of: UInt8(ascii: "(")),
                let close = rest[open...].firstIndex(of: UInt8(ascii: ")"))
            else { return nil }
            let name = String(String(decoding: rest[..<open], as: UTF8.self).trimmed)
            var numbers = SVGNumbers(rest[(open + 1)..<close])
            var values: [Double] = []
            while values.count < 7, let value = numbers.next() { values.append(value) }
            guard rest[numbers.place..<close].allSatisfy(\.isXMLSpace) else { return nil }
            switch (name, values.count) {
            case ("matrix", 6):
                matrix = matrix * SVGMatrix(values[0], values[1], values[2], values[3], values[4], values[5])
            case ("translate", 1), ("translate", 2):
                matrix = matrix * .translation(values[0], values.count > 1 ? values[1] : 0)
            case ("scale", 1), ("scale", 2):
                matrix = matrix * .scaling(values[0], values.count > 1 ? values[1] : values[0])
            case ("rotate", 1): matrix = matrix * .rotation(degrees: values[0])
            case ("rotate", 3):
                matrix =
                    matrix * .translation(values[1], values[2]) * .rotation(degrees: values[0])
                    * .translation(-values[1], -values[2])
            case ("skewX", 1): matrix = matrix * .skewing(degrees: values[0], 0)
            case ("skewY", 1): matrix = matrix * .skewing(degrees: 0, values[0])
            default: return nil
            }
            rest = rest[(close + 1)...]
        }
        return nil
    }

    /// The place in the box that a value of `transform-origin` means; nil if it is malformed.
    ///
    /// - Parameter isAttribute: whether numbers without a unit are lengths.
    func origin(_ value: String, isAttribute: Bool) -> (x: Double, y: Double)? {
        let value = value.lowercased()
        guard value.utf8.count <= Self.byteLimit else { return nil }
        var words = Self.words(value)
        guard (1...3).contains(words.count) else { return nil }
        if words.count == 3 {
            guard let depth = SVGCalculation.quantity(words[2], scale(0)),
                depth.unit == .pixels || depth.unit == .em || depth.number != nil
            else { return nil }
            words.removeLast()
        }
        let (across, down): ([String: Double], [String: Double]) = (
            ["left": 0, "center": 0.5, "right": 1], ["top": 0, "center": 0.5, "bottom": 1]
        )
        func x(_ word: String) -> Double? {
            across[word].map { $0 * box.width } ?? length(word, box.width, isAttribute: isAttribute)
        }
        func y(_ word: String) -> Double? {
            down[word].map { $0 * box.height } ?? length(word, box.height, isAttribute: isAttribute)
        }
        guard words.count == 2 else {
            if let y = down[words[0]], words[0] != "center" { return (box.width / 2, y * box.height) }
            return x(words[0]).map { ($0, box.height / 2) }
        }
        if let x = x(words[0]), let y = y(words[1]) { return (x, y) }
        // Only keywords may stand in the other order.
        guard let y = down[words[0]], let x = across[words[1]] else { return nil }
        return (x * box.width, y * box.height)
    }

    // MARK: Functions

    private func matrix(ofFunctions text: String) -> SVGMatrix? {
        var matrix = SVGMatrix.identity
        var rest = Array(text.utf8)[...]
        for count in 0..<Self.functionLimit {
            rest = rest.drop(while: \.isXMLSpace)
            guard !rest.isEmpty else { return count > 0 ? matrix : nil }
            guard let open = rest.firstIndex(of: UInt8(ascii: "(")), let close = Self.close(of: rest[open...]) else {
                return nil
            }
            let inside = Array(rest[(open + 1)..<close])
            let arguments = SVGDocument.parts(of: inside, between: UInt8(ascii: ",")).map {
                String(String(decoding: $0, as: UTF8.self).trimmed)
            }
            guard let next = function(String(decoding: rest[..<open], as: UTF8.self), arguments) else { return nil }
            matrix = matrix * next
            rest = rest[(close + 1)...]
        }
        return nil
    }

    private func function(_ name: String, _ arguments: [String]) -> SVGMatrix? {
        let count = arguments.count
        guard count > 0, count <= 16 else { return nil }
        func x(_ index: Int) -> Double? { length(arguments[index], box.width) }
        func y(_ index: Int) -> Double? { length(arguments[index], box.height) }
        func z(_ index: Int) -> Double? { length(arguments[index], nil) }
        func angle(_ index: Int) -> Double? { self.angle(arguments[index]) }
        func factor(_ index: Int) -> Double? { self.factor(arguments[index]) }
        switch (name, count) {
        case ("matrix", 6), ("matrix3d", 16):
            let values = arguments.compactMap { number($0) }
            guard values.count == count else { return nil }
            return count == 16
                ? SVGMatrix(values) : SVGMatrix(values[0], values[1], values[2], values[3], values[4], values[5])
        case ("translate", 1), ("translatex", 1): return x(0).map { .translation($0, 0) }
        case ("translate", 2):
            guard let x = x(0), let y = y(1) else { return nil }
            return .translation(x, y)
        case ("translatey", 1): return y(0).map { .translation(0, $0) }
        case ("translatez", 1): return z(0).map { .translation(0, 0, $0) }
        case ("translate3d", 3):
            guard let x = x(0), let y = y(1), let z = z(2) else { return nil }
            return .translation(x, y, z)
        case ("scale", 1): return factor(0).map { .scaling($0, $0) }
        case ("scale", 2):
            guard let x = factor(0), let y = factor(1) else { return nil }
            return .scaling(x, y)
        case ("scalex", 1): return factor(0).map { .scaling($0, 1) }
        case ("scaley", 1): return factor(0).map { .scaling(1, $0) }
        case ("scalez", 1): return factor(0).map { .scaling(1, 1, $0) }
        case ("scale3d", 3):
            guard let x = factor(0), let y = factor(1), let z = factor(2) else { return nil }
            return .scaling(x, y, z)
        case ("rotate", 1), ("rotatez", 1): return angle(0).map { .rotation(degrees: $0) }
        case ("rotatex", 1): return angle(0).map { .rotation(degrees: $0, around: (1, 0, 0)) }
        case ("rotatey", 1): return angle(0).map { .rotation(degrees: $0, around: (0, 1, 0)) }
        case ("rotate3d", 4):
            guard let x = number(arguments[0]), let y = number(arguments[1]), let z = number(arguments[2]),
                let angle = angle(3)
            else { return nil }
            return .rotation(degrees: angle, around: (x, y, z))
        case ("skew", 1), ("skewx", 1): return angle(0).map { .skewing(degrees: $0, 0) }
        case ("skew", 2):
            guard let x = angle(0), let y = angle(1) else { return nil }
            return .skewing(degrees: x, y)
        case ("skewy", 1): return angle(0).map { .skewing(degrees: 0, $0) }
        case ("perspective", 1):
            if arguments[0] == "none" { return .identity }
            return z(0).flatMap { $0 < 0 ? nil : .perspective($0) }
        default: return nil
        }
    }

    /// The property `rotate`: an angle, with an axis before it or behind it.
    private func rotation(_ words: [String]) -> SVGMatrix? {
        let axes: [String: (x: Double, y: Double, z: Double)] = ["x": (1, 0, 0), "y": (0, 1, 0), "z": (0, 0, 1)]
        switch words.count {
        case 1: return angle(words[0]).map { .rotation(degrees: $0) }
        case 2:
            let (axis, word) = axes[words[0]] == nil ? (words[1], words[0]) : (words[0], words[1])
            guard let axis = axes[axis], let angle = angle(word) else { return nil }
            return .rotation(degrees: angle, around: axis)
        case 4:
            let isFirst = angle(words[0]) != nil && number(words[0]) == nil
            let numbers = (isFirst ? words[1...] : words[..<3]).compactMap { number($0) }
            guard numbers.count == 3, let angle = angle(isFirst ? words[0] : words[3]) else { return nil }
            return .rotation(degrees: angle, around: (numbers[0], numbers[1], numbers[2]))
        default: return nil
        }
    }

    // MARK: Quantities

    private func scale(_ whole: Double?) -> SVGCalculation.Scale {
        SVGCalculation.Scale(whole: whole, fontSize: fontSize, page: page)
    }

    private func length(_ text: String, _ whole: Double?, isAttribute: Bool = false) -> Double? {
        guard let quantity = SVGCalculation.quantity(text, scale(whole)), quantity.unit != .degrees else { return nil }
        if let number = quantity.number { return number == 0 || isAttribute ? number : nil }
        guard whole != nil || quantity[.percent] == 0 else { return nil }
        return quantity[.pixels] + quantity[.percent] / 100 * (whole ?? 0) + quantity[.em] * fontSize
    }

    private func angle(_ text: String) -> Double? {
        guard let quantity = SVGCalculation.quantity(text, scale(nil)) else { return nil }
        if quantity.unit == .degrees { return quantity[.degrees] }
        return quantity.number == 0 ? 0 : nil
    }

    private func number(_ text: String) -> Double? { SVGCalculation.quantity(text, scale(nil))?.number }

    private func factor(_ text: String) -> Double? {
        guard let quantity = SVGCalculation.quantity(text, scale(nil)) else { return nil }
        return quantity.unit == .percent ? quantity[.percent] / 100 : quantity.number
    }

    // MARK: Text

    /// Splits at white space outside brackets.
    private static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var depth = 0
        for character in text {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if character.isWhitespace, depth <= 0 {
                if !word.isEmpty { words.append(word) }
                word = ""
            } else {
                word.append(character)
            }
        }
        return word.isEmpty ? words : words + [word]
    }

    /// The index of the bracket that closes the first one.
    private static func close(of bytes: ArraySlice<UInt8>) -> Int? {
        var depth = 0
        for index in bytes.indices {
            if bytes[index] == UInt8(ascii: "(") { depth += 1 }
            if bytes[index] == UInt8(ascii: ")") {
                depth -= 1
                if depth == 0 { return index }
            }
        }
        return nil
    }
}

/// Reads the numbers of an attribute one after the other: of path data, of transforms and of lists.
struct SVGNumbers {
    private let bytes: ArraySlice<UInt8>
    private var index: Int

    /// The index of what follows the last number and its unit.
    var place: Int { index }

    init(_ bytes: ArraySlice<UInt8>) { (self.bytes, index) = (bytes, bytes.startIndex) }

    init(_ text: some StringProtocol) { self.init(Array(text.utf8)[...]) }

    /// Reads a letter before the next number, if there is one.
    mutating func nextLetter() -> UInt8? {
        skipSeparators()
        guard index < bytes.endIndex, Self.isLetter(bytes[index]) else { return nil }
        defer { index += 1 }
        return bytes[index]
    }

    /// Reads a flag of an arc, which is one digit and need not be separated from what follows.
    mutating func nextFlag() -> Double? {
        skipSeparators()
        guard index < bytes.endIndex, bytes[index] == UInt8(ascii: "0") || bytes[index] == UInt8(ascii: "1") else {
            return nil
        }
        defer { index += 1 }
        return bytes[index] == UInt8(ascii: "1") ? 1 : 0
    }

    /// Reads the next number; nil at the end, or if there is something else.
    mutating func next() -> Double? {
        skipSeparators()
        var value = 0.0
        var hasDigits = false
        let isNegative = take(UInt8(ascii: "-"))
        if !isNegative { _ = take(UInt8(ascii: "+")) }
        while let digit = takeDigit() { (value, hasDigits) = (value * 10 + digit, true) }
        if take(UInt8(ascii: ".")) {
            var place = 0.1
            while let digit = takeDigit() { (value, place, hasDigits) = (value + digit * place, place / 10, true) }
        }
        guard hasDigits else { return nil }
        return (isNegative ? -value : value) * exponent()
    }

    /// Reads the unit after the last number; empty if there is none.
    mutating func unit() -> String {
        let unit = bytes[index...].prefix { Self.isLetter($0) || $0 == UInt8(ascii: "%") }
        index = unit.endIndex
        return String(decoding: unit, as: UTF8.self)
    }

    private mutating func exponent() -> Double {
        guard index + 1 < bytes.endIndex, bytes[index] | 0x20 == UInt8(ascii: "e") else { return 1 }
        let start = index
        index += 1
        let isNegative = take(UInt8(ascii: "-"))
        if !isNegative { _ = take(UInt8(ascii: "+")) }
        var power = 0
        var hasDigits = false
        while let digit = takeDigit() { (power, hasDigits) = (min(power * 10 + Int(digit), 400), true) }
        guard hasDigits else {
            index = start
            return 1
        }
        var factor = 1.0
        for _ in 0..<power { factor *= 10 }
        return isNegative ? 1 / factor : factor
    }

    private mutating func skipSeparators() {
        while index < bytes.endIndex, bytes[index].isXMLSpace || bytes[index] == UInt8(ascii: ",") { index += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard index < bytes.endIndex, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    private mutating func takeDigit() -> Double? {
        guard index < bytes.endIndex, bytes[index] >= 0x30, bytes[index] <= 0x39 else { return nil }
        defer { index += 1 }
        return Double(bytes[index] - 0x30)
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
}

extension SVGNumbers {
    /// Writes a number: a whole one without a fraction, any other to a thousandth.
    static func text(_ number: Double) -> String {
        guard number.isFinite, abs(number) < 1e12 else { return "0" }
        let rounded = (number * 1000).rounded() / 1000
        return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
    }

    /// Reads a length in pixels. It is infinite for percentages and unknown units, and nil if the text is not a length.
    static func length(_ text: some StringProtocol) -> Double? {
        var numbers = SVGNumbers(text)
        guard let value = numbers.next() else { return nil }
        switch numbers.unit().lowercased() {
        case "", "px": return value
        case "pt": return value * 96 / 72
        case "pc", "em", "rem": return value * 16
        case "ex", "ch": return value * 8
        case "in": return value * 96
        case "cm": return value * 96 / 2.54
        case "mm": return value * 9.6 / 2.54
        case "q": return value * 2.4 / 2.54
        default: return .infinity
        }
    }

    /// Returns the factor by which a list of transforms enlarges areas.
    static func growth(of transforms: some StringProtocol) -> Double {
        transforms.split(separator: ")").reduce(1) { growth, part in
            guard let open = part.firstIndex(of: "(") else { return growth }
            let name = part[..<open].drop { !$0.isLetter }.lowercased()
            var numbers = SVGNumbers(part[part.index(after: open)...])
            var values: [Double] = []
            while values.count < 6, let value = numbers.next() { values.append(value) }
            switch (name, values.count) {
            case ("matrix", 6): return growth * abs(values[0] * values[3] - values[1] * values[2])
            case ("scale", 1): return growth * values[0] * values[0]
            case ("scale", 2): return growth * abs(values[0] * values[1])
            case ("scalex", 1), ("scaley", 1): return growth * abs(values[0])
            default: return growth
            }
        }
    }
}

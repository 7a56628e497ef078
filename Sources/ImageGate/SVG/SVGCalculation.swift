internal import Glibc

/// Calculates `calc()` and the other functions of mathematics. https://www.w3.org/TR/css-values-4/#math
struct SVGCalculation {
    /// A sum of quantities of different units.
    struct Quantity {
        enum Unit: Int, CaseIterable {
            case number, pixels, percent, em, degrees
        }

        private var parts = [Double](repeating: 0, count: Unit.allCases.count)
        private var units: Set<Unit> = []

        init(_ value: Double, _ unit: Unit) {
            parts[unit.rawValue] = value
            units = [unit]
        }

        subscript(unit: Unit) -> Double { parts[unit.rawValue] }

        /// The only unit; nil if there are several.
        var unit: Unit? { units.count == 1 ? units.first : nil }
        /// The value, if there is no unit.
        var number: Double? { unit == .number ? self[.number] : nil }

        func added(_ other: Self, times factor: Double = 1) -> Self? {
            // A number and a length are different things, whereas lengths and shares are of one kind.
            guard units.union(other.units).isSubset(of: [.pixels, .percent, .em]) || units == other.units else {
                return nil
            }
            var sum = self
            for index in parts.indices { sum.parts[index] += factor * other.parts[index] }
            sum.units.formUnion(other.units)
            return sum
        }

        func scaled(by factor: Double) -> Self {
            var scaled = self
            for index in parts.indices { scaled.parts[index] *= factor }
            return scaled
        }
    }

    /// What units are of.
    struct Scale {
        /// The length of which a percentage is a share; nil if it is not known.
        var whole: Double?
        var fontSize: Double?
        /// The size of the drawing.
        var page: (width: Double, height: Double)?
    }

    private let bytes: [UInt8]
    private let scale: Scale
    private let variables: [String: Double]
    private var index = 0
    private var depth = 0

    /// Calculates an expression; nil if it is malformed, or needs what is not known.
    ///
    /// - Parameter variables: the values of names.
    static func quantity(_ text: String, _ scale: Scale = Scale(), _ variables: [String: Double] = [:]) -> Quantity? {
        guard text.utf8.count <= 1024 else { return nil }
        var calculation = SVGCalculation(bytes: Array(text.lowercased().utf8), scale: scale, variables: variables)
        guard let quantity = calculation.sum() else { return nil }
        calculation.skipSpace()
        return calculation.index == calculation.bytes.count ? quantity : nil
    }

    /// Returns the result of an expression as CSS.
    static func text(_ expression: String, _ scale: Scale) -> String? {
        guard let quantity = quantity(expression, scale), let single = single(quantity, scale) else { return nil }
        let value = SVGNumbers.text(single.value)
        switch single.unit {
        case .number: return value
        case .pixels: return value + "px"
        case .percent: return value + "%"
        case .em: return value + "em"
        case .degrees: return value + "deg"
        }
    }

    private init(bytes: [UInt8], scale: Scale, variables: [String: Double]) {
        (self.bytes, self.scale, self.variables) = (bytes, scale, variables)
    }

    /// The quantity in one unit.
    private static func single(_ quantity: Quantity, _ scale: Scale) -> (value: Double, unit: Quantity.Unit)? {
        var result: (value: Double, unit: Quantity.Unit)
        if let unit = quantity.unit {
            result = (quantity[unit], unit)
        } else {
            result = (quantity[.pixels], .pixels)
            if quantity[.percent] != 0 {
                guard let whole = scale.whole else { return nil }
                result.value += quantity[.percent] / 100 * whole
            }
            if quantity[.em] != 0 {
                guard let size = scale.fontSize else { return nil }
                result.value += quantity[.em] * size
            }
        }
        return result.value.isFinite && abs(result.value) < 1e9 ? result : nil
    }

    // MARK: Grammar

    private mutating func sum() -> Quantity? {
        depth += 1
        defer { depth -= 1 }
        guard depth < 24, var result = product() else { return nil }
        while true {
            skipSpace()
            guard let sign = peek, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return result }
            index += 1
            guard let next = product(), let sum = result.added(next, times: sign == UInt8(ascii: "+") ? 1 : -1) else {
                return nil
            }
            result = sum
        }
    }

    private mutating func product() -> Quantity? {
        guard var result = factor() else { return nil }
        while true {
            skipSpace()
            if take(UInt8(ascii: "*")) {
                guard let next = factor() else { return nil }
                if let number = next.number {
                    result = result.scaled(by: number)
                } else if let number = result.number {
                    result = next.scaled(by: number)
                } else {
                    return nil
                }
            } else if take(UInt8(ascii: "/")) {
                guard let number = factor()?.number, number != 0 else { return nil }
                result = result.scaled(by: 1 / number)
            } else {
                return result
            }
        }
    }

    private mutating func factor() -> Quantity? {
        skipSpace()
        guard let byte = peek else { return nil }
        if take(UInt8(ascii: "(")) { return closed(sum()) }
        let next = index + 1 < bytes.count ? bytes[index + 1] : 0
        let isSigned = (byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")) && Self.startsNumber(next)
        if Self.startsNumber(byte) || isSigned { return number() }
        let name = name()
        guard !name.isEmpty else { return nil }
        guard take(UInt8(ascii: "(")) else {
            let constants = ["pi": Double.pi, "e": M_E]
            return (variables[name] ?? constants[name]).map { Quantity($0, .number) }
        }
        return closed(function(name))
    }

    private mutating func closed(_ quantity: Quantity?) -> Quantity? {
        skipSpace()
        return take(UInt8(ascii: ")")) ? quantity : nil
    }

    private mutating func function(_ name: String) -> Quantity? {
        var arguments: [Quantity] = []
        repeat {
            guard let argument = sum(), arguments.count < 32 else { return nil }
            arguments.append(argument)
            skipSpace()
        } while take(UInt8(ascii: ","))
        switch name {
        case "calc", "-webkit-calc": return arguments.count == 1 ? arguments[0] : nil
        case "min": return extreme(arguments, <)
        case "max": return extreme(arguments, >)
        case "clamp":
            guard arguments.count == 3, let upper = extreme(Array(arguments[1...]), <) else { return nil }
            return extreme([arguments[0], upper], >)
        case "abs": return arguments.count == 1 ? arguments[0].unit.map { Quantity(abs(arguments[0][$0]), $0) } : nil
        case "sin", "cos", "tan":
            guard arguments.count == 1, let unit = arguments[0].unit, unit == .number || unit == .degrees else {
                return nil
            }
            let angle = arguments[0][unit] * (unit == .degrees ? .pi / 180 : 1)
            return Quantity(name == "sin" ? sin(angle) : name == "cos" ? cos(angle) : tan(angle), .number)
        case "sqrt": return arguments.count == 1 ? arguments[0].number.map { Quantity($0.squareRoot(), .number) } : nil
        case "pow":
            guard arguments.count == 2, let base = arguments[0].number, let power = arguments[1].number else {
                return nil
            }
            return Quantity(pow(base, power), .number)
        default: return nil
        }
    }

    /// The first of the quantities in the order.
    private func extreme(_ quantities: [Quantity], _ isBefore: (Double, Double) -> Bool) -> Quantity? {
        let isAlike = Set(quantities.map(\.unit)).count == 1
        var best: (value: Double, unit: Quantity.Unit)?
        for quantity in quantities {
            var single = Self.single(quantity, scale)
            if !isAlike, single?.unit != .pixels {
                // Different units are compared in pixels.
                single = quantity.added(Quantity(0, .pixels)).flatMap { Self.single($0, scale) }
            }
            guard let single else { return nil }
            if let old = best, !isBefore(single.value, old.value) { continue }
            best = single
        }
        return best.map { Quantity($0.value, $0.unit) }
    }

    private mutating func number() -> Quantity? {
        var numbers = SVGNumbers(bytes[index...])
        guard let value = numbers.next() else { return nil }
        let unit = numbers.unit()
        index = numbers.place
        switch unit {
        case "": return Quantity(value, .number)
        case "%": return Quantity(value, .percent)
        case "em": return Quantity(value, .em)
        case "ex", "ch": return Quantity(value / 2, .em)
        case "deg": return Quantity(value, .degrees)
        case "grad": return Quantity(value * 0.9, .degrees)
        case "rad": return Quantity(value * 180 / .pi, .degrees)
        case "turn": return Quantity(value * 360, .degrees)
        case "vw": return scale.page.map { Quantity(value * $0.width / 100, .pixels) }
        case "vh": return scale.page.map { Quantity(value * $0.height / 100, .pixels) }
        default:
            guard let length = SVGNumbers.length("1\(unit)"), length.isFinite else { return nil }
            return Quantity(value * length, .pixels)
        }
    }

    // MARK: Bytes

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        index += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte.isXMLSpace { index += 1 }
    }

    private mutating func name() -> String {
        let start = index
        while let byte = peek, (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "-") { index += 1 }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private static func startsNumber(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || byte == UInt8(ascii: ".")
    }
}

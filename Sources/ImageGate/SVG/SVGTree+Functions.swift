/// Functions of CSS that librsvg does not know, or means otherwise than browsers: colours in other spaces and mixed ones,
/// `calc()` and its like, and most functions of filters. What they come to is written in their place.
extension SVGTree {
    /// Returns whether something has changed.
    mutating func mendFunctions(_ cascade: inout SVGCascade) -> Bool {
        var hasChanged = false
        for index in nodes.indices {
            if nodes[index].isText {
                let parent = nodes[index].parent
                guard parent >= 0, nodes[parent].name == "style", SVGFunctions.occur(in: nodes[index].text) else {
                    continue
                }
                nodes[index].text = changed(sheet: nodes[index].text)
                hasChanged = true
                continue
            }
            for position in nodes[index].attributes.indices {
                let attribute = nodes[index].attributes[position]
                guard attribute.namespace == nil, Self.hasFunctions(attribute.name),
                    SVGFunctions.occur(in: attribute.value)
                else { continue }
                let context = context(index, &cascade)
                if attribute.name == "style" {
                    nodes[index].attributes[position].value = SVGDeclarations.changed(attribute.value) { name, value in
                        changed(name, value, context)
                    }
                } else if let value = changed(attribute.name, attribute.value, context) {
                    nodes[index].attributes[position].value = value
                }
                hasChanged = true
            }
        }
        for (index, fragments) in replacements {
            replacements[index] = fragments.map { fragment in
                guard fragment.name == "style", SVGFunctions.occur(in: fragment.text) else { return fragment }
                var changed = fragment
                changed.text = self.changed(sheet: fragment.text)
                return changed
            }
        }
        return hasChanged
    }

    private static func hasFunctions(_ attribute: String) -> Bool {
        attribute == "style" || SVGAllowList.properties.contains(attribute)
            || SVGFunctions.axis(of: attribute) != nil
    }

    private mutating func changed(sheet text: String) -> String {
        let context = SVGFunctions.Context(viewport: viewport(of: 0), page: (size.width, size.height))
        return SVGDeclarations.changed(text, isSheet: true) { name, value in changed(name, value, context) }
    }

    private mutating func changed(_ name: String, _ value: String, _ context: SVGFunctions.Context) -> String? {
        let plain = SVGFunctions.plain(value, name, context)
        guard name == "filter", let filter = SVGFilterFunctions.filter(plain, id: "filter-\(filters.count)")
        else { return plain == value ? nil : plain }
        guard filters.count < Self.filterLimit else { return plain }
        let known = filters.first { $0.value == plain }?.id
        let id = known ?? "filter-of-functions-\(filters.count)"
        if known == nil {
            var filter = filter
            filter.attributes[0].value = id
            filters.append((value: plain, id: id, filter: filter))
        }
        return "url(#\(id))"
    }

    private static let filterLimit = 256

    // MARK: What values depend on

    private func context(_ index: Int, _ cascade: inout SVGCascade) -> SVGFunctions.Context {
        var context = SVGFunctions.Context(viewport: viewport(of: index), page: (size.width, size.height))
        let length = cascade.inherited("font-size", self, index).flatMap { SVGNumbers.length($0) } ?? 16
        context.fontSize = length.isFinite ? length : 16
        context.color = cascade.inherited("color", self, index) ?? "black"
        return context
    }

    /// The size of which percentages in an element are shares.
    func viewport(of index: Int) -> (width: Double, height: Double) {
        var next = index == 0 ? 0 : nodes[index].parent
        while next > 0, nodes[next].name != "svg" && nodes[next].name != "symbol" || !isSVG(next) {
            next = nodes[next].parent
        }
        if let box = nodes[max(next, 0)]["viewBox"].flatMap(SVGViewBox.init) { return (box.width, box.height) }
        guard next > 0 else { return (size.width, size.height) }
        let outside = viewport(of: next)
        func side(_ name: String, _ whole: Double) -> Double {
            guard let text = nodes[next][name] else { return whole }
            let scale = SVGCalculation.Scale(whole: whole, fontSize: 16)
            guard let quantity = SVGCalculation.quantity(text, scale), let unit = quantity.unit else { return whole }
            switch unit {
            case .number, .pixels: return quantity[unit]
            case .percent: return quantity[.percent] / 100 * whole
            case .em, .degrees: return whole
            }
        }
        return (side("width", outside.width), side("height", outside.height))
    }
}

/// The functions that are put into other words where they stand in values.
enum SVGFunctions {
    struct Context {
        var viewport: (width: Double, height: Double)
        var page: (width: Double, height: Double)
        /// The size of letters in pixels; nil where it is not known.
        var fontSize: Double?
        /// The value of the property `color`; nil where it is not known.
        var color: String?
    }

    enum Axis {
        case across, down, both
    }

    /// The axis along which percentages of a property count; nil if they do not mean lengths of the viewport.
    static func axis(of name: String) -> Axis? {
        switch name {
        case "x", "x1", "x2", "cx", "dx", "rx", "width": .across
        case "y", "y1", "y2", "cy", "dy", "ry", "height": .down
        case "r", "stroke-width", "stroke-dasharray", "stroke-dashoffset": .both
        default: nil
        }
    }

    /// Whether a text has something that may have to be changed.
    static func occur(in text: String) -> Bool {
        guard text.utf8.contains(UInt8(ascii: "(")) else { return false }
        let bytes = Array(text.utf8)
        var start = 0
        for (index, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "("), (3...longestName).contains(index - start) {
                let name = String(decoding: bytes[start..<index], as: UTF8.self).lowercased()
                if mathematics.contains(name) || SVGFilterFunctions.names.contains(name) { return true }
                if colors.contains(name), isNew(name, bytes[(index + 1)...]) { return true }
            }
            if !isNameByte(byte) { start = index + 1 }
        }
        return false
    }

    private static let longestName = 12

    /// Whether librsvg does not understand a colour's function, whose bytes start behind its bracket.
    private static func isNew(_ name: String, _ bytes: ArraySlice<UInt8>) -> Bool {
        guard ["rgb", "rgba", "hsl", "hsla"].contains(name) else { return true }
        let inside = bytes.prefix(64).prefix { $0 != UInt8(ascii: ")") }
        let isHue = name.hasPrefix("hsl")
        if isHue, !inside.contains(UInt8(ascii: "%")) { return true }
        // Of letters it knows those of units of angles.
        return inside.contains { $0 == UInt8(ascii: "(") || !isHue && (0x61...0x7A).contains($0 | 0x20) }
            || isHue && String(decoding: inside, as: UTF8.self).lowercased().contains { "nomf".contains($0) }
    }

    private static let colors: Set<String> = [
        "rgb", "rgba", "hsl", "hsla", "hwb", "lab", "lch", "oklab", "oklch", "color", "color-mix",
    ]
    private static let mathematics: Set<String> = ["calc", "min", "max", "clamp", "-webkit-calc"]

    /// Returns a value in which the functions have given way to what they come to, as far as that is known.
    static func plain(_ value: String, _ property: String, _ context: Context) -> String {
        let bytes = Array(value.utf8)
        var result: [UInt8] = []
        var quote: UInt8?
        var (index, start) = (0, 0)
        while index < bytes.count {
            let byte = bytes[index]
            if quote != nil || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = quote == nil ? byte : quote == byte ? nil : quote
            } else if byte == UInt8(ascii: "("), index > start {
                let name = String(decoding: bytes[start..<index], as: UTF8.self).lowercased()
                if let close = close(of: bytes, from: index),
                    let text = replacement(
                        name, String(decoding: bytes[start...close], as: UTF8.self), property, context)
                {
                    result.removeLast(index - start)
                    result += text.utf8
                    (index, start) = (close + 1, close + 1)
                    continue
                }
            }
            result.append(byte)
            index += 1
            if !isNameByte(byte) { start = index }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func replacement(
        _ name: String, _ function: String, _ property: String, _ context: Context
    ) -> String? {
        if mathematics.contains(name) {
            let (width, height) = context.viewport
            let whole: Double? =
                switch axis(of: property) {
                case .across: width
                case .down: height
                case .both: ((width * width + height * height) / 2).squareRoot()
                case nil: nil
                }
            return SVGCalculation.text(
                function, .init(whole: whole, fontSize: context.fontSize, page: context.page))
        }
        guard colors.contains(name), isNew(name, Array(function.utf8.dropFirst(name.utf8.count + 1))[...]) else {
            return nil
        }
        return SVGColor(function, current: context.color)?.text
    }

    /// The index of the bracket that closes the one at an index.
    private static func close(of bytes: [UInt8], from open: Int) -> Int? {
        var depth = 0
        for index in open..<min(bytes.count, open + 1024) {
            if bytes[index] == UInt8(ascii: "(") { depth += 1 }
            if bytes[index] == UInt8(ascii: ")") {
                depth -= 1
                if depth == 0 { return index }
            }
        }
        return nil
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-")
    }
}

/// Declarations where they stand in a style sheet or in an attribute `style`.
enum SVGDeclarations {
    /// Returns the text with other values.
    ///
    /// - Parameter change: returns the value of a property that takes the place of the one that is there; nil to keep it.
    static func changed(
        _ text: String, isSheet: Bool = false, _ change: (_ name: String, _ value: String) -> String?
    ) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        // Where the declaration begins, and its colon is.
        var start = 0
        var colon: Int?
        var (braces, brackets) = (0, 0)
        var quote: UInt8?
        func end(_ index: Int) {
            defer { (start, colon) = (index, nil) }
            if let colon, !isSheet || braces > 0 {
                let name = String(String(decoding: bytes[start..<colon], as: UTF8.self).trimmed).lowercased()
                let value = String(decoding: bytes[(colon + 1)..<index], as: UTF8.self)
                if let new = change(name, value) {
                    result += bytes[start...colon]
                    result += new.utf8
                    return
                }
            }
            result += bytes[start..<index]
        }
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if let open = quote {
                if byte == open || byte == 0x0A { quote = nil }
            } else if byte == UInt8(ascii: "/"), index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "*") {
                index += 2
                while index + 1 < bytes.count,
                    bytes[index] != UInt8(ascii: "*") || bytes[index + 1] != UInt8(ascii: "/")
                {
                    index += 1
                }
                index = min(index + 2, bytes.count)
                continue
            } else {
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "'"): quote = byte
                case UInt8(ascii: "("): brackets += 1
                case UInt8(ascii: ")"): brackets = max(0, brackets - 1)
                case UInt8(ascii: ":") where colon == nil && brackets == 0: colon = index
                case UInt8(ascii: ";") where brackets == 0, UInt8(ascii: "}"):
                    end(index)
                    result.append(byte)
                    start = index + 1
                    if byte == UInt8(ascii: "}") { (braces, brackets) = (max(0, braces - 1), 0) }
                case UInt8(ascii: "{"):
                    // What was before it is a selector.
                    result += bytes[start...index]
                    (start, colon, braces, brackets) = (index + 1, nil, braces + 1, 0)
                default: break
                }
            }
            index += 1
        }
        end(bytes.count)
        return String(decoding: result, as: UTF8.self)
    }
}

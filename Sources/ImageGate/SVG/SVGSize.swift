/// The size that a document asks for, in pixels at 96 dpi.
struct SVGSize: Equatable {
    var width = 300.0
    var height = 150.0
    /// Whether the document has only a shape and no size in pixels, so that it may be drawn at any size.
    private(set) var isOfAnySize = false
    /// Whether only what is drawn can tell how large the drawing is: it has no shape, and lacks a side at least.
    private(set) var isGuessed = false
    private(set) var hasWidth = false
    private(set) var hasHeight = false

    /// Takes the size from the root's `width` and `height`, or else from its `viewBox`, or else the default of CSS for
    /// replaced elements. https://www.w3.org/TR/css-images-3/#default-sizing
    init(width: String?, height: String?, viewBox: String?) {
        let box = viewBox.flatMap(SVGViewBox.init)
        let (width, height) = (width.flatMap(Self.length), height.flatMap(Self.length))
        (hasWidth, hasHeight) = (width != nil, height != nil)
        switch (width, height) {
        case (let width?, let height?): (self.width, self.height) = (width, height)
        case (let width?, nil):
            self.width = width
            if let box { self.height = width * box.height / box.width } else { isGuessed = true }
        case (nil, let height?):
            self.height = height
            if let box { self.width = height * box.width / box.height } else { isGuessed = true }
        case (nil, nil):
            guard let box else {
                isGuessed = true
                break
            }
            // A box with a side below one pixel is enlarged here, because clamping each side below would change its
            // shape.
            let scale = max(1, 1 / min(box.width, box.height))
            (self.width, self.height) = (box.width * scale, box.height * scale)
            isOfAnySize = true
        }
        self.width = min(max(self.width, 1), SVGLimit.naturalSide)
        self.height = min(max(self.height, 1), SVGLimit.naturalSide)
    }

    /// The same shape at any size.
    var atAnySize: SVGSize {
        var size = self
        size.isOfAnySize = true
        return size
    }

    /// Returns the largest size with the same ratio of sides that fits the box. Each side has at least one pixel, and
    /// the size is no larger than the document asks for.
    func fitted(shortSide: Int, longSide: Int) -> (width: Int, height: Int) {
        let largest = isOfAnySize ? .infinity : 1
        let scale = min(largest, Double(shortSide) / min(width, height), Double(longSide) / max(width, height))
        func side(_ length: Double) -> Int { min(max(1, Int((length * scale).rounded())), SVGLimit.drawnSide) }
        return (side(width), side(height))
    }

    /// Reads a length in pixels; nil for percentages, for zero, and for a text that is not a length.
    static func length(_ text: String) -> Double? {
        let text = text.trimmed
        let digits = text.prefix { $0.isASCII && ($0.isNumber || "+-.".contains($0)) }
        var number = digits[...]
        var unit = text[digits.endIndex...]
        // An `e` begins an exponent if a number follows, and otherwise the unit `em` or `ex`.
        if let letter = unit.first, letter == "e" || letter == "E" {
            let exponent = unit.dropFirst().prefix { $0.isASCII && ($0.isNumber || "+-".contains($0)) }
            if !exponent.isEmpty {
                number = text[..<exponent.endIndex]
                unit = text[exponent.endIndex...]
            }
        }
        guard let value = Double(String(number)), value.isFinite, value > 0, let factor = pixels[unit.lowercased()]
        else { return nil }
        return value * factor
    }

    private static let pixels: [String: Double] = [
        "": 1, "px": 1, "pt": 96.0 / 72, "pc": 16, "in": 96, "cm": 96 / 2.54, "mm": 9.6 / 2.54, "q": 2.4 / 2.54,
        "em": 16, "ex": 8,
    ]
}

/// The attribute `viewBox` of a root.
struct SVGViewBox: Equatable {
    var x = 0.0
    var y = 0.0
    var width: Double
    var height: Double

    init(x: Double, y: Double, width: Double, height: Double) {
        (self.x, self.y, self.width, self.height) = (x, y, width, height)
    }

    /// Reads a box; nil if it is not four numbers, or has no area.
    init?(_ text: String) {
        let numbers = text.split { $0.isWhitespace || $0 == "," }.map { Double(String($0)) }
        guard numbers.count == 4, let x = numbers[0], let y = numbers[1], let width = numbers[2],
            let height = numbers[3], width.isFinite, height.isFinite, width > 0, height > 0
        else { return nil }
        self.init(x: x, y: y, width: width, height: height)
    }

    var text: String { [x, y, width, height].map { SVGNumbers.text($0) }.joined(separator: " ") }
}

extension String {
    /// The text without white space at its ends.
    var trimmed: Substring {
        guard let last = lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return self[...last].drop(while: \.isWhitespace)
    }
}

/// The root's size and background, as CSS gives them.
extension SVGTree {
    /// The size of the drawing, as far as the root's attributes and its style give it.
    var size: SVGSize { SVGSize(width: nodes[0]["width"], height: nodes[0]["height"], viewBox: nodes[0]["viewBox"]) }

    /// Moves the root's size from styles to its attributes. Sizes that depend on a page, such as 100%, do not replace
    /// those of the attributes.
    mutating func mendSize(_ cascade: inout SVGCascade) {
        let values = cascade.values(self, 0)
        guard values["width"] != nil || values["height"] != nil else { return }
        let ruled = cascade.ruledProperties(self, 0)
        let other = SVGStyle.rawDeclarations(nodes[0]["style"] ?? "").filter { !["width", "height"].contains($0.name) }
        var style: [(name: String, value: String)] = []
        for name in ["width", "height"] {
            guard let value = values[name] else { continue }
            let length = SVGSize.length(value.text) ?? nodes[0][name].flatMap { SVGSize.length($0) }
            nodes[0][name] = length.map { SVGNumbers.text($0) }
            // A rule of a style sheet would override the attribute.
            if let length, ruled.contains(name) {
                style.append((name, "\(SVGNumbers.text(length))px\(value.isImportant ? "!important" : "")"))
            }
        }
        // The others stand last, because one that does not end would take in what follows it.
        style += other
        nodes[0]["style"] = style.isEmpty ? nil : style.map { "\($0.name):\($0.value)" }.joined(separator: ";")
    }

    /// Gives the root a size and a viewport.
    mutating func setFrame(_ frame: SVGViewBox) {
        nodes[0]["viewBox"] = frame.text
        nodes[0]["width"] = SVGNumbers.text(frame.width)
        nodes[0]["height"] = SVGNumbers.text(frame.height)
    }

    /// Gives the root a size at which it shows the same.
    mutating func setSize(_ stated: PixelSize) {
        let size = size
        if nodes[0]["viewBox"].flatMap(SVGViewBox.init) == nil {
            nodes[0]["viewBox"] = SVGViewBox(x: 0, y: 0, width: size.width, height: size.height).text
        }
        nodes[0]["width"] = String(stated.width)
        nodes[0]["height"] = String(stated.height)
        guard let style = nodes[0]["style"] else { return }
        let other = SVGStyle.rawDeclarations(style).filter { !["width", "height"].contains($0.name) }
        nodes[0]["style"] = other.isEmpty ? nil : other.map { "\($0.name):\($0.value)" }.joined(separator: ";")
    }

    /// Draws the root's background, which librsvg does not know, as a rectangle below everything else.
    mutating func mendBackground(_ cascade: inout SVGCascade) {
        let values = cascade.values(self, 0)
        let declared = ["background-color", "background", "background-image"].compactMap { values[$0]?.text }
        var fill: String?
        var gradient: Fragment?
        for value in declared where fill == nil {
            if let found = SVGBackground.gradient(
                value, box: backgroundBox ?? SVGViewBox(x: 0, y: 0, width: size.width, height: size.height))
            {
                gradient = found
                fill = "url(#\(SVGBackground.gradientID))"
            } else {
                fill = SVGBackground.color(value)
            }
        }
        guard let fill else { return }
        let box: [(String, String)]
        if let frame = backgroundBox {
            box = [
                ("x", SVGNumbers.text(frame.x)), ("y", SVGNumbers.text(frame.y)),
                ("width", SVGNumbers.text(frame.width)), ("height", SVGNumbers.text(frame.height)),
            ]
        } else {
            box = [("width", "100%"), ("height", "100%")]
        }
        // A style attribute, because rules for rectangles would override other attributes.
        let style = "fill:\(fill);fill-opacity:1;stroke:none;opacity:1;filter:none;transform:none"
        let rectangle = Fragment("rect", box + [("style", style)])
        background = gradient.map { Fragment("g", [], children: [$0, rectangle]) } ?? rectangle
    }

    /// The part of the plane that the drawing shows; nil without a `viewBox`. It is larger than the box where the
    /// drawing has another shape.
    private var backgroundBox: SVGViewBox? {
        guard var box = nodes[0]["viewBox"].flatMap(SVGViewBox.init) else { return nil }
        guard !(nodes[0]["preserveAspectRatio"] ?? "").hasPrefix("none") else { return box }
        let (shown, own) = (size.width / size.height, box.width / box.height)
        guard abs(shown / own - 1) > 0.001, own.isFinite, shown.isFinite else { return box }
        // Wherever the box is within the drawing, this much beside it is the whole drawing.
        let (more, wide) =
            shown > own ? (box.height * shown - box.width, true) : (box.width / shown - box.height, false)
        if wide { (box.x, box.width) = (box.x - more, box.width + 2 * more) }
        if !wide { (box.y, box.height) = (box.y - more, box.height + 2 * more) }
        return box
    }
}

/// Values of the property `background`. https://www.w3.org/TR/css-backgrounds-3/
enum SVGBackground {
    static let gradientID = "background-of-the-drawing"

    /// The colour in a value; nil if there is none, or if it is transparent. Of an image that is not drawn here it is
    /// the first colour, as far as there is one.
    static func color(_ value: String) -> String? {
        for word in words(value) {
            if isColor(word) { return word }
            guard word.lowercased().contains("gradient("), let open = word.firstIndex(of: "(") else { continue }
            return list(word[word.index(after: open)...].dropLast()).lazy.compactMap { color($0) }.first
        }
        return nil
    }

    /// The gradient that a value begins with, over a box; nil if there is none that can be drawn.
    static func gradient(_ value: String, box: SVGViewBox) -> SVGTree.Fragment? {
        guard let word = words(value).first, word.lowercased().hasPrefix("linear-gradient("), word.hasSuffix(")") else {
            return nil
        }
        var parts = list(word.dropFirst("linear-gradient(".count).dropLast())
        guard parts.count <= 64, let first = parts.first?.lowercased() else { return nil }
        // Where the gradient leads: to the right, and down.
        var (x, y) = (0.0, 1.0)
        if first.hasPrefix("to ") {
            (x, y) = (0, 0)
            for side in first.dropFirst(3).split(separator: " ") {
                switch side {
                case "left": x = -1
                case "right": x = 1
                case "top": y = -1
                case "bottom": y = 1
                default: return nil
                }
            }
            parts.removeFirst()
        } else if first.hasSuffix("deg"), let degrees = Double(String(first.dropLast(3))), degrees.isFinite {
            let angle = SVGAngle(degrees: degrees)
            (x, y) = (angle.sine, -angle.cosine)
            parts.removeFirst()
        }
        let stops = parts.enumerated().compactMap { index, part -> SVGTree.Fragment? in
            let words = words(part)
            guard let color = words.first, isColor(color) else { return nil }
            let place = words.dropFirst().first { $0.hasSuffix("%") && Double(String($0.dropLast())) != nil }
            let share = SVGNumbers.text(100 * Double(index) / Double(max(parts.count - 1, 1))) + "%"
            return .init("stop", [("offset", place ?? share), ("stop-color", color)])
        }
        guard stops.count == parts.count, stops.count > 1 else { return nil }
        let length = x * x + y * y
        let reach = (abs(box.width * x) + abs(box.height * y)) / 2 / max(length, 1e-9)
        let center = (x: box.x + box.width / 2, y: box.y + box.height / 2)
        return .init(
            "linearGradient",
            [
                ("id", gradientID), ("gradientUnits", "userSpaceOnUse"),
                ("x1", SVGNumbers.text(center.x - reach * x)), ("y1", SVGNumbers.text(center.y - reach * y)),
                ("x2", SVGNumbers.text(center.x + reach * x)), ("y2", SVGNumbers.text(center.y + reach * y)),
            ], children: stops)
    }

    /// Whether a word is a colour, and not transparent.
    static func isColor(_ word: String) -> Bool {
        let word = word.lowercased()
        if word.hasPrefix("#") {
            return [4, 5, 7, 9].contains(word.count) && word.dropFirst().allSatisfy(\.isHexDigit)
        }
        if ["rgb(", "rgba(", "hsl(", "hsla("].contains(where: word.hasPrefix), word.hasSuffix(")") {
            let inside = word.drop { $0 != "(" }.dropFirst().dropLast()
            let isPlain = inside.allSatisfy { $0.isASCII && ($0.isNumber || " ,.%/-+deg".contains($0)) }
            let last = inside.split { ", /".contains($0) }.last.flatMap { Double(String($0)) }
            let parts = inside.split { ", /".contains($0) }.count
            return isPlain && (3...4).contains(parts) && !(parts == 4 && last == 0)
        }
        return SVGColorNames.all.contains(word)
    }

    /// Splits at white space outside brackets.
    private static func words(_ text: String) -> [String] { split(text[...]) { $0.isWhitespace } }

    /// Splits at commas outside brackets.
    private static func list(_ text: Substring) -> [String] { split(text) { $0 == "," } }

    private static func split(_ text: Substring, at isSeparator: (Character) -> Bool) -> [String] {
        var parts: [String] = []
        var part = ""
        var depth = 0
        for character in text.prefix(4096) {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if depth <= 0, isSeparator(character) {
                parts.append(part)
                part = ""
            } else {
                part.append(character)
            }
        }
        return (parts + [part]).map { String($0.trimmed) }.filter { !$0.isEmpty }
    }
}

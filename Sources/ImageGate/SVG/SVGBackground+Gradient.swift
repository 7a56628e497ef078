/// Gradients. https://www.w3.org/TR/css-images-3/#gradients
extension SVGBackground {
    /// The gradient that a value begins with, over a box; nil if there is none that can be drawn.
    static func gradient(_ value: String, box: SVGViewBox) -> SVGTree.Fragment? {
        // Of several backgrounds the first one is on top.
        guard let word = list(value[...]).first.flatMap({ words($0).first }), word.hasSuffix(")"),
            let open = word.firstIndex(of: "(")
        else { return nil }
        let parts = list(word[word.index(after: open)...].dropLast())
        guard (1...64).contains(parts.count) else { return nil }
        switch word[..<open].lowercased() {
        case "linear-gradient": return linear(parts, box)
        case "radial-gradient": return radial(parts, box)
        default: return nil
        }
    }

    private static func linear(_ arguments: [String], _ box: SVGViewBox) -> SVGTree.Fragment? {
        var parts = arguments
        let first = arguments[0].lowercased()
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
        } else if let degrees = degrees(first) {
            let angle = SVGAngle(degrees: degrees)
            (x, y) = (angle.sine, -angle.cosine)
            parts.removeFirst()
        }
        let length = x * x + y * y
        let reach = (abs(box.width * x) + abs(box.height * y)) / 2 / max(length, 1e-9)
        guard let stops = stops(parts, length: 2 * reach * length.squareRoot()) else { return nil }
        let center = (x: box.x + box.width / 2, y: box.y + box.height / 2)
        return .init(
            "linearGradient",
            [
                ("id", gradientID), ("gradientUnits", "userSpaceOnUse"),
                ("x1", SVGNumbers.text(center.x - reach * x)), ("y1", SVGNumbers.text(center.y - reach * y)),
                ("x2", SVGNumbers.text(center.x + reach * x)), ("y2", SVGNumbers.text(center.y + reach * y)),
            ], children: stops)
    }

    private static func degrees(_ text: String) -> Double? {
        for (unit, factor) in [("deg", 1), ("grad", 0.9), ("rad", 180 / Double.pi), ("turn", 360)] {
            guard text.hasSuffix(unit), let number = Double(text.dropLast(unit.count)) else { continue }
            return number.isFinite ? number * factor : nil
        }
        return nil
    }

    private static func radial(_ arguments: [String], _ box: SVGViewBox) -> SVGTree.Fragment? {
        var parts = arguments
        var words = words(arguments[0].lowercased())
        var position: [String] = []
        if words.contains(where: { !isShapeWord($0) }) { words = [] } else { parts.removeFirst() }
        if let at = words.firstIndex(of: "at") {
            position = Array(words[(at + 1)...])
            words = Array(words[..<at])
        }
        guard let center = place(position, box) else { return nil }
        guard let (x, y) = radii(words, around: center, box), x > 0, y > 0, let stops = stops(parts, length: x) else {
            return nil
        }
        var attributes = [
            ("id", gradientID), ("gradientUnits", "userSpaceOnUse"), ("cx", SVGNumbers.text(center.x)),
            ("cy", SVGNumbers.text(center.y)), ("r", SVGNumbers.text(x)),
        ]
        if x != y {
            let scale = y / x
            let shift = SVGNumbers.text(center.y - scale * center.y)
            attributes.append(("gradientTransform", "matrix(1 0 0 \(SVGNumbers.text(scale)) 0 \(shift))"))
        }
        return .init("radialGradient", attributes, children: stops)
    }

    private static let sizes: Set = ["closest-side", "closest-corner", "farthest-side", "farthest-corner"]
    private static let sides: Set = ["left", "right", "top", "bottom", "center"]

    private static func isShapeWord(_ word: String) -> Bool {
        ["circle", "ellipse", "at"].contains(word) || sizes.contains(word) || sides.contains(word)
            || length(word, of: 1) != nil
    }

    /// A length or a share of `whole`.
    private static func length(_ word: String, of whole: Double) -> Double? {
        let isShare = word.hasSuffix("%")
        let number = isShare ? word.dropLast() : word.hasSuffix("px") ? word.dropLast(2) : word == "0" ? "0" : ""
        guard let value = Double(number), abs(value) < 1e6 else { return nil }
        return isShare ? value / 100 * whole : value
    }

    private static func place(_ words: [String], _ box: SVGViewBox) -> (x: Double, y: Double)? {
        guard words.count <= 2 else { return nil }
        var words = words
        // The sides may stand in any order, and what is not given is the middle.
        if ["top", "bottom"].contains(words.first ?? "") || ["left", "right"].contains(words.dropFirst().first ?? "") {
            words = Array(words.reversed())
            if words.count == 1 { words.insert("center", at: 0) }
        }
        func along(_ index: Int, _ start: Double, _ whole: Double) -> Double? {
            switch index < words.count ? words[index] : "center" {
            case "left", "top": start
            case "center": start + whole / 2
            case "right", "bottom": start + whole
            case let word: length(word, of: whole).map { start + $0 }
            }
        }
        guard let x = along(0, box.x, box.width), let y = along(1, box.y, box.height) else { return nil }
        return (x, y)
    }

    /// The radii to the right and down.
    private static func radii(
        _ words: [String], around center: (x: Double, y: Double), _ box: SVGViewBox
    ) -> (Double, Double)? {
        let size = words.first { sizes.contains($0) } ?? "farthest-corner"
        let given = words.filter { !sizes.contains($0) && $0 != "circle" && $0 != "ellipse" }
        let isCircle = words.contains("circle") || given.count == 1
        if given.count == 2, let x = length(given[0], of: box.width), let y = length(given[1], of: box.height) {
            return (x, y)
        }
        if given.count == 1, let radius = length(given[0], of: box.width) { return (radius, radius) }
        guard given.isEmpty else { return nil }
        let across = [abs(center.x - box.x), abs(box.x + box.width - center.x)].sorted()
        let down = [abs(center.y - box.y), abs(box.y + box.height - center.y)].sorted()
        let isFarthest = size.hasPrefix("farthest")
        let (x, y) = (across[isFarthest ? 1 : 0], down[isFarthest ? 1 : 0])
        switch (isCircle, size.hasSuffix("side")) {
        case (true, true): return isFarthest ? (max(x, y), max(x, y)) : (min(x, y), min(x, y))
        case (true, false):
            let radius = (x * x + y * y).squareRoot()
            return (radius, radius)
        case (false, true): return (x, y)
        // A corner's ellipse has the shape of the sides' ellipse.
        case (false, false): return (x * 2.0.squareRoot(), y * 2.0.squareRoot())
        }
    }

    /// - Parameter length: of the gradient.
    private static func stops(_ parts: [String], length whole: Double) -> [SVGTree.Fragment]? {
        var stops: [(color: String, place: Double?)] = []
        for part in parts {
            let words = words(part)
            guard let color = words.first, isColor(color) || color.lowercased() == "transparent" else { return nil }
            let places = words.dropFirst().map { length($0.lowercased(), of: whole).map { $0 / max(whole, 1e-9) } }
            stops.append((color, places.first ?? nil))
            // A colour with two places is all between them.
            if places.count > 1 { stops.append((color, places[1])) }
        }
        guard stops.count > 1 else { return nil }
        stops[0].place = stops[0].place ?? 0
        stops[stops.count - 1].place = stops[stops.count - 1].place ?? 1
        // Those without a place are evenly between their neighbours.
        var last = 0
        for index in stops.indices {
            guard let place = stops[index].place else { continue }
            let start = stops[last].place ?? 0
            for between in last + 1..<max(index, last + 1) {
                stops[between].place = start + (place - start) * Double(between - last) / Double(index - last)
            }
            last = index
        }
        return stops.indices.flatMap { index in
            let (color, place) = stops[index]
            guard color.lowercased() == "transparent" else { return [stop(color, place)] }
            // CSS mixes colours as far as they are seen, and SVG would mix in black: each side has its neighbour's colour.
            let sides = [index - 1, index + 1].filter(stops.indices.contains).map { stops[$0].color }
            return sides.map { stop($0, place, opacity: 0) }
        }
    }

    private static func stop(_ color: String, _ place: Double?, opacity: Int = 1) -> SVGTree.Fragment {
        let offset = ("offset", SVGNumbers.text(100 * (place ?? 0)) + "%")
        return .init("stop", [offset, ("stop-color", color)] + (opacity == 1 ? [] : [("stop-opacity", "\(opacity)")]))
    }
}

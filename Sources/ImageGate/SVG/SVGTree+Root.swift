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
        let colors = ["background-color", "background", "background-image"].compactMap { values[$0]?.text }
        let frame = backgroundBox ?? SVGViewBox(x: 0, y: 0, width: size.width, height: size.height)
        let gradient = ["background-image", "background"].lazy
            .compactMap { values[$0].flatMap { SVGBackground.gradient($0.text, box: frame) } }.first
        // What is seen where the gradient is transparent.
        let ground = colors.lazy.compactMap { SVGBackground.ground($0) }.first
        let fill =
            gradient == nil
            ? colors.lazy.compactMap { SVGBackground.color($0) }.first : "url(#\(SVGBackground.gradientID))"
        guard let fill else { return }
        let box: [(String, String)]
        // The root's own transform does not turn its background, so a colour has to reach further. Gradients turn.
        let isTurned = nodes[0]["transform"] != nil && gradient == nil
        if var frame = backgroundBox {
            if isTurned {
                (frame.x, frame.width) = (frame.x - frame.width, 3 * frame.width)
                (frame.y, frame.height) = (frame.y - frame.height, 3 * frame.height)
            }
            box = [
                ("x", SVGNumbers.text(frame.x)), ("y", SVGNumbers.text(frame.y)),
                ("width", SVGNumbers.text(frame.width)), ("height", SVGNumbers.text(frame.height)),
            ]
        } else if isTurned {
            box = [("x", "-100%"), ("y", "-100%"), ("width", "300%"), ("height", "300%")]
        } else {
            box = [("width", "100%"), ("height", "100%")]
        }
        // A style attribute, because rules for rectangles would override other attributes.
        let style = "fill:\(fill);fill-opacity:1;stroke:none;opacity:1;filter:none;transform:none"
        let rectangle = Fragment("rect", box + [("style", style)])
        background =
            gradient.map { gradient in
                let below = ground.map {
                    Fragment("rect", box + [("style", style.replacing("fill:\(fill)", with: "fill:\($0)"))])
                }
                return Fragment("g", [], children: [gradient] + [below, rectangle].compactMap(\.self))
            } ?? rectangle
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

/// Words that librsvg does not draw: those of HTML within a drawing, and those along a path.
extension SVGTree {
    /// Writes the words of each `foreignObject` as text in its box, and those of each `textPath` straight.
    mutating func mendWords(_ cascade: inout SVGCascade) {
        let objects = nodes.indices.filter { nodes[$0].name == "foreignObject" && isSVG($0) }
        if objects.count > Self.objectLimit { isIncomplete = true }
        for index in objects.prefix(Self.objectLimit) {
            let parent = nodes[index].parent
            if parent >= 0, isSVG(parent, "switch") {
                mendSwitch(parent, foreignObject: index, &cascade)
            } else {
                replacements[index] = words(of: index, &cascade)
            }
        }
        for index in nodes.indices where isSVG(index, "switch") { dropNotice(index) }
        mendTextPaths(&cascade)
    }

    // MARK: Choices

    /// Draws one alternative of a `switch`: what is there in place of the HTML, which has its exact place, but with all
    /// words, of which draw.io cuts some off.
    private mutating func mendSwitch(_ index: Int, foreignObject: Int, _ cascade: inout SVGCascade) {
        let others = drawnChildren(of: index).filter { $0 > foreignObject }
        guard let other = others.first, ["text", "image", "g", "a"].contains(nodes[other].name) else {
            replacements[foreignObject] = words(of: foreignObject, &cascade)
            return
        }
        replacements[foreignObject] = []
        let whole = lines(of: foreignObject, &cascade).joined(separator: " ")
        guard nodes[other].name == "text", !whole.isEmpty else { return }
        let shown = String(text(in: other).trimmed)
        let isCut = shown.hasSuffix("...") || shown.hasSuffix("…") || shown.hasPrefix("[")
        guard isCut, drawnChildren(of: other).isEmpty else { return }
        guard flexBox(of: foreignObject, &cascade) == nil else {
            // Whole words may be longer than the place of the cut ones, so they are wrapped in the box.
            replacements[foreignObject] = words(of: foreignObject, &cascade)
            replacements[other] = []
            return
        }
        let attributes = nodes[other].attributes.filter { $0.namespace == nil }.map { ($0.name, $0.value) }
        replacements[other] = [Fragment("text", attributes, text: whole)]
    }

    /// Drops the line with which draw.io says that its words are HTML: they are drawn.
    private mutating func dropNotice(_ index: Int) {
        guard let first = drawnChildren(of: index).first, isSVG(first, "g"), drawnChildren(of: first).isEmpty,
            nodes[first]["requiredFeatures"]?.hasSuffix("#Extensibility") ?? false
        else { return }
        replacements[index] = []
    }

    // MARK: foreignObject

    /// The largest number of elements whose words are written.
    private static let objectLimit = 2000
    /// The largest number of nodes inside that are read, and of characters that are written.
    private static let nodeLimit = 2000
    private static let characterLimit = 4000

    private func length(_ text: String?) -> Double? {
        text.flatMap { $0.contains("%") ? nil : SVGNumbers.length($0) }.flatMap { $0.isFinite ? $0 : nil }
    }

    private mutating func words(of index: Int, _ cascade: inout SVGCascade) -> [Fragment] {
        let lines = lines(of: index, &cascade)
        let node = nodes[index]
        if nodes[index..<min(node.end, index + Self.nodeLimit)].contains(where: { Self.others.contains($0.name) }) {
            isIncomplete = true
        }
        guard !lines.isEmpty else { return [] }
        // The first element with words tells how all are written.
        let end = min(node.end, index + Self.nodeLimit)
        let first = nodes[index..<end].firstIndex { $0.isText && !$0.text.trimmed.isEmpty } ?? index
        func value(_ property: String) -> String? { cascade.inherited(property, self, first) }
        let font = value("font").map(Self.font)
        let size = min(max(length(value("font-size") ?? font?.size) ?? 16, 1), 500)
        var (x, y) = (length(node["x"]) ?? 0, length(node["y"]) ?? 0)
        var (width, height) = (length(node["width"]) ?? 0, length(node["height"]) ?? 0)
        if let box = flexBox(of: index, &cascade) {
            (x, y, width, height) = (x + box.x, y + box.y, box.width, box.height)
        }
        let isWrapped =
            !(value("white-space") ?? "").hasPrefix("nowrap") && !(value("white-space") ?? "").hasPrefix("pre")
        let shown = isWrapped && width > 0 ? lines.flatMap { Self.wrapped($0, width: width / size) } : lines
        let (anchor, position) =
            switch value("text-align") {
            case "left", "start", "justify": ("start", x)
            case "right", "end": ("end", x + width)
            default: ("middle", x + width / 2)
            }
        let lineHeight = size * 1.2
        let top = y + height / 2 - lineHeight * Double(shown.count) / 2
        var attributes: [(String, String)] = [
            ("font-size", SVGNumbers.text(size)), ("text-anchor", anchor), ("stroke", "none"),
            ("font-family", value("font-family") ?? font?.family ?? "sans-serif"),
        ]
        for name in ["font-weight", "font-style"] {
            if let value = value(name) { attributes.append((name, value)) }
        }
        if let weight = font?.weight { attributes.append(("font-weight", weight)) }
        attributes = attributes.enumerated().filter { entry in
            !attributes[..<entry.offset].contains { $0.0 == entry.element.0 }
        }.map(\.element)
        for name in ["transform", "opacity", "clip-path", "mask", "display", "visibility"] {
            if let value = node[name] { attributes.append((name, value)) }
        }
        // A style attribute, because rules for texts would override other attributes.
        let color = value("color").flatMap { SVGBackground.isColor($0) ? $0 : nil } ?? "#000"
        attributes.append(("style", "fill:\(color);stroke:none"))
        let spans = shown.enumerated().map { number, line in
            Fragment(
                "tspan",
                [
                    ("x", SVGNumbers.text(position)),
                    ("y", SVGNumbers.text(top + lineHeight * Double(number) + size * 0.95)),
                ], text: line)
        }
        return [Fragment("text", attributes, children: spans)]
    }

    /// The size, family and weight in a value of `font`.
    private static func font(_ value: String) -> (size: String?, family: String?, weight: String?) {
        let words = value.split(whereSeparator: \.isWhitespace)
        guard let index = words.firstIndex(where: { $0.first?.isNumber ?? false && $0.contains { $0.isLetter } }) else {
            return (nil, nil, nil)
        }
        let family = words[(index + 1)...].joined(separator: " ")
        let weight = words[..<index].first { ["bold", "bolder"].contains($0) || Int($0) != nil }
        return (
            words[index].split(separator: "/").first.map(String.init), family.isEmpty ? nil : family,
            weight.map(String.init)
        )
    }

    /// The box that draw.io gives its words: an element as wide as the whole drawing has one inside, whose margin and
    /// padding are its place.
    private mutating func flexBox(of index: Int, _ cascade: inout SVGCascade) -> SVGViewBox? {
        guard let child = children(of: index).first else { return nil }
        let values = cascade.values(self, child)
        guard let left = length(values["margin-left"]?.text), let top = length(values["padding-top"]?.text),
            let width = length(values["width"]?.text)
        else { return nil }
        return SVGViewBox(x: left, y: top, width: width, height: 0)
    }

    /// The lines of words inside an element, each without white space at its ends.
    private mutating func lines(of index: Int, _ cascade: inout SVGCascade) -> [String] {
        var lines = [""]
        var characters = 0
        let end = min(nodes[index].end, index + Self.nodeLimit)
        var open: [(end: Int, isBlock: Bool)] = []
        var next = index + 1
        while next < end, characters < Self.characterLimit {
            while let last = open.last, last.end <= next {
                open.removeLast()
                if last.isBlock, lines.last?.isEmpty == false { lines.append("") }
            }
            let node = nodes[next]
            if node.isText {
                let words = node.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                characters += words.count
                if !words.isEmpty, var line = lines.popLast() {
                    if !line.isEmpty, node.text.first?.isWhitespace ?? false, !line.hasSuffix(" ") { line += " " }
                    line += words
                    if node.text.last?.isWhitespace ?? false { line += " " }
                    lines.append(line)
                }
                next += 1
                continue
            }
            let name = node.name.lowercased()
            // Words of other languages are not words of the drawing.
            if !(Self.blocks.contains(name) || Self.inlines.contains(name))
                || (nodes[next]["style"] ?? "").contains("display:none")
                || (nodes[next]["style"] ?? "").contains("display: none")
            {
                next = node.end
                continue
            }
            let isBlock = Self.blocks.contains(name)
            if isBlock || name == "br", lines.last?.isEmpty == false { lines.append("") }
            open.append((node.end, isBlock))
            next += 1
        }
        return lines.map { String($0.trimmed) }.filter { !$0.isEmpty }
    }

    private static let blocks: Set<String> = [
        "div", "p", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "pre",
        "blockquote", "body", "html", "main", "nav", "aside", "caption", "details", "summary", "header", "footer",
        "center", "dl", "dt", "dd", "figure", "hr",
    ]

    /// Elements of HTML that show something besides words.
    private static let others: Set<String> = [
        "img", "canvas", "video", "audio", "iframe", "object", "embed", "input", "select", "textarea", "svg", "math",
        "progress", "meter",
    ]

    private static let inlines: Set<String> = [
        "a", "abbr", "b", "bdi", "bdo", "big", "br", "button", "cite", "code", "data", "del", "dfn", "em", "font", "i",
        "ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "tbody", "td",
        "tfoot",
        "th", "thead", "time", "tt", "u", "var",
    ]

    /// - Parameter width: in sizes of the font.
    private static func wrapped(_ line: String, width: Double) -> [String] {
        var lines: [String] = []
        var current = ""
        var length = 0.0
        for word in line.split(separator: " ") {
            let more = SVGTextWidth.estimate(word)
            if !current.isEmpty, length + 0.3 + more > width {
                lines.append(current)
                (current, length) = ("", 0)
            }
            length += more + (current.isEmpty ? 0 : 0.3)
            current += current.isEmpty ? String(word) : " \(word)"
        }
        return current.isEmpty ? lines : lines + [current]
    }

    // MARK: textPath

    private mutating func mendTextPaths(_ cascade: inout SVGCascade) {
        let paths = nodes.indices.filter { nodes[$0].name == "textPath" && isSVG($0) }
        guard !paths.isEmpty else { return }
        var targets: [String: Int] = [:]
        for index in nodes.indices {
            if let id = nodes[index]["id"], targets[id] == nil { targets[id] = index }
        }
        var pathBytesLeft = Self.pathBytes
        if paths.count > Self.textPathLimit { isIncomplete = true }
        for index in paths { replacements[index] = [] }
        for index in paths.prefix(Self.textPathLimit) {
            guard let href = nodes[index].href, href.first == "#", let target = targets[String(href.dropFirst())],
                let data = nodes[target]["d"], data.utf8.count <= pathBytesLeft
            else { continue }
            pathBytesLeft -= data.utf8.count
            let line = SVGPolyline(path: data)
            let anchor = cascade.inherited("text-anchor", self, index) ?? "start"
            let words = allText(in: index)
            guard line.length > 0, !words.isEmpty else { continue }
            let size = length(cascade.inherited("font-size", self, index)) ?? 16
            replacements[index] = glyphs(of: words, along: line, index, anchor, size: min(max(size, 0.01), 10_000))
        }
        // A text cannot be inside another one, and librsvg turns whole texts only.
        for index in paths {
            guard let fragments = replacements[index], !fragments.isEmpty else { continue }
            var text = nodes[index].parent
            while text > 0, !isSVG(text, "text") { text = nodes[text].parent }
            guard text > 0 else {
                replacements[index] = []
                continue
            }
            replacements[index] = []
            let dropped: Set<String> = [
                "x", "y", "dx", "dy", "rotate", "textLength", "lengthAdjust", "id", "text-anchor",
            ]
            let attributes = nodes[text].attributes.filter { !dropped.contains($0.name) }
            var group = Fragment("g", [], children: fragments)
            group.attributes = attributes
            let isAlone = drawnChildren(of: text).count == 1 && self.text(in: text).trimmed.isEmpty
            if isAlone {
                replacements[text] = [group]
            } else if replacements[text] == nil, text + 1 < nodes.count {
                additions[text, default: []].append(group)
            }
        }
    }

    /// The largest number of bytes of all paths together, and of texts along paths.
    private static let pathBytes = 1 << 20
    private static let textPathLimit = 200

    private func allText(in index: Int) -> String {
        let text = nodes[index..<min(nodes[index].end, index + Self.nodeLimit)].reduce("") { $0 + $1.text }
        return String(text.split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(500))
    }

    /// A text for each character, turned as the path is there.
    private func glyphs(
        of words: String, along line: SVGPolyline, _ index: Int, _ anchor: String, size: Double
    ) -> [Fragment] {
        let node = nodes[index]
        let widths = words.map { SVGTextWidth.estimate(String($0)) * size }
        let total = widths.reduce(0, +)
        var start = 0.0
        if let offset = node["startOffset"] {
            var numbers = SVGNumbers(offset)
            let number = numbers.next() ?? 0
            start = numbers.unit() == "%" ? line.length * number / 100 : SVGNumbers.length(offset) ?? 0
        }
        if anchor == "middle" { start -= total / 2 }
        if anchor == "end" { start -= total }
        let kept = node.attributes.filter {
            SVGAllowList.properties.contains($0.name) || $0.name == "style" || $0.name == "class"
        }
        var fragments: [Fragment] = []
        for (character, width) in zip(words, widths) {
            defer { start += width }
            guard !character.isWhitespace, let place = line.place(at: start + width / 2) else { continue }
            let turn = SVGNumbers.text(place.degrees)
            let transform =
                "translate(\(SVGNumbers.text(place.x)) \(SVGNumbers.text(place.y))) rotate(\(turn))"
            var glyph = Fragment("text", [("transform", transform)], text: String(character))
            glyph.attributes += kept.filter { $0.name != "text-anchor" }
            glyph.attributes.append(SVGAttribute(name: "text-anchor", namespace: nil, value: "middle"))
            fragments.append(glyph)
        }
        return fragments
    }
}

/// An estimate of how wide texts are, in sizes of the font: fonts are not known here.
enum SVGTextWidth {
    static func estimate(_ text: some StringProtocol) -> Double {
        text.unicodeScalars.reduce(0) { $0 + width(of: $1) }
    }

    private static func width(of scalar: Unicode.Scalar) -> Double {
        switch scalar {
        case "i", "j", "l", "I", ".", ",", "'", "|", "!", ":", ";": 0.3
        case "f", "t", "r", " ", "(", ")", "[", "]", "-", "/", "\\": 0.36
        case "m", "w", "M", "W", "@", "%": 0.9
        case "A"..."Z": 0.68
        case "\u{300}"..."\u{36F}": 0
        case "\u{1100}"...: 1
        default: 0.58
        }
    }
}

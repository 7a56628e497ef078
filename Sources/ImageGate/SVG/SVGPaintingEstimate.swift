/// Estimates how much librsvg will paint for a document, including repetitions, before anything is drawn.
///
/// It traverses the document as librsvg does, without painting. A pattern is painted anew for each shape that is filled
/// with it, a marker for each vertex, a mask for each element; a translucent group takes a surface of the whole
/// drawing, and so on. The unit is a pixel of one colour, of which some 2.5 billion take a second. Where the cost is
/// unknown the estimate is low rather than high, so that a document which it refuses would not have been drawn in time.
struct SVGPaintingEstimate {
    /// The properties that an element inherits, and the surface on which it is drawn.
    private struct Context {
        /// The number of pixels of a unit of length.
        var scale: Double
        /// The number of pixels of the surface that is drawn on.
        var surface: Double
        var fill = SVGComputedStyle.Link.plain
        var stroke = SVGComputedStyle.Link.none
        var markers = [SVGComputedStyle.Link](repeating: .none, count: 3)
        var strokeWidth = 1.0
        var fontSize = 16.0
        /// Whether the element is part of a clip path, of which only outlines count.
        var isClip = false
    }

    /// The costs, in pixels of one colour.
    private enum Price {
        static let element = 5_000.0
        static let vertex = 60.0
        /// The cost of a pixel of an upright rectangle in one colour, which is filled rather than rendered.
        static let box = 0.3
        static let strokedVertex = 200.0
        static let character = 5_000.0
        static let stop = 50.0
        /// The costs of a pixel of the whole drawing.
        static let layer = 4.0, mask = 12.0, filter = 6.0
        /// The costs of a pixel of the filtered area.
        static let primitive = 8.0, blur = 40.0
        /// The cost of a pixel of the filtered area for each pixel of the radius.
        static let morphology = 25.0
        /// The costs of a pixel of the filtered area: of lighting, of each octave of noise, and of each number of a
        /// matrix.
        static let lighting = 100.0, octave = 250.0, matrixElement = 12.0
        /// The costs of a pixel of a gradient, and of a pattern.
        static let gradient = 3.0, pattern = 2.0
        /// The costs of a pixel of an embedded image, and of a pixel of the area on which it is drawn.
        static let imagePixel = 10.0, drawnImagePixel = 3.0
        /// The cost of a pixel of a pattern's tile, besides what is painted on it.
        static let tile = 3.0
    }

    private let document: SVGDocument
    /// The number of pixels of the whole drawing.
    private let canvas: Double
    private let computedStyles: SVGDocument.ComputedStyles
    private var inherited: [Int: Context] = [:]
    private var isOpen: Set<Int> = []
    private var steps = 0
    private var painted = 0.0
    /// The pixels that shapes have covered so far, from which the filtered area of a group is taken.
    private var covered = 0.0

    /// The number of pixels of an image that costs as much as an embedded drawing.
    static func pixels(for painted: Double) -> Double { min(painted, SVGLimit.paintedPixels) / Price.imagePixel }

    /// - Returns: the cost, in pixels of one colour.
    /// - Throws: `.forbidden` for a document that cannot be painted in the available time.
    static func check(
        _ document: SVGDocument, _ computedStyles: SVGDocument.ComputedStyles, _ size: SVGSize, _ policy: ImagePolicy
    ) throws(ImageGateError) -> Double {
        guard let root = document.elements.first else { return 0 }
        let (width, height) = size.fitted(shortSide: policy.shortSide, longSide: policy.longSide)
        var estimate = SVGPaintingEstimate(document, computedStyles, canvas: Double(width) * Double(height))
        var context = Context(scale: 1, surface: estimate.canvas)
        context.scale = (estimate.canvas / (root.viewBoxArea ?? size.width * size.height)).squareRoot()
        try estimate.draw(0, context, level: 1)
        return estimate.painted
    }

    private init(_ document: SVGDocument, _ computedStyles: SVGDocument.ComputedStyles, canvas: Double) {
        self.document = document
        self.canvas = canvas
        self.computedStyles = computedStyles
    }

    private mutating func pay(_ price: Double) throws(ImageGateError) {
        // An infinite cost stems from a percentage or from an absurd length, which librsvg does not paint.
        if price.isFinite { painted += price }
        guard painted <= SVGLimit.paintedPixels else {
            throw .forbidden(.svg, what: "more than \(Int(SVGLimit.paintedPixels) / 1_000_000) megapixels to paint")
        }
    }

    // MARK: Elements

    private mutating func draw(
        _ index: Int, _ outside: Context, level: Int, byUse: Bool = false
    ) throws(ImageGateError) {
        let element = document.elements[index]
        switch element.kind {
        case .container, .use, .shape, .text, .image: break
        case .symbol: guard byUse else { return }
        default: return
        }
        guard level <= SVGLimit.depth else {
            throw .forbidden(.svg, what: "more than \(SVGLimit.depth) levels")
        }
        steps += 1
        guard steps <= SVGLimit.drawnElements else {
            throw .forbidden(.svg, what: "references that draw more than \(SVGLimit.drawnElements) elements")
        }
        let (style, conditional) = computedStyles[index]
        guard style[number: .display] != 0 else { return }
        try pay(Price.element)
        var context = Self.inherit(outside, style)
        if index > 0, element.kind == .container || element.kind == .symbol, let area = element.viewBoxArea {
            let side = Self.viewport(style) ?? (context.surface / (context.scale * context.scale))
            context.scale *= (side / area).squareRoot()
        }
        let before = covered
        if !context.isClip {
            if style[number: .opacity] ?? 1 < 1 || style[number: .layer] ?? 0 > 0 { try pay(Price.layer * canvas) }
            try refer(to: style[link: .mask], .mask, context, level)
        }
        try refer(to: style[link: .clipPath], .clipPath, context, level)
        switch element.kind {
        case .shape: try drawShape(element, style, context, level)
        case .text: try drawText(element, index, context, level)
        case .image: try drawImage(element, style, context)
        case .use: try drawUse(element, index, context, level)
        default: try drawChildren(index, context, level)
        }
        try filter(style[link: .filter], over: covered - before, context)
        for declaration in conditional { try maybe(declaration, element, style, context, level) }
    }

    private static func inherit(_ outside: Context, _ style: SVGComputedStyle) -> Context {
        var context = outside
        if style[link: .fill] != .unset { context.fill = style[link: .fill] }
        if style[link: .stroke] != .unset { context.stroke = style[link: .stroke] }
        for (index, property) in [SVGComputedStyle.Property.markerStart, .markerMid, .markerEnd].enumerated()
        where style[link: property] != .unset {
            context.markers[index] = style[link: property]
        }
        if let width = style[number: .strokeWidth] { context.strokeWidth = width }
        if let size = style[number: .fontSize], size.isFinite { context.fontSize = size }
        if let growth = style[number: .growth] { context.scale *= growth.squareRoot() }
        return context
    }

    /// Returns the area of the element's viewport; nil if its width and height do not determine one.
    private static func viewport(_ style: SVGComputedStyle) -> Double? {
        guard let width = style[number: .width], let height = style[number: .height], (width * height).isFinite else {
            return nil
        }
        return width * height
    }

    private mutating func drawChildren(_ index: Int, _ context: Context, _ level: Int) throws(ImageGateError) {
        let end = document.elements[index].end
        var child = index + 1
        while child < end {
            try draw(child, context, level: level + 1)
            child = document.elements[child].end
        }
    }

    private mutating func drawShape(
        _ element: SVGDocument.Element, _ style: SVGComputedStyle, _ context: Context, _ level: Int
    ) throws(ImageGateError) {
        var geometry = element.geometry
        let radius = (style[number: .rx] ?? 0, style[number: .ry] ?? 0)
        switch element.type {
        case "rect": geometry = SVGGeometry(width: style[number: .width] ?? 0, height: style[number: .height] ?? 0)
        case "circle": geometry = SVGGeometry(width: 2 * (style[number: .r] ?? 0), height: 2 * (style[number: .r] ?? 0))
        case "ellipse": geometry = SVGGeometry(width: 2 * radius.0, height: 2 * radius.1)
        default: break
        }
        try pay(Double(geometry.vertices) * Price.vertex)
        guard !context.isClip else { return }
        let square = context.scale * context.scale
        // A percentage, whose area is infinite here, may mean the whole viewport.
        let box = min(geometry.area.isNaN ? 0 : geometry.area * square, context.surface)
        let isPlainBox = element.type == "rect" && context.fill == .plain
        try paint(context.fill, isPlainBox ? Price.box * box : box, context, level)
        if context.stroke != .none {
            let line = min(geometry.length * context.strokeWidth * square, context.surface)
            try pay(Double(geometry.vertices) * Price.strokedVertex)
            try paint(context.stroke, line.isNaN ? 0 : line, context, level, over: box)
        }
        covered += box
        guard !["rect", "circle", "ellipse"].contains(element.type), geometry.vertices > 0 else { return }
        for (marker, count) in zip(context.markers, [1, max(geometry.vertices - 2, 0), 1]) {
            try drawMarker(marker, count, context, level)
        }
    }

    private mutating func drawText(
        _ element: SVGDocument.Element, _ index: Int, _ context: Context, _ level: Int
    ) throws(ImageGateError) {
        let count = Double(element.characters)
        try pay(count * Price.character)
        let letter = min(context.fontSize * context.fontSize * context.scale * context.scale / 2, context.surface)
        try paint(context.fill, count * letter, context, level, over: min(count * letter, context.surface))
        if context.stroke != .none {
            try paint(context.stroke, count * letter, context, level, over: min(count * letter, context.surface))
        }
        covered += min(count * letter, context.surface)
        try drawChildren(index, context, level)
    }

    private mutating func drawImage(
        _ element: SVGDocument.Element, _ style: SVGComputedStyle, _ context: Context
    ) throws(ImageGateError) {
        let area = (Self.viewport(style) ?? .infinity) * context.scale * context.scale
        let box = min(area, context.surface)
        try pay(Double(element.pixels) * Price.imagePixel + box * Price.drawnImagePixel)
        covered += box
    }

    private mutating func drawUse(
        _ element: SVGDocument.Element, _ index: Int, _ context: Context, _ level: Int
    ) throws(ImageGateError) {
        guard let name = element.href, let target = document.target(of: name) else { return }
        // The referenced element is not marked as open, because it may legitimately occur again further down.
        try whileOpen(index) { estimate throws(ImageGateError) in
            try estimate.draw(target, context, level: level + 1, byUse: true)
        }
    }

    /// Runs `body`, unless the target is being drawn already: librsvg ignores circular references as well.
    private mutating func whileOpen(
        _ target: Int, _ body: (inout SVGPaintingEstimate) throws(ImageGateError) -> Void
    ) throws(ImageGateError) {
        guard isOpen.insert(target).inserted else { return }
        try body(&self)
        isOpen.remove(target)
    }

    // MARK: What elements refer to

    /// - Parameters:
    ///   - pixels: the pixels that are painted.
    ///   - box: the pixels of the bounding box, if they differ.
    private mutating func paint(
        _ link: SVGComputedStyle.Link, _ pixels: Double, _ context: Context, _ level: Int, over box: Double? = nil
    ) throws(ImageGateError) {
        switch link {
        case .unset, .none: return
        case .plain: try pay(pixels)
        case .to(let name):
            guard let target = document.target(of: name) else { return try pay(pixels) }
            let element = document.elements[target]
            switch element.kind {
            case .gradient:
                try pay(pixels * Price.gradient + Double(element.end - target) * Price.stop)
            case .pattern:
                try pay(pixels * Price.pattern)
                try drawTile(target, over: box ?? pixels, context, level)
            default: try pay(pixels)
            }
        }
    }

    private mutating func drawTile(
        _ target: Int, over box: Double, _ context: Context, _ level: Int
    ) throws(ImageGateError) {
        let frame = TileFrame(document, target)
        let square = context.scale * context.scale
        let tile =
            frame.isPartOfBox
            ? frame.area * box : frame.area * square * (computedStyles[target].style[number: .growth] ?? 1)
        // librsvg cannot create a surface that is larger than this, and paints nothing then.
        guard tile.isFinite, tile > 0, tile < Double(1 << 30) else { return }
        try pay(tile * Price.tile)
        var inside = try contextOfTree(target)
        inside.surface = max(tile, 1)
        inside.scale = context.scale
        if let area = frame.viewBoxArea {
            inside.scale = (tile / area).squareRoot()
        } else if frame.isContentPartOfBox {
            inside.scale = box.squareRoot()
        }
        try whileOpen(target) { estimate throws(ImageGateError) in
            try estimate.drawChildren(frame.content, inside, level)
        }
    }

    private mutating func drawMarker(
        _ link: SVGComputedStyle.Link, _ count: Int, _ context: Context, _ level: Int
    ) throws(ImageGateError) {
        guard count > 0, case .to(let name) = link, let target = document.target(of: name),
            document.elements[target].kind == .marker
        else { return }
        let marker = document.elements[target]
        var inside = try contextOfTree(target)
        inside.surface = context.surface
        inside.scale = context.scale
        if marker.frame["markerUnits"] != "userSpaceOnUse" { inside.scale *= context.strokeWidth }
        let width = marker.frame["markerWidth"].flatMap { SVGNumbers.length($0) } ?? 3
        let height = marker.frame["markerHeight"].flatMap { SVGNumbers.length($0) } ?? 3
        if computedStyles[target].style[number: .overflow] ?? 0 == 0 {
            inside.surface = min(inside.surface, max(width * height * inside.scale * inside.scale, 1))
        }
        if let area = marker.viewBoxArea { inside.scale *= (width * height / area).squareRoot() }
        // All markers of a shape cost the same, so one is drawn and multiplied.
        let before = painted
        try whileOpen(target) { estimate throws(ImageGateError) in
            try estimate.drawChildren(target, inside, level)
        }
        try pay((painted - before) * Double(count - 1))
    }

    /// Draws the mask or the clip path that an element refers to.
    private mutating func refer(
        to link: SVGComputedStyle.Link, _ kind: SVGDocument.Kind, _ context: Context, _ level: Int
    ) throws(ImageGateError) {
        guard case .to(let name) = link, let target = document.target(of: name),
            document.elements[target].kind == kind
        else { return }
        if kind == .mask { try pay(Price.mask * canvas) }
        var inside = try contextOfTree(target)
        (inside.scale, inside.surface, inside.isClip) = (context.scale, context.surface, kind == .clipPath)
        let style = computedStyles[target].style
        try whileOpen(target) { estimate throws(ImageGateError) in
            try estimate.refer(to: style[link: kind == .mask ? .mask : .clipPath], kind, context, level + 1)
            try estimate.drawChildren(target, inside, level)
        }
    }

    private mutating func filter(
        _ link: SVGComputedStyle.Link, over covered: Double, _ context: Context
    ) throws(ImageGateError) {
        // A filter's region is larger than its element by a tenth on each side.
        let box = min(covered * 1.44, canvas)
        switch link {
        case .unset, .none: return
        // This is a filter function, such as blur().
        case .plain: try pay(Price.filter * canvas + Price.blur * box)
        case .to(let name):
            guard let target = document.target(of: name), document.elements[target].kind == .filter else { return }
            try pay(Price.filter * canvas)
            for primitive in document.elements[target + 1..<document.elements[target].end]
            where primitive.kind == .primitive {
                switch primitive.type {
                case "feGaussianBlur", "feDropShadow": try pay(Price.blur * box)
                case "feMorphology":
                    let radius = primitive.frame["radius"].flatMap { SVGNumbers.length($0) } ?? 0
                    try pay((Price.primitive + Price.morphology * radius * context.scale) * box)
                case "feDiffuseLighting", "feSpecularLighting": try pay(Price.lighting * box)
                // Noise has no input, so it fills all of the filter's region.
                case "feTurbulence":
                    try pay(Price.octave * max(primitive.number("numOctaves") ?? 1, 1) * max(box, canvas / 4))
                case "feConvolveMatrix":
                    let side = max(primitive.number("order") ?? 3, 3)
                    try pay(Price.matrixElement * side * side * box)
                default: try pay(Price.primitive * box)
                }
            }
        }
    }

    /// Adds the cost of a declaration that may or may not apply, if it makes the element refer to another one.
    private mutating func maybe(
        _ declaration: SVGComputedStyle.Declaration, _ element: SVGDocument.Element, _ style: SVGComputedStyle,
        _ context: Context,
        _ level: Int
    ) throws(ImageGateError) {
        var conditional = SVGComputedStyle()
        conditional.apply(declaration)
        switch declaration.property {
        case .mask: try refer(to: conditional[link: .mask], .mask, context, level)
        case .clipPath: try refer(to: conditional[link: .clipPath], .clipPath, context, level)
        case .fill, .stroke, .markerStart, .markerMid, .markerEnd:
            guard element.kind == .shape, case .to = declaration.link else { return }
            try drawShape(element, style, Self.inherit(context, conditional), level)
        default: return
        }
    }

    /// Returns the context of a resource's content, which inherits from the place of the resource, and not from the
    /// place of its use.
    private mutating func contextOfTree(_ index: Int) throws(ImageGateError) -> Context {
        if let context = inherited[index] { return context }
        var path: [Int] = []
        var next: Int? = index
        while let element = next {
            path.append(element)
            next = document.elements[element].parent
        }
        var context = Context(scale: 1, surface: canvas)
        for element in path.reversed() { context = Self.inherit(context, computedStyles[element].style) }
        inherited[index] = context
        return context
    }
}

/// The size of a pattern's tile, whose attributes may come from the patterns that it refers to.
private struct TileFrame {
    private(set) var content: Int
    private var values: [String: String] = [:]

    init(_ document: SVGDocument, _ index: Int) {
        content = index
        var hasContent = false
        var seen: Set<Int> = []
        var next: Int? = index
        while let pattern = next, document.elements[pattern].kind == .pattern, seen.insert(pattern).inserted {
            let element = document.elements[pattern]
            values.merge(element.frame) { own, _ in own }
            if !hasContent, element.end > pattern + 1 { (content, hasContent) = (pattern, true) }
            next = element.href.flatMap { document.target(of: $0) }
        }
    }

    var isPartOfBox: Bool { values["patternUnits"] != "userSpaceOnUse" }
    var isContentPartOfBox: Bool { values["patternContentUnits"] == "objectBoundingBox" }
    var viewBoxArea: Double? { values["viewBox"].flatMap(SVGDocument.Element.area(viewBox:)) }

    /// The area of the tile, in units or as a share of the filled shape's bounding box.
    var area: Double { side("width") * side("height") }

    private func side(_ name: String) -> Double {
        guard let text = values[name] else { return 0 }
        var numbers = SVGNumbers(text)
        guard let number = numbers.next(), number > 0 else { return 0 }
        return numbers.unit() == "%" ? number / 100 : SVGNumbers.length(text) ?? 0
    }
}

extension SVGDocument.Element {
    /// The first number of an attribute of the element's frame.
    fileprivate func number(_ name: String) -> Double? {
        frame[name].flatMap {
            var numbers = SVGNumbers($0)
            return numbers.next()
        }
    }

    var viewBoxArea: Double? { frame["viewBox"].flatMap(Self.area(viewBox:)) }

    static func area(viewBox text: String) -> Double? {
        var numbers = SVGNumbers(text)
        guard numbers.next() != nil, numbers.next() != nil, let width = numbers.next(), let height = numbers.next(),
            width > 0, height > 0
        else { return nil }
        return width * height
    }
}

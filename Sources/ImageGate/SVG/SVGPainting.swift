/// How much a document has a library paint, all that it repeats included: an estimate, before anything is drawn.
///
/// It follows the document as librsvg does, without painting: a pattern is painted anew for each shape that is filled with it,
/// a marker for each vertex, a mask for each element; a group that is to be seen through takes a surface of the whole
/// drawing, and so on. The unit is a pixel in one colour, at some 2.5 billion a second. Where it cannot know, it assumes less
/// rather than more: what it refuses would not have been drawn in its time.
struct SVGPainting {
    /// What is inherited or given from outside while an element is drawn.
    private struct Context {
        /// Pixels for a unit of length.
        var scale: Double
        /// Pixels of the surface that is drawn on.
        var surface: Double
        var fill = SVGLook.Link.plain
        var stroke = SVGLook.Link.none
        var markers = [SVGLook.Link](repeating: .none, count: 3)
        var strokeWidth = 1.0
        var fontSize = 16.0
        /// Only outlines matter.
        var isClip = false
    }

    /// In pixels of one colour.
    private enum Price {
        static let element = 5_000.0
        static let vertex = 60.0
        /// For a pixel of an upright box in one colour, which is copied rather than computed.
        static let box = 0.3
        static let strokedVertex = 200.0
        static let character = 5_000.0
        static let stop = 50.0
        /// For a pixel of the whole drawing.
        static let layer = 4.0, mask = 12.0, filter = 6.0
        /// For a pixel of what is filtered.
        static let primitive = 8.0, blur = 40.0
        /// And for a pixel of the radius.
        static let morphology = 25.0
        /// For a pixel of a gradient, and of a pattern.
        static let gradient = 3.0, pattern = 2.0
        /// For a pixel of an image, where it comes from and where it goes.
        static let imagePixel = 10.0, drawnImagePixel = 3.0
        /// For a pixel of a tile, besides what is painted on it.
        static let tile = 3.0
    }

    private let picture: SVGPicture
    /// Pixels of the whole drawing.
    private let canvas: Double
    private let looks: SVGPicture.Looks
    private var inherited: [Int: Context] = [:]
    private var isOpen: Set<Int> = []
    private var steps = 0
    private var painted = 0.0
    /// Pixels of shapes, for filters of groups.
    private var covered = 0.0

    /// - Throws: `.forbidden` for more than can be painted in the time that there is.
    static func check(
        _ picture: SVGPicture, _ looks: SVGPicture.Looks, _ size: SVGSize, _ policy: ImagePolicy
    ) throws(ImageRejection) {
        guard let root = picture.elements.first else { return }
        let (width, height) = size.fitted(shortSide: policy.shortSide, longSide: policy.longSide)
        var painting = SVGPainting(picture, looks, canvas: Double(width) * Double(height))
        var context = Context(scale: 1, surface: painting.canvas)
        context.scale = (painting.canvas / (root.viewBoxArea ?? size.width * size.height)).squareRoot()
        try painting.draw(0, context, level: 1)
    }

    private init(_ picture: SVGPicture, _ looks: SVGPicture.Looks, canvas: Double) {
        self.picture = picture
        self.canvas = canvas
        self.looks = looks
    }

    private mutating func pay(_ price: Double) throws(ImageRejection) {
        // Numbers without end are those of a part of something, or absurd: a library gives up on these.
        if price.isFinite { painted += price }
        guard painted <= SVGLimit.paintedPixels else {
            throw .forbidden(.svg, what: "more than \(Int(SVGLimit.paintedPixels) / 1_000_000) megapixels to paint")
        }
    }

    // MARK: Elements

    private mutating func draw(
        _ index: Int, _ outside: Context, level: Int, byUse: Bool = false
    ) throws(ImageRejection) {
        let element = picture.elements[index]
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
        let (look, further) = looks[index]
        guard look[number: .display] != 0 else { return }
        try pay(Price.element)
        var context = Self.inherit(outside, look)
        if index > 0, element.kind == .container || element.kind == .symbol, let area = element.viewBoxArea {
            let side = Self.viewport(look) ?? (context.surface / (context.scale * context.scale))
            context.scale *= (side / area).squareRoot()
        }
        let before = covered
        if !context.isClip {
            if look[number: .opacity] ?? 1 < 1 || look[number: .layer] ?? 0 > 0 { try pay(Price.layer * canvas) }
            try refer(to: look[link: .mask], .mask, context, level)
        }
        try refer(to: look[link: .clipPath], .clipPath, context, level)
        switch element.kind {
        case .shape: try drawShape(element, look, context, level)
        case .text: try drawText(element, index, context, level)
        case .image: try drawImage(element, look, context)
        case .use: try drawUse(element, index, context, level)
        default: try drawChildren(index, context, level)
        }
        try filter(look[link: .filter], over: covered - before, context)
        for declaration in further { try maybe(declaration, element, look, context, level) }
    }

    private static func inherit(_ outside: Context, _ look: SVGLook) -> Context {
        var context = outside
        if look[link: .fill] != .unset { context.fill = look[link: .fill] }
        if look[link: .stroke] != .unset { context.stroke = look[link: .stroke] }
        for (index, property) in [SVGLook.Property.markerStart, .markerMid, .markerEnd].enumerated()
        where look[link: property] != .unset {
            context.markers[index] = look[link: property]
        }
        if let width = look[number: .strokeWidth] { context.strokeWidth = width }
        if let size = look[number: .fontSize], size.isFinite { context.fontSize = size }
        if let growth = look[number: .growth] { context.scale *= growth.squareRoot() }
        return context
    }

    /// The area that an element says it takes.
    private static func viewport(_ look: SVGLook) -> Double? {
        guard let width = look[number: .width], let height = look[number: .height], (width * height).isFinite else {
            return nil
        }
        return width * height
    }

    private mutating func drawChildren(_ index: Int, _ context: Context, _ level: Int) throws(ImageRejection) {
        let end = picture.elements[index].end
        var child = index + 1
        while child < end {
            try draw(child, context, level: level + 1)
            child = picture.elements[child].end
        }
    }

    private mutating func drawShape(
        _ element: SVGPicture.Element, _ look: SVGLook, _ context: Context, _ level: Int
    ) throws(ImageRejection) {
        var extent = element.extent
        let radius = (look[number: .rx] ?? 0, look[number: .ry] ?? 0)
        switch element.type {
        case "rect": extent = SVGExtent(width: look[number: .width] ?? 0, height: look[number: .height] ?? 0)
        case "circle": extent = SVGExtent(width: 2 * (look[number: .r] ?? 0), height: 2 * (look[number: .r] ?? 0))
        case "ellipse": extent = SVGExtent(width: 2 * radius.0, height: 2 * radius.1)
        default: break
        }
        try pay(Double(extent.vertices) * Price.vertex)
        guard !context.isClip else { return }
        let square = context.scale * context.scale
        // Parts of the viewport may be all of it.
        let box = min(extent.area.isNaN ? 0 : extent.area * square, context.surface)
        let isPlainBox = element.type == "rect" && context.fill == .plain
        try paint(context.fill, isPlainBox ? Price.box * box : box, context, level)
        if context.stroke != .none {
            let line = min(extent.length * context.strokeWidth * square, context.surface)
            try pay(Double(extent.vertices) * Price.strokedVertex)
            try paint(context.stroke, line.isNaN ? 0 : line, context, level, over: box)
        }
        covered += box
        guard !["rect", "circle", "ellipse"].contains(element.type), extent.vertices > 0 else { return }
        for (marker, count) in zip(context.markers, [1, max(extent.vertices - 2, 0), 1]) {
            try drawMarker(marker, count, context, level)
        }
    }

    private mutating func drawText(
        _ element: SVGPicture.Element, _ index: Int, _ context: Context, _ level: Int
    ) throws(ImageRejection) {
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
        _ element: SVGPicture.Element, _ look: SVGLook, _ context: Context
    ) throws(ImageRejection) {
        let area = (Self.viewport(look) ?? .infinity) * context.scale * context.scale
        let box = min(area, context.surface)
        try pay(Double(element.pixels) * Price.imagePixel + box * Price.drawnImagePixel)
        covered += box
    }

    private mutating func drawUse(
        _ element: SVGPicture.Element, _ index: Int, _ context: Context, _ level: Int
    ) throws(ImageRejection) {
        guard let name = element.href, let target = picture.target(of: name) else { return }
        // What it shows may be shown again on the way, by something else.
        try whileOpen(index) { painting throws(ImageRejection) in
            try painting.draw(target, context, level: level + 1, byUse: true)
        }
    }

    /// Circles are left out, as libraries do.
    private mutating func whileOpen(
        _ target: Int, _ body: (inout SVGPainting) throws(ImageRejection) -> Void
    ) throws(ImageRejection) {
        guard isOpen.insert(target).inserted else { return }
        try body(&self)
        isOpen.remove(target)
    }

    // MARK: What elements refer to

    /// - Parameters:
    ///   - pixels: what is painted.
    ///   - box: the pixels around it, if they are others.
    private mutating func paint(
        _ link: SVGLook.Link, _ pixels: Double, _ context: Context, _ level: Int, over box: Double? = nil
    ) throws(ImageRejection) {
        switch link {
        case .unset, .none: return
        case .plain: try pay(pixels)
        case .to(let name):
            guard let target = picture.target(of: name) else { return try pay(pixels) }
            let element = picture.elements[target]
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
    ) throws(ImageRejection) {
        let frame = TileFrame(picture, target)
        let square = context.scale * context.scale
        let tile =
            frame.isPartOfBox ? frame.area * box : frame.area * square * (looks[target].look[number: .growth] ?? 1)
        // A surface that is too large is none.
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
        try whileOpen(target) { painting throws(ImageRejection) in
            try painting.drawChildren(frame.content, inside, level)
        }
    }

    private mutating func drawMarker(
        _ link: SVGLook.Link, _ count: Int, _ context: Context, _ level: Int
    ) throws(ImageRejection) {
        guard count > 0, case .to(let name) = link, let target = picture.target(of: name),
            picture.elements[target].kind == .marker
        else { return }
        let marker = picture.elements[target]
        var inside = try contextOfTree(target)
        inside.surface = context.surface
        inside.scale = context.scale
        if marker.frame["markerUnits"] != "userSpaceOnUse" { inside.scale *= context.strokeWidth }
        let width = marker.frame["markerWidth"].flatMap { SVGNumbers.length($0) } ?? 3
        let height = marker.frame["markerHeight"].flatMap { SVGNumbers.length($0) } ?? 3
        if looks[target].look[number: .overflow] ?? 0 == 0 {
            inside.surface = min(inside.surface, max(width * height * inside.scale * inside.scale, 1))
        }
        if let area = marker.viewBoxArea { inside.scale *= (width * height / area).squareRoot() }
        // All are alike.
        let before = painted
        try whileOpen(target) { painting throws(ImageRejection) in
            try painting.drawChildren(target, inside, level)
        }
        try pay((painted - before) * Double(count - 1))
    }

    /// Masks and clips.
    private mutating func refer(
        to link: SVGLook.Link, _ kind: SVGPicture.Kind, _ context: Context, _ level: Int
    ) throws(ImageRejection) {
        guard case .to(let name) = link, let target = picture.target(of: name),
            picture.elements[target].kind == kind
        else { return }
        if kind == .mask { try pay(Price.mask * canvas) }
        var inside = try contextOfTree(target)
        (inside.scale, inside.surface, inside.isClip) = (context.scale, context.surface, kind == .clipPath)
        let look = looks[target].look
        try whileOpen(target) { painting throws(ImageRejection) in
            try painting.refer(to: look[link: kind == .mask ? .mask : .clipPath], kind, context, level + 1)
            try painting.drawChildren(target, inside, level)
        }
    }

    private mutating func filter(
        _ link: SVGLook.Link, over covered: Double, _ context: Context
    ) throws(ImageRejection) {
        // With a margin around it.
        let box = min(covered * 1.44, canvas)
        switch link {
        case .unset, .none: return
        // A function such as blur().
        case .plain: try pay(Price.filter * canvas + Price.blur * box)
        case .to(let name):
            guard let target = picture.target(of: name), picture.elements[target].kind == .filter else { return }
            try pay(Price.filter * canvas)
            for primitive in picture.elements[target + 1..<picture.elements[target].end]
            where primitive.kind == .primitive {
                switch primitive.type {
                case "feGaussianBlur", "feDropShadow": try pay(Price.blur * box)
                case "feMorphology":
                    let radius = primitive.frame["radius"].flatMap { SVGNumbers.length($0) } ?? 0
                    try pay((Price.primitive + Price.morphology * radius * context.scale) * box)
                default: try pay(Price.primitive * box)
                }
            }
        }
    }

    /// A style that applies or not: one that paints something is paid for.
    private mutating func maybe(
        _ declaration: SVGLook.Declaration, _ element: SVGPicture.Element, _ look: SVGLook, _ context: Context,
        _ level: Int
    ) throws(ImageRejection) {
        var further = SVGLook()
        further.apply(declaration)
        switch declaration.property {
        case .mask: try refer(to: further[link: .mask], .mask, context, level)
        case .clipPath: try refer(to: further[link: .clipPath], .clipPath, context, level)
        case .fill, .stroke, .markerStart, .markerMid, .markerEnd:
            guard element.kind == .shape, case .to = declaration.link else { return }
            try drawShape(element, look, Self.inherit(context, further), level)
        default: return
        }
    }

    /// What the content of a resource inherits: from where it is, not from where it is used.
    private mutating func contextOfTree(_ index: Int) throws(ImageRejection) -> Context {
        if let context = inherited[index] { return context }
        var path: [Int] = []
        var next: Int? = index
        while let element = next {
            path.append(element)
            next = picture.elements[element].parent
        }
        var context = Context(scale: 1, surface: canvas)
        for element in path.reversed() { context = Self.inherit(context, looks[element].look) }
        inherited[index] = context
        return context
    }
}

/// How large the tile of a pattern is, which may be said by the patterns that it refers to.
private struct TileFrame {
    private(set) var content: Int
    private var values: [String: String] = [:]

    init(_ picture: SVGPicture, _ index: Int) {
        content = index
        var hasContent = false
        var seen: Set<Int> = []
        var next: Int? = index
        while let pattern = next, picture.elements[pattern].kind == .pattern, seen.insert(pattern).inserted {
            let element = picture.elements[pattern]
            values.merge(element.frame) { own, _ in own }
            if !hasContent, element.end > pattern + 1 { (content, hasContent) = (pattern, true) }
            next = element.href.flatMap { picture.target(of: $0) }
        }
    }

    var isPartOfBox: Bool { values["patternUnits"] != "userSpaceOnUse" }
    var isContentPartOfBox: Bool { values["patternContentUnits"] == "objectBoundingBox" }
    var viewBoxArea: Double? { values["viewBox"].flatMap(SVGPicture.Element.area(viewBox:)) }

    /// Of the tile: in units, or of the box around what it fills.
    var area: Double { side("width") * side("height") }

    private func side(_ name: String) -> Double {
        guard let text = values[name] else { return 0 }
        var numbers = SVGNumbers(text)
        guard let number = numbers.next(), number > 0 else { return 0 }
        return numbers.unit() == "%" ? number / 100 : SVGNumbers.length(text) ?? 0
    }
}

extension SVGPicture.Element {
    var viewBoxArea: Double? { frame["viewBox"].flatMap(Self.area(viewBox:)) }

    static func area(viewBox text: String) -> Double? {
        var numbers = SVGNumbers(text)
        guard numbers.next() != nil, numbers.next() != nil, let width = numbers.next(), let height = numbers.next(),
            width > 0, height > 0
        else { return nil }
        return width * height
    }
}

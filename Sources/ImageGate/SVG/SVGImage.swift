import CImage

/// A sanitised SVG document.
///
/// The bytes go through `SVGEncoding` (to UTF-8), `SVGPreflight` (limits, no prolog), `SVGParser` (libxml2), `SVGTree`
/// (what librsvg does not know, in other words) and `SVGSanitiser` (an allow-list), which writes them anew. Only the new document reaches librsvg, or leaves the gate. The gate checks a document that
/// comes from a decoder process once more, with `SVGReader`.
struct SVGImage: Equatable {
    /// The document in UTF-8, without a prolog. Sanitising it again changes nothing.
    let bytes: [UInt8]
    let size: SVGSize
    /// The estimated cost of painting the drawing in the whole box, in pixels of one colour.
    let painted: Double
    /// Whether it lacks something that browsers would show of the document that came.
    let isIncomplete: Bool
    private let hasViewBox: Bool

    /// Equal drawings show the same, whatever they have lost, and whatever the images in them have been before.
    static func == (one: SVGImage, other: SVGImage) -> Bool { one.bytes == other.bytes && one.size == other.size }

    /// The width in whole pixels, for messages.
    var width: Int { Int(size.width.rounded()) }
    var height: Int { Int(size.height.rounded()) }

    /// - Parameters:
    ///   - level: the number of drawings in which this one is embedded.
    ///   - mends: whether what librsvg does not know is put into other words. If not, the document is only sanitised.
    init(
        sanitising bytes: [UInt8], policy: ImagePolicy, cancellation: Cancellation = Cancellation(), level: Int = 0,
        mends: Bool = true
    ) throws(ImageGateError) {
        guard !bytes.isEmpty else { throw .empty }
        let limit = min(policy.inputByteLimit, SVGLimit.document)
        guard bytes.count <= limit else { throw .tooManyBytes(count: bytes.count, limit: limit) }
        let text = try SVGEncoding.utf8(bytes, limit: limit)
        try self.init(
            Admission(policy: policy, cancellation: cancellation), text: text, frame: nil, level: level, mends: mends)
    }

    /// - Parameters:
    ///   - text: in UTF-8.
    ///   - frame: the part of the plane that the drawing shows; nil for what the document says.
    private init(
        _ admission: Admission, text: [UInt8], frame: SVGViewBox?, level: Int, stated: PixelSize? = nil,
        wasIncomplete: Bool = false, mends: Bool = true
    ) throws(ImageGateError) {
        let (source, body) = try SVGPreflight.body(of: text)
        var tree = try SVGParser.parse(source[body])
        try admission.cancellation.check()
        if let frame { tree.setFrame(frame) }
        if let stated { tree.setSize(stated) }
        if mends { try tree.mend(admission) }
        var sanitiser = SVGSanitiser(admission, level: level)
        try tree.play(into: &sanitiser)
        self.bytes = try sanitiser.finish()
        (size, painted, hasViewBox) = (sanitiser.size, sanitiser.painted, sanitiser.hasViewBox)
        isIncomplete = tree.isIncomplete || sanitiser.isIncomplete || wasIncomplete
    }

    /// Returns a drawing whose size only what it shows can tell, with that size. It calls librsvg, as `rasterised`.
    func measured(_ admission: Admission) throws(ImageGateError) -> SVGImage {
        guard size.isGuessed else { return self }
        var extent = [0.0, 0, 0, 0]
        let status = bytes.withUnsafeBufferPointer { bytes in
            guard let document = bytes.baseAddress else { return cimage_svg_status.malformed }
            return cimage_svg_measure(document, bytes.count, size.width, size.height, &extent)
        }
        guard status == .ok, extent.allSatisfy(\.isFinite), extent[2] >= 0.1, extent[3] >= 0.1 else { return self }
        var frame = SVGViewBox(x: extent[0], y: extent[1], width: extent[2], height: extent[3])
        guard abs(frame.x) + frame.width < Self.farthest, abs(frame.y) + frame.height < Self.farthest else {
            return self
        }
        // A side that the document gives stays.
        if size.hasWidth { (frame.x, frame.width) = (0, size.width) }
        if size.hasHeight { (frame.y, frame.height) = (0, size.height) }
        return try SVGImage(admission, text: bytes, frame: frame, level: 0, wasIncomplete: isIncomplete)
    }

    /// Whether the document states its size, no larger than `framed` makes it, and its viewport.
    var isFramed: Bool { !size.isOfAnySize && hasViewBox && max(size.width, size.height) <= Double(Self.longSide) }

    /// Returns a drawing that is to be embedded. It is drawn once, at the size that it states, and its pixels are
    /// scaled, so it states one that is sharp and not too large.
    func framed(_ admission: Admission, level: Int) throws(ImageGateError) -> SVGImage {
        let (width, height) = size.atAnySize.fitted(shortSide: Self.shortSide, longSide: Self.longSide)
        return try SVGImage(
            admission, text: bytes, frame: nil, level: level, stated: PixelSize(width: width, height: height))
    }

    private static let shortSide = 512
    private static let longSide = 1024

    /// The largest distance from the origin at which something is drawn by intention.
    private static let farthest = 1e6

    /// Checks that a document is already sanitised, without a library and without decoding the images in it.
    ///
    /// - Returns: nil if sanitising it would change a byte.
    init?(sanitised bytes: [UInt8], policy: ImagePolicy, level: Int = 0) {
        do throws(ImageGateError) {
            let admission = Admission(policy: policy, cancellation: Cancellation())
            let sanitiser = SVGSanitiser(admission, level: level, decodesImages: false)
            guard var sanitiser = try SVGReader.read(bytes, into: sanitiser), try sanitiser.finish() == bytes else {
                return nil
            }
            self.bytes = bytes
            (size, painted, hasViewBox) = (sanitiser.size, sanitiser.painted, sanitiser.hasViewBox)
            isIncomplete = false
        } catch {
            return nil
        }
    }

    /// Draws the document as large as the policy's box allows, but no larger than the document asks for. The drawing is
    /// scaled afterwards only if the byte budget requires it.
    ///
    /// The caller has to limit the time and the memory that drawing takes; this method has no limits.
    func rasterised(policy: ImagePolicy) throws(ImageGateError) -> SVGRaster {
        let (width, height) = size.fitted(shortSide: policy.shortSide, longSide: policy.longSide)
        var status = cimage_svg_status.out_of_memory
        var message = [CChar](repeating: 0, count: 256)
        let count = width * height * 4
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { pixels, initialized in
            guard let base = pixels.baseAddress else { return }
            status = bytes.withUnsafeBufferPointer { bytes in
                guard let document = bytes.baseAddress else { return .malformed }
                return cimage_svg_draw(
                    document, bytes.count, UInt32(width), UInt32(height), base, &message, message.count)
            }
            if status == .ok { initialized = count }
        }
        switch status {
        case .ok: return SVGRaster(width: width, height: height, pixels: pixels)
        case .malformed:
            throw .malformed(
                .svg, why: String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
        case .out_of_memory: throw .outOfMemory
        }
    }
}

extension SVGTree {
    /// Writes what librsvg does not know, and browsers draw, in words that it knows. Doing it again changes nothing.
    fileprivate mutating func mend(_ admission: Admission) throws(ImageGateError) {
        var cascade = SVGCascade(self, size)
        mendVariables(&cascade, size)
        if mendFunctions(&cascade) { cascade = SVGCascade(self, size) }
        mendSize(&cascade)
        mendTransforms(&cascade)
        mendBackground(&cascade)
        mendFilters()
        mendWords(&cascade)
        try mendPixelatedImages(admission, &cascade)
    }
}

/// The pixels of a drawing: four bytes each (red, green, blue, straight alpha), rows from the top, without padding.
struct SVGRaster: Equatable {
    var width: Int
    var height: Int
    var pixels: [UInt8]
}

import CImage

/// A sanitised SVG document.
///
/// The bytes go through `SVGPreflight` (limits, no prolog), `SVGParser` (libxml2) and `SVGSanitiser` (an allow-list),
/// which writes them anew. Only the new document reaches librsvg, or leaves the gate. The gate checks a document that
/// comes from a decoder process once more, with `SVGReader`.
struct SVGImage: Equatable {
    /// The document in UTF-8, without a prolog. Sanitising it again changes nothing.
    let bytes: [UInt8]
    let size: SVGSize

    /// The width in whole pixels, for messages.
    var width: Int { Int(size.width.rounded()) }
    var height: Int { Int(size.height.rounded()) }

    init(
        sanitising bytes: [UInt8], policy: ImagePolicy, cancellation: Cancellation = Cancellation()
    ) throws(ImageGateError) {
        guard !bytes.isEmpty else { throw .empty }
        let limit = min(policy.inputByteLimit, SVGLimit.document)
        guard bytes.count <= limit else { throw .tooManyBytes(count: bytes.count, limit: limit) }
        let body = try SVGPreflight.body(of: bytes)
        var sanitiser = try SVGParser.parse(
            body, into: SVGSanitiser(Admission(policy: policy, cancellation: cancellation)))
        self.bytes = try sanitiser.finish()
        size = sanitiser.size
    }

    /// Checks that a document is already sanitised, without a library and without decoding the images in it.
    ///
    /// - Returns: nil if sanitising it would change a byte.
    init?(sanitised bytes: [UInt8], policy: ImagePolicy) {
        do throws(ImageGateError) {
            let admission = Admission(policy: policy, cancellation: Cancellation())
            let sanitiser = SVGSanitiser(admission, decodesImages: false)
            guard var sanitiser = try SVGReader.read(bytes, into: sanitiser), try sanitiser.finish() == bytes else {
                return nil
            }
            self.bytes = bytes
            size = sanitiser.size
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

/// The pixels of a drawing: four bytes each (red, green, blue, straight alpha), rows from the top, without padding.
struct SVGRaster: Equatable {
    var width: Int
    var height: Int
    var pixels: [UInt8]
}

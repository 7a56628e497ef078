import CImage

/// A vector image from a stranger, made harmless.
///
/// Bytes go through `SVGPreflight` (limits, no prolog), `SVGParser` (libxml2) and `SVGSanitiser` (an allow-list) and are
/// written anew; only that reaches librsvg, or whoever asked for the document itself. On its way from a helper process it is
/// read again, by `SVGReader`.
struct SVGImage: Equatable {
    /// The document: UTF-8, no prolog. Sanitising it again changes nothing.
    let bytes: [UInt8]
    let size: SVGSize

    /// Pixels, for people.
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

    /// What somebody says has been sanitised, if it is: decided without a library and without decoding the images in it.
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

    /// Draws it as large as the policy's box allows, and no larger than it says it is. A drawing has no pixels of its own:
    /// it is drawn at its final size, never made smaller or larger afterwards, unless the byte budget asks for it.
    ///
    /// Nothing in here ends a drawing that takes for ever, or more memory than there is: whoever decodes does.
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

/// Pixels of a drawing: four bytes each (red, green, blue, straight alpha), rows from the top, no padding.
struct SVGRaster: Equatable {
    var width: Int
    var height: Int
    var pixels: [UInt8]
}

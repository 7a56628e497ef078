internal import CWebP

/// Decodes one image of a WebP. `bytes` must outlive the reader.
struct WebPReader {
    let size: PixelSize
    let hasAlpha: Bool
    let isLossless: Bool
    private let bytes: UnsafeBufferPointer<UInt8>

    /// Reads the header.
    init(_ bytes: UnsafeBufferPointer<UInt8>) throws(ImageGateError) {
        var features = WebPBitstreamFeatures()
        try Self.check(WebPGetFeatures(bytes.baseAddress, bytes.count, &features))
        // The caller passes only the image's own chunks, so an animation here is malformed.
        guard features.has_animation == 0 else { throw .malformed(.webp, why: "WebP has a file within its image") }
        size = PixelSize(width: Int(features.width), height: Int(features.height))
        hasAlpha = features.has_alpha != 0
        isLossless = features.format == 2
        self.bytes = bytes
    }

    /// The number of bytes that the library holds besides its output: all pixels, if they are lossless, as alpha always
    /// is.
    var heldCount: Int { isLossless || hasAlpha ? 4 * size.area : 0 }
    /// The number of bytes of the output at full size.
    var count: Int { layout.channels * size.area }

    private var layout: Bitmap.Layout { hasAlpha ? .rgba : .rgb }

    /// - Parameter target: the output's size. If it is smaller than the image, the library scales while it decodes, and
    ///   its output takes no more memory than that.
    func bitmap(_ target: PixelSize) throws(ImageGateError) -> Bitmap {
        var config = WebPDecoderConfig()
        guard WebPInitDecoderConfig(&config) != 0 else { throw .outOfMemory }
        let rowBytes = target.width * layout.channels
        if target != size {
            config.options.use_scaling = 1
            config.options.scaled_width = CInt(target.width)
            config.options.scaled_height = CInt(target.height)
        }
        config.output.colorspace = hasAlpha ? MODE_RGBA : MODE_RGB
        config.output.is_external_memory = 1
        var status = VP8_STATUS_OUT_OF_MEMORY
        let samples = [UInt8](unsafeUninitializedCapacity: rowBytes * target.height) { out, count in
            config.output.u.RGBA.rgba = out.baseAddress
            config.output.u.RGBA.stride = CInt(rowBytes)
            config.output.u.RGBA.size = rowBytes * target.height
            status = WebPDecode(bytes.baseAddress, bytes.count, &config)
            WebPFreeDecBuffer(&config.output)
            count = status == VP8_STATUS_OK ? rowBytes * target.height : 0
        }
        try Self.check(status)
        return Bitmap(size: target, layout: layout, samples: samples)
    }

    private static func check(_ status: VP8StatusCode) throws(ImageGateError) {
        switch status {
        case VP8_STATUS_OK: return
        case VP8_STATUS_OUT_OF_MEMORY: throw .outOfMemory
        case VP8_STATUS_UNSUPPORTED_FEATURE:
            throw .malformed(.webp, why: "WebP is of a kind that viewers do not show")
        case VP8_STATUS_NOT_ENOUGH_DATA, VP8_STATUS_SUSPENDED:
            throw .malformed(.webp, why: "WebP does not decode: its image ends early")
        default: throw .malformed(.webp, why: "WebP does not decode")
        }
    }
}

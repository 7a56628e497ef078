internal import CWebP

/// Decodes one image of a WebP. `bytes` must outlive it.
struct WebPReader {
    let size: PixelSize
    let hasAlpha: Bool
    let isLossless: Bool
    private let bytes: UnsafeBufferPointer<UInt8>

    /// Reads the header.
    init(_ bytes: UnsafeBufferPointer<UInt8>) throws(ImageGateError) {
        var features = WebPBitstreamFeatures()
        try Self.check(WebPGetFeatures(bytes.baseAddress, bytes.count, &features))
        // The chunks have been picked by whoever calls: what looks like a file within them is not one.
        guard features.has_animation == 0 else { throw .malformed(.webp, why: "WebP has a file within its image") }
        size = PixelSize(width: Int(features.width), height: Int(features.height))
        hasAlpha = features.has_alpha != 0
        isLossless = features.format == 2
        self.bytes = bytes
    }

    /// Bytes that the decoder holds besides what comes out: all the pixels when they are lossless, and alpha always is.
    var heldCount: Int { isLossless || hasAlpha ? 4 * size.area : 0 }
    /// Bytes of all that comes out.
    var count: Int { layout.channels * size.area }

    private var layout: Bitmap.Layout { hasAlpha ? .rgba : .rgb }

    /// - Parameter target: if it is smaller, the decoder averages on its way out, and holds no more than that.
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

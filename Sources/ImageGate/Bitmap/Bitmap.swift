/// Decoded pixels: sRGB, 8 bits for each sample, straight alpha, rows without padding.
struct Bitmap: Equatable, Sendable {
    enum Layout: Int, Sendable {
        case grey = 1
        case rgb = 3
        case rgba = 4

        var channels: Int { rawValue }
    }

    var size: PixelSize
    var layout: Layout
    var samples: [UInt8]

    var rowBytes: Int { size.width * layout.channels }
}

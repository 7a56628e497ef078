/// A colour as a point. The distance between two points is about the difference that the eye sees. The axes are
/// brightness, two colour differences, and opacity.
///
/// Colours are weighted by alpha and laid over middle grey, and alpha is halved, so that the squared distance is the
/// mean of the squared distances over black and over white. All axes are linear in premultiplied samples, so points can
/// be averaged, and errors can be diffused.
struct ColorPoint: Equatable, Sendable {
    /// Y, Cb, Cr of BT.601, and half of alpha, in steps of 8-bit samples.
    var axes: ColorVector

    init(axes: ColorVector) { self.axes = axes }

    @inline(__always)
    init(_ color: PackedColor) {
        let red = Float(color.red)
        let green = Float(color.green)
        let blue = Float(color.blue)
        let alpha = Float(color.alpha)
        let weight = alpha / 255
        let luma = 0.299 * red + 0.587 * green + 0.114 * blue
        axes = ColorVector(
            luma * weight + (255 - alpha) / 2, (blue - luma) * weight * Self.blue, (red - luma) * weight * Self.red,
            alpha / 2)
    }

    private static let blue: Float = 0.4
    private static let red: Float = 0.5

    @inline(__always)
    func distanceSquared(_ other: Self) -> Float {
        (axes - other.axes).squaredLength
    }

    /// The nearest colour that 8-bit samples can represent.
    var color: PackedColor {
        let alpha = min(max((axes.w * 2).rounded(), 0), 255)
        guard alpha > 0 else { return PackedColor(red: 0, green: 0, blue: 0, alpha: 0) }
        let luma = axes.x - (255 - alpha) / 2
        let blue = luma + axes.y / Self.blue
        let red = luma + axes.z / Self.red
        let green = (luma - 0.299 * red - 0.114 * blue) / 0.587
        func sample(_ premultiplied: Float) -> UInt8 { UInt8(min(max(premultiplied * 255 / alpha, 0), 255).rounded()) }
        return PackedColor(red: sample(red), green: sample(green), blue: sample(blue), alpha: UInt8(alpha))
    }
}

/// Four samples in one integer, which is quick to compare.
struct PackedColor: Hashable, Sendable {
    let bits: UInt32

    @inline(__always)
    init(red: UInt8, green: UInt8, blue: UInt8, alpha: UInt8) {
        bits = UInt32(red) | UInt32(green) << 8 | UInt32(blue) << 16 | UInt32(alpha) << 24
    }

    /// Reads the pixel at an address.
    @inline(__always)
    init(_ samples: UnsafePointer<UInt8>, _ layout: Bitmap.Layout) {
        switch layout {
        case .grey: self.init(red: samples[0], green: samples[0], blue: samples[0], alpha: 255)
        case .rgb: self.init(red: samples[0], green: samples[1], blue: samples[2], alpha: 255)
        case .rgba: self.init(red: samples[0], green: samples[1], blue: samples[2], alpha: samples[3])
        }
    }

    var red: UInt8 { UInt8(truncatingIfNeeded: bits) }
    var green: UInt8 { UInt8(truncatingIfNeeded: bits >> 8) }
    var blue: UInt8 { UInt8(truncatingIfNeeded: bits >> 16) }
    var alpha: UInt8 { UInt8(truncatingIfNeeded: bits >> 24) }
    var samples: [UInt8] { [red, green, blue, alpha] }
}

/// An image whose pixels can be read one by one.
protocol PixelSource {
    var size: PixelSize { get }
    func withPixels<Value>(_ body: (Pixels) -> Value) -> Value
}

/// The colours of an image, row by row, whether it is stored as samples or as indices into a palette.
struct Pixels {
    private let samples: UnsafePointer<UInt8>
    private let layout: Bitmap.Layout
    /// The palette as RGBA, if the samples are indices.
    private let palette: UnsafePointer<UInt8>?

    fileprivate init(
        _ samples: UnsafeBufferPointer<UInt8>, _ layout: Bitmap.Layout, palette: UnsafePointer<UInt8>? = nil
    ) {
        guard let base = samples.baseAddress else { preconditionFailure("an image has a pixel") }
        (self.samples, self.layout, self.palette) = (base, layout, palette)
    }

    @inline(__always)
    subscript(pixel: Int) -> PackedColor {
        guard let palette else { return PackedColor(samples + pixel * layout.channels, layout) }
        return PackedColor(palette + Int(samples[pixel]) * 4, .rgba)
    }
}

extension Bitmap: PixelSource {
    func withPixels<Value>(_ body: (Pixels) -> Value) -> Value {
        samples.withUnsafeBufferPointer { body(Pixels($0, layout)) }
    }
}

extension IndexedBitmap: PixelSource {
    func withPixels<Value>(_ body: (Pixels) -> Value) -> Value {
        let palette = palette ?? greys
        return indices.withUnsafeBufferPointer { indices in
            palette.withUnsafeBufferPointer { body(Pixels(indices, .rgba, palette: $0.baseAddress)) }
        }
    }

    private var greys: [UInt8] {
        let white = 1 << bitDepth - 1
        return (0...white).flatMap { step in
            let grey = UInt8(step * 255 / white)
            return [grey, grey, grey, 255]
        }
    }
}

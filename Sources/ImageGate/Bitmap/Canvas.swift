/// The canvas of an image that may be an animation, and the place of its first frame on it. The rest of the canvas is
/// transparent.
struct Canvas {
    let size: PixelSize
    let left: Int
    let top: Int
    let frame: PixelSize

    var isCovered: Bool { frame == size }

    /// Makes a bitmap of the canvas, as large as the policy's box allows. The canvas itself is never in memory as a
    /// whole, because a small file may claim a vast one; the bitmap is made row by row.
    ///
    /// - Parameter appendRow: appends the samples of a row of the frame.
    func bitmap(
        _ layout: Bitmap.Layout, fittedTo policy: ImagePolicy, _ cancellation: Cancellation,
        appendRow: (_ row: Int, _ samples: inout [UInt8]) -> Void
    ) throws(ImageGateError) -> Bitmap {
        let target = size.fitted(shortSide: policy.shortSide, longSide: policy.longSide)
        var scaler = BoxScaler(from: size, to: target, layout: layout, light: .sRGB8)
        let count = size.width * layout.channels
        var samples: [UInt8] = []
        samples.reserveCapacity(count)
        for row in 0..<size.height {
            if row.isMultiple(of: 64) { try cancellation.check() }
            samples.removeAll(keepingCapacity: true)
            if (top..<top + frame.height).contains(row) {
                samples += repeatElement(0, count: left * layout.channels)
                appendRow(row - top, &samples)
            }
            samples += repeatElement(0, count: count - samples.count)
            samples.withUnsafeBufferPointer { samples in
                if let base = samples.baseAddress { scaler.add(base, rows: 1) }
            }
        }
        return scaler.bitmap
    }
}

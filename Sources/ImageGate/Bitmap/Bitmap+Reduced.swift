extension Bitmap {
    var isOpaque: Bool {
        guard layout == .rgba else { return true }
        return samples.withUnsafeBufferPointer { samples in
            stride(from: 3, to: samples.count, by: 4).allSatisfy { samples[$0] == 255 }
        }
    }

    /// Returns the bitmap without the channels that it does not need: without alpha if all pixels are opaque, and
    /// without colour if all pixels are grey as well.
    func reduced() -> Bitmap {
        let isOpaque = isOpaque
        if !isOpaque { return self }
        if isGrey { return keeping(.grey) }
        return layout == .rgba ? keeping(.rgb) : self
    }

    /// Whether all pixels are grey. The bitmap has to be opaque.
    private var isGrey: Bool {
        guard layout != .grey else { return true }
        let channels = layout.channels
        return samples.withUnsafeBufferPointer { samples in
            stride(from: 0, to: samples.count, by: channels)
                .allSatisfy { samples[$0] == samples[$0 + 1] && samples[$0] == samples[$0 + 2] }
        }
    }

    private func keeping(_ target: Layout) -> Bitmap {
        guard target != layout else { return self }
        let (from, to) = (layout.channels, target.channels)
        let kept = [UInt8](unsafeUninitializedCapacity: size.area * to) { out, count in
            samples.withUnsafeBufferPointer { samples in
                for pixel in 0..<size.area {
                    for channel in 0..<to { out[pixel * to + channel] = samples[pixel * from + channel] }
                }
            }
            count = size.area * to
        }
        return Bitmap(size: size, layout: target, samples: kept)
    }
}

/// Width and height in pixels.
struct PixelSize: Equatable, Sendable {
    var width: Int
    var height: Int

    var area: Int { width * height }
    var transposed: PixelSize { PixelSize(width: height, height: width) }

    func fits(_ other: PixelSize) -> Bool { width <= other.width && height <= other.height }

    /// Returns the largest size with the same ratio of sides that fits the given sides. It is never larger than this
    /// size, and each side has at least one pixel.
    func fitted(shortSide: Int, longSide: Int) -> PixelSize {
        let scale = min(Double(shortSide) / Double(min(width, height)), Double(longSide) / Double(max(width, height)))
        return scaled(by: scale)
    }

    func scaled(by scale: Double) -> PixelSize {
        guard scale < 1 else { return self }
        return PixelSize(
            width: max(1, Int((Double(width) * scale).rounded())),
            height: max(1, Int((Double(height) * scale).rounded())))
    }
}

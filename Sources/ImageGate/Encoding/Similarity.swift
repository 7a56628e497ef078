/// The similarity of two images to the eye: structural similarity (SSIM, Wang et al. 2004) on blocks of 8×8 pixels, of
/// which a quarter are compared.
///
/// Brightness, which makes letters readable, counts most, and each of the two colour differences a little.
enum Similarity {
    private static let block = 8
    private static let weights = ColorVector(0.8, 0.1, 0.1, 0)
    private static let c1 = Self.constant(0.01)
    private static let c2 = Self.constant(0.03)

    private static func constant(_ share: Float) -> ColorVector {
        ColorVector(1, 1, 1, 1) * (share * 255 * share * 255)
    }

    /// Returns the similarity, which is 1 for equal images. Both images must have the same size.
    static func of(_ one: some PixelSource, _ other: some PixelSource) -> Double {
        let size = one.size
        precondition(size == other.size, "what is compared pixel by pixel has one size")
        let step = min(size.width, size.height) >= 8 * block ? 2 * block : block
        return one.withPixels { one in
            other.withPixels { other in
                var sum = 0.0
                var count = 0
                for y in stride(from: 0, to: size.height, by: step) {
                    for x in stride(from: 0, to: size.width, by: step) {
                        let square = Block(columns: x, rows: y, side: block, of: size)
                        sum += Double(similarity(one, other, square))
                        count += 1
                    }
                }
                return sum / Double(max(count, 1))
            }
        }
    }

    /// Returns the difference between the average colours of small blocks, in steps of a sample. Averaging removes the
    /// noise of dithering, as the eye does.
    static func shadeError(_ one: some PixelSource, _ other: some PixelSource) -> Double {
        let size = one.size
        precondition(size == other.size, "what is compared pixel by pixel has one size")
        let side = 4
        return one.withPixels { one in
            other.withPixels { other in
                var sum: Float = 0
                var count = 0
                for y in stride(from: 0, to: max(size.height - side, 1), by: 3 * side) {
                    for x in stride(from: 0, to: max(size.width - side, 1), by: 3 * side) {
                        let square = Block(columns: x, rows: y, side: side, of: size)
                        sum += (mean(one, square) - mean(other, square)).squaredLength
                        count += 1
                    }
                }
                return Double(sum / Float(max(count, 1))).squareRoot()
            }
        }
    }

    /// A square of pixels, clipped at the image's edges.
    private struct Block {
        let columns: Range<Int>
        let rows: Range<Int>
        let width: Int

        init(columns x: Int, rows y: Int, side: Int, of size: PixelSize) {
            columns = x..<min(x + side, size.width)
            rows = y..<min(y + side, size.height)
            width = size.width
        }

        var count: Int { columns.count * rows.count }
    }

    private static func mean(_ pixels: Pixels, _ block: Block) -> ColorVector {
        var sum = ColorVector.zero
        for y in block.rows {
            for x in block.columns { sum += ColorPoint(pixels[y * block.width + x]).axes }
        }
        return sum * (1 / Float(block.count))
    }

    private static func similarity(_ one: Pixels, _ other: Pixels, _ block: Block) -> Float {
        var (sum1, sum2) = (ColorVector.zero, ColorVector.zero)
        var (squares1, squares2, products) = (ColorVector.zero, ColorVector.zero, ColorVector.zero)
        // Values are relative to the first pixel, so that sums of squares stay precise in `Float`.
        let origin = ColorPoint(one[block.rows.lowerBound * block.width + block.columns.lowerBound]).axes
        for y in block.rows {
            for x in block.columns {
                let pixel = y * block.width + x
                let value1 = ColorPoint(one[pixel]).axes - origin
                let value2 = ColorPoint(other[pixel]).axes - origin
                sum1 += value1
                sum2 += value2
                squares1 += value1 * value1
                squares2 += value2 * value2
                products += value1 * value2
            }
        }
        let scale = 1 / Float(block.count)
        let (mean1, mean2) = (sum1 * scale, sum2 * scale)
        let variances = squares1 * scale - mean1 * mean1 + squares2 * scale - mean2 * mean2
        let covariance = products * scale - mean1 * mean2
        let (level1, level2) = (mean1 + origin, mean2 + origin)
        let structure = (covariance * 2 + c2) / (variances + c2)
        let lightness = (level1 * level2 * 2 + c1) / (level1 * level1 + level2 * level2 + c1)
        return (structure * lightness * weights).sum
    }
}

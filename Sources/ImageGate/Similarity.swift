/// How like an image another looks: structural similarity (SSIM, Wang et al. 2004) on blocks of 8×8, a quarter of them.
///
/// Mostly of brightness, where letters are, and a little of each difference of colour.
enum Similarity {
    private static let block = 8
    private static let weights = ColorVector(0.8, 0.1, 0.1, 0)
    private static let c1 = Self.constant(0.01)
    private static let c2 = Self.constant(0.03)

    private static func constant(_ share: Float) -> ColorVector {
        ColorVector(1, 1, 1, 1) * (share * 255 * share * 255)
    }

    /// 1: the same. Both have one size.
    static func of(_ one: Bitmap, _ other: Bitmap) -> Double {
        precondition(one.size == other.size, "what is compared pixel by pixel has one size")
        let size = one.size
        let step = min(size.width, size.height) >= 8 * block ? 2 * block : block
        var sum = 0.0
        var count = 0
        for y in stride(from: 0, to: size.height, by: step) {
            for x in stride(from: 0, to: size.width, by: step) {
                let columns = x..<min(x + block, size.width)
                let rows = y..<min(y + block, size.height)
                sum += Double(similarity(one, other, columns, rows))
                count += 1
            }
        }
        return sum / Double(max(count, 1))
    }

    /// By how many steps of a sample the shades of small blocks differ: what is left when the eye has averaged the grain.
    static func shadeError(_ one: Bitmap, _ other: Bitmap) -> Double {
        precondition(one.size == other.size, "what is compared pixel by pixel has one size")
        let side = 4
        var sum: Float = 0
        var count = 0
        for y in stride(from: 0, to: max(one.size.height - side, 1), by: 3 * side) {
            for x in stride(from: 0, to: max(one.size.width - side, 1), by: 3 * side) {
                let columns = x..<min(x + side, one.size.width)
                let rows = y..<min(y + side, one.size.height)
                let difference = mean(one, columns, rows) - mean(other, columns, rows)
                sum += difference.squaredLength
                count += 1
            }
        }
        return Double(sum / Float(max(count, 1))).squareRoot()
    }

    private static func mean(_ bitmap: Bitmap, _ columns: Range<Int>, _ rows: Range<Int>) -> ColorVector {
        bitmap.samples.withUnsafeBufferPointer { samples in
            guard let base = samples.baseAddress else { return .zero }
            var sum = ColorVector.zero
            for y in rows {
                for x in columns {
                    let pixel = base + (y * bitmap.size.width + x) * bitmap.layout.channels
                    sum += ColorPoint(PackedColor(pixel, bitmap.layout)).axes
                }
            }
            return sum * (1 / Float(columns.count * rows.count))
        }
    }

    private static func similarity(
        _ one: Bitmap, _ other: Bitmap, _ columns: Range<Int>, _ rows: Range<Int>
    ) -> Float {
        var (sum1, sum2) = (ColorVector.zero, ColorVector.zero)
        var (squares1, squares2, products) = (ColorVector.zero, ColorVector.zero, ColorVector.zero)
        // Relative to the first pixel: sums of squares stay small enough for `Float`.
        var origin: ColorVector?
        one.samples.withUnsafeBufferPointer { samples1 in
            other.samples.withUnsafeBufferPointer { samples2 in
                guard let base1 = samples1.baseAddress, let base2 = samples2.baseAddress else { return }
                for y in rows {
                    for x in columns {
                        let pixel = y * one.size.width + x
                        let color1 = PackedColor(base1 + pixel * one.layout.channels, one.layout)
                        let color2 = PackedColor(base2 + pixel * other.layout.channels, other.layout)
                        let point1 = ColorPoint(color1).axes
                        let start = origin ?? point1
                        origin = start
                        let value1 = point1 - start
                        let value2 = ColorPoint(color2).axes - start
                        sum1 += value1
                        sum2 += value2
                        squares1 += value1 * value1
                        squares2 += value2 * value2
                        products += value1 * value2
                    }
                }
            }
        }
        let scale = 1 / Float(columns.count * rows.count)
        let (mean1, mean2) = (sum1 * scale, sum2 * scale)
        let variances = squares1 * scale - mean1 * mean1 + squares2 * scale - mean2 * mean2
        let covariance = products * scale - mean1 * mean2
        let (level1, level2) = (mean1 + (origin ?? .zero), mean2 + (origin ?? .zero))
        let structure = (covariance * 2 + c2) / (variances + c2)
        let lightness = (level1 * level2 * 2 + c1) / (level1 * level1 + level2 * level2 + c1)
        return (structure * lightness * weights).sum
    }
}

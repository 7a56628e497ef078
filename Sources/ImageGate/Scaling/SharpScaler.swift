/// Makes a bitmap a little smaller: by less than half, where averages blur. Catmull–Rom's cubic, in linear light, colour
/// weighted by alpha.
///
/// The bitmap is in memory anyway, and is the display box's at most; what comes from a decoder goes through `BoxScaler`.
struct SharpScaler {
    private let target: PixelSize
    private let columns: [Taps]
    private let rows: [Taps]

    /// The source pixels that one of the result is made of, and how much of each.
    private struct Taps {
        let first: Int
        let weights: [Float]

        init(_ index: Int, source: Int, target: Int) {
            let ratio = Double(source) / Double(target)
            let center = (Double(index) + 0.5) * ratio
            let first = max(0, Int((center - 2 * ratio).rounded(.down)))
            let end = min(source, Int((center + 2 * ratio).rounded(.up)))
            let weights = (first..<end).map { Self.cubic((Double($0) + 0.5 - center) / ratio) }
            let sum = weights.reduce(0, +)
            self.first = first
            self.weights = weights.map { Float($0 / sum) }
        }

        private static func cubic(_ distance: Double) -> Double {
            let x = abs(distance)
            if x < 1 { return (1.5 * x - 2.5) * x * x + 1 }
            return x < 2 ? ((2.5 - 0.5 * x) * x - 4) * x + 2 : 0
        }
    }

    init(from source: PixelSize, to target: PixelSize) {
        self.target = target
        columns = (0..<target.width).map { Taps($0, source: source.width, target: target.width) }
        rows = (0..<target.height).map { Taps($0, source: source.height, target: target.height) }
    }

    func scaled(_ bitmap: Bitmap) -> Bitmap {
        let width = target.width * bitmap.layout.channels
        // Of the source's rows, narrowed: those that the next row of the result needs.
        var narrow: [Int: [Float]] = [:]
        var samples: [UInt8] = []
        samples.reserveCapacity(width * target.height)
        for taps in rows {
            let needed = taps.first..<taps.first + taps.weights.count
            narrow = narrow.filter { needed.contains($0.key) }
            var sums = [Float](repeating: 0, count: width)
            for (weight, row) in zip(taps.weights, needed) {
                let line = narrow[row] ?? narrowed(bitmap, row: row)
                narrow[row] = line
                for index in 0..<width { sums[index] += line[index] * weight }
            }
            append(sums, bitmap.layout, to: &samples)
        }
        return Bitmap(size: target, layout: bitmap.layout, samples: samples)
    }

    /// Light × alpha, and alpha, of one row at the width of the result.
    private func narrowed(_ bitmap: Bitmap, row: Int) -> [Float] {
        let channels = bitmap.layout.channels
        let light = LinearLight.sRGB8.table
        let start = row * bitmap.rowBytes
        var values = [Float](repeating: 0, count: bitmap.rowBytes)
        for pixel in 0..<bitmap.size.width {
            let place = pixel * channels
            let alpha: Float = channels == 4 ? Float(bitmap.samples[start + place + 3]) / 255 : 1
            for channel in 0..<min(channels, 3) {
                values[place + channel] = Float(light[Int(bitmap.samples[start + place + channel])]) * alpha
            }
            if channels == 4 { values[place + 3] = alpha }
        }
        return [Float](unsafeUninitializedCapacity: target.width * channels) { out, count in
            for (column, taps) in columns.enumerated() {
                for channel in 0..<channels {
                    var sum: Float = 0
                    var place = taps.first * channels + channel
                    for weight in taps.weights {
                        sum += values[place] * weight
                        place += channels
                    }
                    out[column * channels + channel] = sum
                }
            }
            count = target.width * channels
        }
    }

    private func append(_ sums: [Float], _ layout: Bitmap.Layout, to samples: inout [UInt8]) {
        let channels = layout.channels
        for place in stride(from: 0, to: sums.count, by: channels) {
            let alpha = channels == 4 ? min(max(sums[place + 3], 0), 1) : 1
            for channel in 0..<min(channels, 3) {
                let light = alpha > 0 ? sums[place + channel] / alpha : 0
                samples.append(LinearLight.encoded[Int(min(max(light + 0.5, 0), 65535))])
            }
            if channels == 4 { samples.append(UInt8(alpha * 255 + 0.5)) }
        }
    }
}

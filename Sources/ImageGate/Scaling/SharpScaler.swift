internal import Glibc

/// Makes a bitmap smaller by less than half, which averaging would blur. It uses a Lanczos kernel of three lobes, in
/// linear light, with colour weighted by alpha. Its input has mostly been averaged once before; a softer kernel would
/// double the difference between the letters and the original's.
///
/// It needs the whole bitmap in memory, which has the size of the display box at most. Rows from a decoder go through
/// `BoxScaler`.
struct SharpScaler {
    private let target: PixelSize
    private let columns: [Taps]
    private let rows: [Taps]

    /// The source pixels from which a pixel of the result is made, and their weights.
    private struct Taps {
        let first: Int
        let weights: [Float]

        init(_ index: Int, source: Int, target: Int) {
            let ratio = Double(source) / Double(target)
            let center = (Double(index) + 0.5) * ratio
            let reach = Self.lobes * ratio
            let first = max(0, Int((center - reach).rounded(.down)))
            let end = min(source, Int((center + reach).rounded(.up)))
            let weights = (first..<end).map { Self.lanczos((Double($0) + 0.5 - center) / ratio) }
            let sum = weights.reduce(0, +)
            self.first = first
            self.weights = weights.map { Float($0 / sum) }
        }

        private static let lobes = 3.0

        private static func lanczos(_ distance: Double) -> Double {
            let x = abs(distance) * .pi
            if x < 1e-9 { return 1 }
            return x < lobes * .pi ? lobes * sin(x) * sin(x / lobes) / (x * x) : 0
        }
    }

    init(from source: PixelSize, to target: PixelSize) {
        self.target = target
        columns = (0..<target.width).map { Taps($0, source: source.width, target: target.width) }
        rows = (0..<target.height).map { Taps($0, source: source.height, target: target.height) }
    }

    func scaled(_ bitmap: Bitmap) -> Bitmap {
        let width = target.width * bitmap.layout.channels
        // These are the source rows that the next row of the result needs, at the width of the result.
        var narrow: [Int: [Float]] = [:]
        var values = [Float](repeating: 0, count: bitmap.rowBytes)
        var samples: [UInt8] = []
        samples.reserveCapacity(width * target.height)
        for taps in rows {
            let needed = taps.first..<taps.first + taps.weights.count
            narrow = narrow.filter { needed.contains($0.key) }
            var sums = [Float](repeating: 0, count: width)
            for (weight, row) in zip(taps.weights, needed) {
                let line = narrow[row] ?? narrowed(bitmap, row: row, &values)
                narrow[row] = line
                add(line, weight, to: &sums)
            }
            append(sums, bitmap.layout, to: &samples)
        }
        return Bitmap(size: target, layout: bitmap.layout, samples: samples)
    }

    private func add(_ line: [Float], _ weight: Float, to sums: inout [Float]) {
        sums.withUnsafeMutableBufferPointer { sums in
            line.withUnsafeBufferPointer { line in
                for index in sums.indices { sums[index] += line[index] * weight }
            }
        }
    }

    /// Scales one row to the width of the result, as light × alpha and alpha.
    ///
    /// - Parameter values: a buffer for the values of the source row.
    private func narrowed(_ bitmap: Bitmap, row: Int, _ values: inout [Float]) -> [Float] {
        let channels = bitmap.layout.channels
        let light = LinearLight.sRGB8.table
        bitmap.samples.withUnsafeBufferPointer { samples in
            let samples = UnsafeBufferPointer(rebasing: samples[row * bitmap.rowBytes..<(row + 1) * bitmap.rowBytes])
            if channels < 4 {
                for index in samples.indices { values[index] = Float(light[Int(samples[index])]) }
                return
            }
            for place in stride(from: 0, to: samples.count, by: 4) {
                let alpha = Float(samples[place + 3]) / 255
                for channel in 0..<3 { values[place + channel] = Float(light[Int(samples[place + channel])]) * alpha }
                values[place + 3] = alpha
            }
        }
        return [Float](unsafeUninitializedCapacity: target.width * channels) { out, count in
            values.withUnsafeBufferPointer { values in
                for (column, taps) in columns.enumerated() {
                    taps.weights.withUnsafeBufferPointer { weights in
                        for channel in 0..<channels {
                            var sum: Float = 0
                            var place = taps.first * channels + channel
                            for weight in weights {
                                sum += values[place] * weight
                                place += channels
                            }
                            out[column * channels + channel] = sum
                        }
                    }
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

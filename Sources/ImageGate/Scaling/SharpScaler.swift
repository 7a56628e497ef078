internal import Glibc

/// Makes a bitmap smaller by less than half, which averaging would blur. It uses a Lanczos kernel of three lobes, in
/// linear light, with colour weighted by alpha. Its input has mostly been averaged once before; a softer kernel would
/// double the difference between the letters and the original's.
///
/// It needs the whole bitmap in memory, which has the size of the display box at most. Rows from a decoder go through
/// `BoxScaler`.
struct SharpScaler {
    private let target: PixelSize
    private let columns: Taps
    private let rows: Taps

    /// For each pixel of the result, the first source pixel from which it is made, and the weights from there on. They are
    /// in flat arrays, each pixel with as many weights, because they are read for every row.
    private struct Taps {
        private(set) var first: [Int] = []
        private(set) var weights: [Float] = []
        /// The number of weights for each pixel. Some are zero.
        let count: Int

        init(source: Int, target: Int) {
            let ratio = Double(source) / Double(target)
            let reach = Self.lobes * ratio
            count = min(source, Int((2 * reach).rounded(.up)) + 1)
            first.reserveCapacity(target)
            weights.reserveCapacity(target * count)
            for index in 0..<target {
                let center = (Double(index) + 0.5) * ratio
                // At the edges it is the source that ends, and not the kernel.
                let start = min(max(0, Int((center - reach).rounded(.down))), source - count)
                let own = (start..<start + count).map { Self.lanczos((Double($0) + 0.5 - center) / ratio) }
                let sum = own.reduce(0, +)
                first.append(start)
                weights += own.map { Float($0 / sum) }
            }
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
        columns = Taps(source: source.width, target: target.width)
        rows = Taps(source: source.height, target: target.height)
    }

    func scaled(_ bitmap: Bitmap) -> Bitmap {
        let channels = bitmap.layout.channels
        let width = target.width * channels
        // The source rows that the next row of the result needs, at the width of the result, in turns.
        var narrow = [Float](repeating: 0, count: rows.count * width)
        var narrowCount = 0
        var values = [Float](repeating: 0, count: bitmap.rowBytes)
        var sums = [Float](repeating: 0, count: width)
        let samples = [UInt8](unsafeUninitializedCapacity: width * target.height) { out, count in
            guard let out = out.baseAddress else { return }
            for row in 0..<target.height {
                let needed = rows.first[row]..<rows.first[row] + rows.count
                narrowCount = max(narrowCount, needed.lowerBound)
                while narrowCount < needed.upperBound {
                    spread(bitmap, row: narrowCount, into: &values)
                    narrowed(values, channels, into: &narrow, at: narrowCount % rows.count * width)
                    narrowCount += 1
                }
                for index in sums.indices { sums[index] = 0 }
                for (tap, source) in needed.enumerated() {
                    let weight = rows.weights[row * rows.count + tap]
                    if weight != 0 { add(narrow, at: source % rows.count * width, weight, to: &sums) }
                }
                encode(sums, bitmap.layout, into: out + row * width)
            }
            count = width * target.height
        }
        return Bitmap(size: target, layout: bitmap.layout, samples: samples)
    }

    private func add(_ lines: [Float], at start: Int, _ weight: Float, to sums: inout [Float]) {
        sums.withUnsafeMutableBufferPointer { sums in
            lines.withUnsafeBufferPointer { lines in
                guard let line = lines.baseAddress.map({ $0 + start }), let out = sums.baseAddress else { return }
                for index in 0..<sums.count { out[index] += line[index] * weight }
            }
        }
    }

    /// Converts one row to light × alpha and alpha.
    private func spread(_ bitmap: Bitmap, row: Int, into values: inout [Float]) {
        let count = bitmap.rowBytes
        bitmap.samples.withUnsafeBufferPointer { samples in
            values.withUnsafeMutableBufferPointer { values in
                LinearLight.sRGB8.table.withUnsafeBufferPointer { light in
                    guard let from = samples.baseAddress.map({ $0 + row * count }), let to = values.baseAddress,
                        let light = light.baseAddress
                    else { return }
                    guard bitmap.layout == .rgba else {
                        for index in 0..<count { to[index] = Float(light[Int(from[index])]) }
                        return
                    }
                    for place in stride(from: 0, to: count, by: 4) {
                        let alpha = Float(from[place + 3]) / 255
                        for channel in place..<place + 3 { to[channel] = Float(light[Int(from[channel])]) * alpha }
                        to[place + 3] = alpha
                    }
                }
            }
        }
    }

    /// Scales one row to the width of the result.
    private func narrowed(_ values: [Float], _ channels: Int, into lines: inout [Float], at start: Int) {
        let taps = columns.count
        lines.withUnsafeMutableBufferPointer { lines in
            values.withUnsafeBufferPointer { values in
                columns.weights.withUnsafeBufferPointer { weights in
                    columns.first.withUnsafeBufferPointer { first in
                        guard let values = values.baseAddress, var weight = weights.baseAddress,
                            let first = first.baseAddress, var out = lines.baseAddress.map({ $0 + start })
                        else { return }
                        for column in 0..<target.width {
                            let from = values + first[column] * channels
                            switch channels {
                            case 1: Self.sum1(from, weight, taps, out)
                            case 3: Self.sum3(from, weight, taps, out)
                            default: Self.sum4(from, weight, taps, out)
                            }
                            weight += taps
                            out += channels
                        }
                    }
                }
            }
        }
    }

    @inline(__always)
    private static func sum1(
        _ values: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, _ count: Int,
        _ out: UnsafeMutablePointer<Float>
    ) {
        var sum: Float = 0
        for tap in 0..<count { sum += values[tap] * weights[tap] }
        out[0] = sum
    }

    @inline(__always)
    private static func sum3(
        _ values: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, _ count: Int,
        _ out: UnsafeMutablePointer<Float>
    ) {
        var (red, green, blue): (Float, Float, Float) = (0, 0, 0)
        var from = values
        for tap in 0..<count {
            let weight = weights[tap]
            red += from[0] * weight
            green += from[1] * weight
            blue += from[2] * weight
            from += 3
        }
        (out[0], out[1], out[2]) = (red, green, blue)
    }

    @inline(__always)
    private static func sum4(
        _ values: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, _ count: Int,
        _ out: UnsafeMutablePointer<Float>
    ) {
        var (red, green, blue, alpha): (Float, Float, Float, Float) = (0, 0, 0, 0)
        var from = values
        for tap in 0..<count {
            let weight = weights[tap]
            red += from[0] * weight
            green += from[1] * weight
            blue += from[2] * weight
            alpha += from[3] * weight
            from += 4
        }
        (out[0], out[1], out[2], out[3]) = (red, green, blue, alpha)
    }

    private func encode(_ sums: [Float], _ layout: Bitmap.Layout, into out: UnsafeMutablePointer<UInt8>) {
        sums.withUnsafeBufferPointer { sums in
            LinearLight.encoded.withUnsafeBufferPointer { encoded in
                guard let sums = sums.baseAddress, let encoded = encoded.baseAddress else { return }
                @inline(__always)
                func sample(_ light: Float) -> UInt8 { encoded[Int(min(max(light + 0.5, 0), 65535))] }
                let count = target.width * layout.channels
                guard layout == .rgba else {
                    for place in 0..<count { out[place] = sample(sums[place]) }
                    return
                }
                for place in stride(from: 0, to: count, by: 4) {
                    let alpha = min(max(sums[place + 3], 0), 1)
                    for channel in place..<place + 3 { out[channel] = sample(alpha > 0 ? sums[channel] / alpha : 0) }
                    out[place + 3] = UInt8(alpha * 255 + 0.5)
                }
            }
        }
    }
}

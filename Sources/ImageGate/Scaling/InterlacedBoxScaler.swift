/// Averages the passes of an interlaced image.
///
/// Pixels can be averaged in any order, so even an interlaced image is never held in memory. The scaler holds the sums
/// of the whole result, which is no larger than the display box.
struct InterlacedBoxScaler {
    private let target: PixelSize
    private let layout: Bitmap.Layout
    private let columns: BoxEdges
    private let rows: BoxEdges
    private let columnShares: [(target: Int32, weight: Int32)]
    private let rowShares: [(target: Int32, weight: Int32)]
    private let light: LinearLight
    private var sums: [Float]

    init(from source: PixelSize, to target: PixelSize, layout: Bitmap.Layout, light: LinearLight) {
        self.target = target
        self.layout = layout
        self.light = light
        columns = BoxEdges(source: source.width, target: target.width)
        rows = BoxEdges(source: source.height, target: target.height)
        columnShares = columns.shares(source: source.width)
        rowShares = rows.shares(source: source.height)
        sums = Array(repeating: 0, count: target.area * layout.channels)
    }

    /// Adds a row of a pass.
    mutating func add<Sample: ImageSample>(
        _ samples: UnsafePointer<Sample>, row: Int, of pass: PNGReader.Pass
    ) {
        let (targetRow, upper) = rowShares[pass.firstRow + row * pass.rowStep]
        let lower = Int32(BoxEdges.one) - upper
        add(samples, pass, targetRow: Int(targetRow), weight: Float(upper))
        if lower > 0 { add(samples, pass, targetRow: Int(targetRow) + 1, weight: Float(lower)) }
    }

    private mutating func add<Sample: ImageSample>(
        _ samples: UnsafePointer<Sample>, _ pass: PNGReader.Pass, targetRow: Int, weight: Float
    ) {
        let rowStart = targetRow * target.width * layout.channels
        let shares = columnShares
        sums.withUnsafeMutableBufferPointer { [layout, light] sums in
            light.table.withUnsafeBufferPointer { light in
                guard let light = light.baseAddress, let sums = sums.baseAddress else { return }
                // Each call has a constant number of channels, for which the compiler specialises it.
                switch layout {
                case .grey: Self.add(samples, pass, shares, to: sums + rowStart, weight, light, channels: 1)
                case .rgb: Self.add(samples, pass, shares, to: sums + rowStart, weight, light, channels: 3)
                case .rgba: Self.add(samples, pass, shares, to: sums + rowStart, weight, light, channels: 4)
                }
            }
        }
    }

    @inline(__always)
    private static func add<Sample: ImageSample>(
        _ samples: UnsafePointer<Sample>, _ pass: PNGReader.Pass, _ shares: [(target: Int32, weight: Int32)],
        to sums: UnsafeMutablePointer<Float>, _ weight: Float, _ light: UnsafePointer<UInt16>, channels: Int
    ) {
        var pixel = samples
        for column in stride(from: pass.firstColumn, to: shares.count, by: pass.columnStep) {
            let (target, left) = shares[column]
            let right = Int32(BoxEdges.one) - left
            let alpha: Float = channels == 4 ? Float(pixel[3].alpha) : 1
            let sum = sums + Int(target) * channels
            for channel in 0..<channels {
                let value = (channel == 3 ? alpha : Float(light[Int(pixel[channel])]) * alpha) * weight
                sum[channel] += value * Float(left)
                if right > 0 { sum[channels + channel] += value * Float(right) }
            }
            pixel += channels
        }
    }

    func bitmap() -> Bitmap {
        let width = target.width * layout.channels
        let samples = [UInt8](unsafeUninitializedCapacity: sums.count) { samples, count in
            sums.withUnsafeBufferPointer { sums in
                for row in 0..<target.height {
                    let range = row * width..<(row + 1) * width
                    BoxRow.encode(
                        .init(rebasing: sums[range]), into: .init(rebasing: samples[range]), layout: layout,
                        columns: columns, rowSpan: rows.span(row))
                }
            }
            count = sums.count
        }
        return Bitmap(size: target, layout: layout, samples: samples)
    }
}

/// Averages the rows of a large image into a smaller one, weighted by area, in linear light, with colour weighted by
/// alpha.
///
/// Rows are added in order, and only one row of sums is kept beside the result. Each row is first summed along its
/// width in integers (`BoxRow`), and then added to the sums as `Float`, which the compiler vectorises.
struct BoxScaler {
    private(set) var bitmap: Bitmap
    private let source: PixelSize
    private let columns: BoxEdges
    private let rows: BoxEdges
    private let light: LinearLight
    /// The sums of the current source row, one for each pixel of the result's width.
    private var line: [Float]
    private var sums: [Float]
    private var sourceRow = 0
    private var targetRow = 0

    init(from source: PixelSize, to target: PixelSize, layout: Bitmap.Layout, light: LinearLight) {
        self.source = source
        self.light = light
        columns = BoxEdges(source: source.width, target: target.width)
        rows = BoxEdges(source: source.height, target: target.height)
        let width = target.width * layout.channels
        line = Array(repeating: 0, count: width)
        sums = Array(repeating: 0, count: width)
        bitmap = Bitmap(size: target, layout: layout, samples: [])
        bitmap.samples.reserveCapacity(width * target.height)
    }

    /// Adds the next `count` rows of the source.
    mutating func add<Sample: ImageSample>(_ samples: UnsafePointer<Sample>, rows count: Int) {
        let width = source.width * bitmap.layout.channels
        if light.isIdentity, source == bitmap.size, let samples = samples as? UnsafePointer<UInt8> {
            bitmap.samples.append(contentsOf: UnsafeBufferPointer(start: samples, count: count * width))
            return
        }
        for row in 0..<count {
            let start = samples + row * width
            add(row: start, above: row > 0 ? start - width : nil)
        }
    }

    private mutating func add<Sample: ImageSample>(row: UnsafePointer<Sample>, above: UnsafePointer<Sample>?) {
        BoxRow.sum(row, above: above, into: &line, columns: columns, layout: bitmap.layout, light: light.table)
        let start = sourceRow * BoxEdges.one
        let end = start + BoxEdges.one
        let boundary = rows.edges[targetRow + 1]
        addLine(weight: min(end, boundary) - start)
        if end >= boundary {
            emit()
            if end > boundary { addLine(weight: end - boundary) }
        }
        sourceRow += 1
    }

    private mutating func addLine(weight: Int) {
        let weight = Float(weight)
        sums.withUnsafeMutableBufferPointer { sums in
            line.withUnsafeBufferPointer { line in
                for index in sums.indices { sums[index] += line[index] * weight }
            }
        }
    }

    private mutating func emit() {
        let width = sums.count
        let row = [UInt8](unsafeUninitializedCapacity: width) { row, count in
            sums.withUnsafeBufferPointer { sums in
                BoxRow.encode(
                    sums, into: row, layout: bitmap.layout, columns: columns, rowSpan: rows.span(targetRow))
            }
            count = width
        }
        bitmap.samples += row
        for index in sums.indices { sums[index] = 0 }
        targetRow += 1
    }
}

extension Bitmap {
    /// Returns the bitmap at a size that is smaller or the same.
    func scaled(to target: PixelSize) -> Bitmap {
        guard target != size else { return self }
        if 2 * target.width > size.width, 2 * target.height > size.height {
            return SharpScaler(from: size, to: target).scaled(self)
        }
        var scaler = BoxScaler(from: size, to: target, layout: layout, light: .sRGB8)
        samples.withUnsafeBufferPointer { samples in
            if let base = samples.baseAddress { scaler.add(base, rows: size.height) }
        }
        return scaler.bitmap
    }
}

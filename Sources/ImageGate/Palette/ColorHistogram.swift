/// Which colours an image has, and how much of each. Neighbouring colours are counted as one, their average.
struct ColorHistogram: Sendable {
    struct Entry: Sendable {
        var point: ColorPoint
        /// Pixels.
        var weight: Float
    }

    private(set) var entries: [Entry]

    init(_ bitmap: Bitmap) {
        var counter = Counter(hasAlpha: bitmap.layout == .rgba)
        bitmap.samples.withUnsafeBufferPointer { samples in
            guard let base = samples.baseAddress else { return }
            var last: (color: PackedColor, cell: Int)?
            for pixel in 0..<bitmap.size.area {
                let color = PackedColor(base + pixel * bitmap.layout.channels, bitmap.layout)
                if let last, last.color == color {
                    counter.repeat(cell: last.cell)
                } else {
                    last = (color, counter.count(color))
                }
            }
        }
        entries = counter.entries()
    }
}

/// Cells of four neighbouring samples a side, or, where alpha takes some of the room, eight.
private struct Counter {
    private struct Cell {
        /// The first colour that came. Others are counted by how they differ: sums stay small, and a flat colour exact.
        let origin: ColorPoint
        var differences = ColorVector.zero
        /// Of the colour that came last.
        var difference = ColorVector.zero
        var weight: Float = 1
    }

    private let hasAlpha: Bool
    private var cells: [Cell] = []
    /// Index of the cell + 1.
    private var slots: [Int32]

    init(hasAlpha: Bool) {
        self.hasAlpha = hasAlpha
        slots = Array(repeating: 0, count: 1 << (hasAlpha ? 19 : 18))
    }

    /// - Returns: where it was counted.
    mutating func count(_ color: PackedColor) -> Int {
        let slot = slot(color)
        let point = ColorPoint(color)
        guard slots[slot] > 0 else {
            cells.append(Cell(origin: point))
            slots[slot] = Int32(cells.count)
            return cells.count - 1
        }
        let cell = Int(slots[slot]) - 1
        cells[cell].difference = point.axes - cells[cell].origin.axes
        self.repeat(cell: cell)
        return cell
    }

    /// The colour that this cell has seen last.
    @inline(__always)
    mutating func `repeat`(cell: Int) {
        cells[cell].differences += cells[cell].difference
        cells[cell].weight += 1
    }

    private func slot(_ color: PackedColor) -> Int {
        let bits = Int(color.bits)
        guard hasAlpha else { return bits >> 2 & 63 | (bits >> 10 & 63) << 6 | (bits >> 18 & 63) << 12 }
        // Colour that cannot be seen is one.
        guard color.alpha > 0 else { return 0 }
        return bits >> 3 & 31 | (bits >> 11 & 31) << 5 | (bits >> 19 & 31) << 10 | (bits >> 28) << 15
    }

    func entries() -> [ColorHistogram.Entry] {
        cells.map { cell in
            let point = ColorPoint(axes: cell.origin.axes + cell.differences * (1 / cell.weight))
            return .init(point: point, weight: cell.weight)
        }
    }
}

/// Which colours an image has, and how much of each. Neighbouring colours are counted as one, their average.
struct ColorHistogram: Sendable {
    struct Entry: Sendable {
        var point: ColorPoint
        /// Pixels.
        var weight: Float
    }

    let entries: [Entry]
    /// For each pixel, the entry in which it is counted.
    let places: [Int32]

    init(_ bitmap: Bitmap) {
        var counter = Counter(hasAlpha: bitmap.layout == .rgba)
        places = [Int32](unsafeUninitializedCapacity: bitmap.size.area) { places, count in
            bitmap.samples.withUnsafeBufferPointer { samples in
                guard let base = samples.baseAddress else { return }
                var last: (color: PackedColor, cell: Int)?
                for pixel in 0..<bitmap.size.area {
                    let color = PackedColor(base + pixel * bitmap.layout.channels, bitmap.layout)
                    if let last, last.color == color {
                        counter.repeat(cell: last.cell)
                        places[pixel] = Int32(truncatingIfNeeded: last.cell)
                    } else {
                        let cell = counter.count(color)
                        last = (color, cell)
                        places[pixel] = Int32(truncatingIfNeeded: cell)
                    }
                }
            }
            count = bitmap.size.area
        }
        entries = counter.entries()
    }

    /// The colours of a palette that are nearest to those of some pixels, given by their places.
    ///
    /// - Returns: indices into the palette. There are far fewer entries than pixels, and each is looked up once.
    func indices(of places: [Int32], in palette: ColorPalette) -> [UInt8] {
        var index = 0
        let nearest = entries.map { entry in
            index = palette.nearest(to: entry.point, guess: index)
            return UInt8(truncatingIfNeeded: index)
        }
        return [UInt8](unsafeUninitializedCapacity: places.count) { out, count in
            nearest.withUnsafeBufferPointer { nearest in
                places.withUnsafeBufferPointer { places in
                    for pixel in places.indices { out[pixel] = nearest[Int(places[pixel])] }
                }
            }
            count = places.count
        }
    }
}

/// Cells of four neighbouring samples a side, or, where alpha takes some of the room, eight of colour and four of alpha.
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
        slots = Array(repeating: 0, count: 1 << (hasAlpha ? 21 : 18))
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
        return bits >> 3 & 31 | (bits >> 11 & 31) << 5 | (bits >> 19 & 31) << 10 | (bits >> 26) << 15
    }

    func entries() -> [ColorHistogram.Entry] {
        cells.map { cell in
            let point = ColorPoint(axes: cell.origin.axes + cell.differences * (1 / cell.weight))
            return .init(point: point, weight: cell.weight)
        }
    }
}

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
                var last: PackedColor?
                for pixel in 0..<bitmap.size.area {
                    let color = PackedColor(base + pixel * bitmap.layout.channels, bitmap.layout)
                    let cell = color == last ? counter.countAgain() : counter.count(color)
                    places[pixel] = Int32(truncatingIfNeeded: cell)
                    last = color
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
        let origin: PackedColor
        var weight: Float = 1
        var differences = ColorVector.zero
    }

    private let hasAlpha: Bool
    private var cells: [Cell] = []
    /// Index of the cell + 1. In blocks of colours that are alike: most images have few of them.
    private var slots: [[Int32]]
    /// Of the colour that came last.
    private var last: (cell: Int, difference: ColorVector) = (0, .zero)

    init(hasAlpha: Bool) {
        self.hasAlpha = hasAlpha
        slots = Array(repeating: [], count: 1 << (hasAlpha ? 12 : 9))
    }

    /// - Returns: where it was counted.
    mutating func count(_ color: PackedColor) -> Int {
        let (block, slot) = place(of: color)
        if slots[block].isEmpty { slots[block] = Array(repeating: 0, count: 1 << 9) }
        guard slots[block][slot] > 0 else {
            cells.append(Cell(origin: color))
            slots[block][slot] = Int32(cells.count)
            last = (cells.count - 1, .zero)
            return last.cell
        }
        let cell = Int(slots[block][slot]) - 1
        last = (cell, ColorPoint(color).axes - ColorPoint(cells[cell].origin).axes)
        return countAgain()
    }

    /// The colour that came last.
    @inline(__always)
    mutating func countAgain() -> Int {
        cells[last.cell].differences += last.difference
        cells[last.cell].weight += 1
        return last.cell
    }

    /// The high bits of the samples that count, and three bits below them.
    private func place(of color: PackedColor) -> (block: Int, slot: Int) {
        let bits = Int(color.bits)
        guard hasAlpha else {
            return (bits >> 5 & 7 | (bits >> 13 & 7) << 3 | (bits >> 21 & 7) << 6, Self.slot(bits >> 2))
        }
        // Colour that cannot be seen is one.
        guard color.alpha > 0 else { return (0, 0) }
        return (bits >> 6 & 3 | (bits >> 14 & 3) << 2 | (bits >> 22 & 3) << 4 | (bits >> 26) << 6, Self.slot(bits >> 3))
    }

    private static func slot(_ bits: Int) -> Int { bits & 7 | (bits >> 8 & 7) << 3 | (bits >> 16 & 7) << 6 }

    func entries() -> [ColorHistogram.Entry] {
        cells.map { cell in
            let mean = ColorPoint(cell.origin).axes + cell.differences * (1 / cell.weight)
            return .init(point: ColorPoint(axes: mean), weight: cell.weight)
        }
    }
}

/// The colours of an image, with the number of pixels of each. Similar colours are counted together, as their average.
struct ColorHistogram: Sendable {
    struct Entry: Sendable {
        var point: ColorPoint
        /// The number of pixels.
        var weight: Float
    }

    let entries: [Entry]
    /// For each pixel, the index of the entry that counts it.
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

    /// Maps pixels, given as elements of `places`, to the nearest colours of a palette.
    ///
    /// - Returns: the indices into the palette. Each entry is looked up once, because there are far fewer entries than
    ///   pixels.
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

/// Counts colours in cells. A cell spans four sample values of each channel; with alpha it spans eight of each colour
/// and four of alpha, to bound the number of cells.
private struct Counter {
    private struct Cell {
        /// The first colour of the cell. Other colours are summed as differences to it, so that sums stay small, and
        /// the average of equal colours is exact.
        let origin: PackedColor
        var weight: Float = 1
        var differences = ColorVector.zero
    }

    private let hasAlpha: Bool
    private var cells: [Cell] = []
    /// For each colour's slot, the index of its cell plus one. Slots are allocated in blocks for similar colours, and
    /// most images need few blocks.
    private var slots: [[Int32]]
    /// The cell of the colour that was counted last, and that colour's difference to the cell's origin.
    private var last: (cell: Int, difference: ColorVector) = (0, .zero)

    init(hasAlpha: Bool) {
        self.hasAlpha = hasAlpha
        slots = Array(repeating: [], count: 1 << (hasAlpha ? 12 : 9))
    }

    /// - Returns: the index of the cell in which the colour was counted.
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

    /// Counts the last colour once more.
    @inline(__always)
    mutating func countAgain() -> Int {
        cells[last.cell].differences += last.difference
        cells[last.cell].weight += 1
        return last.cell
    }

    /// Returns the place of the colour's slot. The highest bits of each sample make the block, and the three bits below
    /// them the slot.
    private func place(of color: PackedColor) -> (block: Int, slot: Int) {
        let bits = Int(color.bits)
        guard hasAlpha else {
            return (bits >> 5 & 7 | (bits >> 13 & 7) << 3 | (bits >> 21 & 7) << 6, Self.slot(bits >> 2))
        }
        // All fully transparent colours count as the same colour.
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

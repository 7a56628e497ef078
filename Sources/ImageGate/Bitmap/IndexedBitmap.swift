/// A bitmap of at most 256 colours.
struct IndexedBitmap {
    let size: PixelSize
    /// An index into the palette for each pixel. Without a palette these are grey samples of `bitDepth` bits.
    let indices: [UInt8]
    /// The palette as RGBA; nil for a grey bitmap.
    let palette: [UInt8]?
    /// The number of bits of an index or a sample: 1, 2, 4 or 8.
    let bitDepth: Int

    /// Makes an indexed bitmap; nil if the bitmap has more than 256 colours.
    init?(_ bitmap: Bitmap) {
        guard bitmap.layout != .grey else {
            self.init(grey: bitmap)
            return
        }
        guard let colors = ColorTable(bitmap) else { return nil }
        self.init(
            size: bitmap.size, indices: colors.indices, palette: colors.palette,
            bitDepth: Self.bitDepth(for: colors.count))
    }

    /// - Parameter indices: the index into `palette` for each pixel.
    init(size: PixelSize, indices: [UInt8], of palette: ColorPalette) {
        let colors = palette.colors
        // Colours that are not opaque come first, as in `ColorTable`; otherwise the palette's order stays.
        let order = colors.indices.filter { colors[$0].alpha < 255 } + colors.indices.filter { colors[$0].alpha == 255 }
        var indices = indices
        if order != Array(colors.indices) {
            var place = [UInt8](repeating: 0, count: 256)
            for (rank, old) in order.enumerated() { place[old] = UInt8(rank) }
            indices = indices.map { place[Int($0)] }
        }
        self.init(
            size: size, indices: indices, palette: order.flatMap { colors[$0].samples },
            bitDepth: Self.bitDepth(for: colors.count))
    }

    private init(size: PixelSize, indices: [UInt8], palette: [UInt8]?, bitDepth: Int) {
        self.size = size
        self.indices = indices
        self.palette = palette
        self.bitDepth = bitDepth
    }

    private init(grey bitmap: Bitmap) {
        var isUsed = [Bool](repeating: false, count: 256)
        for sample in bitmap.samples { isUsed[Int(sample)] = true }
        // Grey of 1, 2 or 4 bits has evenly spaced samples, and all samples of the bitmap must be among them.
        let depth = [1, 2, 4].first { depth in
            let step = 255 / (1 << depth - 1)
            return isUsed.indices.allSatisfy { !isUsed[$0] || $0.isMultiple(of: step) }
        }
        let bitDepth = depth ?? 8
        let step = UInt8(255 / (1 << bitDepth - 1))
        let indices = step == 1 ? bitmap.samples : bitmap.samples.map { $0 / step }
        self.init(size: bitmap.size, indices: indices, palette: nil, bitDepth: bitDepth)
    }

    private static func bitDepth(for colors: Int) -> Int {
        switch colors {
        case ...2: 1
        case ...4: 2
        case ...16: 4
        default: 8
        }
    }
}

/// Finds up to 256 colours in one pass.
private struct ColorTable {
    private(set) var indices: [UInt8]
    private(set) var palette: [UInt8]
    private(set) var count: Int

    init?(_ bitmap: Bitmap) {
        let channels = bitmap.layout.channels
        // A hash table with open addressing and four times as many slots as colours. A slot holds an index plus one.
        let slotCount = 1024
        var slots = [UInt16](repeating: 0, count: slotCount)
        var colors: [UInt32] = []
        var indices: [UInt8] = []
        indices.reserveCapacity(bitmap.size.area)
        var last: (color: UInt32, index: UInt8)?
        for start in stride(from: 0, to: bitmap.samples.count, by: channels) {
            let alpha = channels == 4 ? bitmap.samples[start + 3] : 255
            let color =
                UInt32(bitmap.samples[start]) | UInt32(bitmap.samples[start + 1]) << 8
                | UInt32(bitmap.samples[start + 2]) << 16 | UInt32(alpha) << 24
            if let last, last.color == color {
                indices.append(last.index)
                continue
            }
            var slot = Int((color &* 0x9E37_79B1) >> 22)
            while slots[slot] != 0, colors[Int(slots[slot]) - 1] != color { slot = (slot + 1) & (slotCount - 1) }
            if slots[slot] == 0 {
                guard colors.count < 256 else { return nil }
                colors.append(color)
                slots[slot] = UInt16(colors.count)
            }
            let index = UInt8(slots[slot] - 1)
            indices.append(index)
            last = (color, index)
        }
        // Transparent entries come first, because tRNS may end after the last of them. Otherwise entries are sorted by
        // colour, because indices that are alike compress well.
        let order = colors.indices.sorted { (colors[$0] >> 24, colors[$0]) < (colors[$1] >> 24, colors[$1]) }
        var place = [UInt8](repeating: 0, count: colors.count)
        for (rank, old) in order.enumerated() { place[old] = UInt8(rank) }
        self.indices = indices.map { place[Int($0)] }
        count = colors.count
        palette = order.flatMap { old in [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: colors[old] >> UInt32($0)) } }
    }
}

/// Finds out whether an image with transparency has dark ink on it, which cannot be seen on a dark page.
///
/// What counts is the ink next to transparent pixels, because ink on a ground of its own is seen on every page. Light
/// ink would disappear on white, so there has to be more of the dark one. Edges that go straight on, as those of grids
/// and frames, count little beside those of letters and curves: the letters have to be readable.
struct InkSearch {
    private enum Shade {
        case dark, light, other
    }

    private struct Edges {
        var count = 0
        /// Those that do not continue an edge straight on.
        var turns = 0

        var weight: Int { count + 32 * turns }

        mutating func add(isTurn: Bool) {
            count += 1
            if isTurn { turns += 1 }
        }
    }

    private let width: Int
    /// The last two rows, as RGBA in the order of memory; empty before the first ones.
    private var above: [UInt32] = []
    private var row: [UInt32] = []
    /// Whether those two have a clear pixel.
    private var isAboveClear = false
    private var isRowClear = false
    /// For each column, whether an opaque run began or ended there in the row above: bits 0 and 1.
    private var ends: [UInt8]
    private var dark = Edges()
    private var light = Edges()
    private var otherCount = 0

    init(width: Int) {
        self.width = width
        ends = Array(repeating: 0, count: width)
    }

    /// Adds the next row of RGBA pixels.
    mutating func add(_ samples: UnsafePointer<UInt8>) {
        let next = [UInt32](unsafeUninitializedCapacity: width) { next, count in
            UnsafeMutableRawBufferPointer(next).copyMemory(
                from: UnsafeRawBufferPointer(start: samples, count: width * 4))
            count = width
        }
        let isNextClear = next.withUnsafeBufferPointer { $0.contains { $0.isClear } }
        look(below: next, isNextClear)
        (above, row) = (row, next)
        (isAboveClear, isRowClear) = (isRowClear, isNextClear)
    }

    /// After the last row.
    mutating func finds() -> Bool {
        look(below: [], false)
        let all = dark.count + light.count + otherCount
        return dark.count >= Self.least && dark.count * Self.leastShare >= all && dark.weight > light.weight
    }

    /// Looks at the edges of the last row.
    private mutating func look(below: [UInt32], _ isBelowClear: Bool) {
        guard !row.isEmpty else { return }
        guard isAboveClear || isRowClear || isBelowClear else {
            if ends.contains(where: { $0 != 0 }) { ends = Array(repeating: 0, count: width) }
            return
        }
        var (wasAbove, wasBelow) = (false, false)
        for column in 0..<width {
            guard !row[column].isClear else {
                (wasAbove, wasBelow, ends[column]) = (false, false, 0)
                continue
            }
            let (left, right) = (column - 1, column + 1)
            let begins = left >= 0 && row[left].isClear
            let stops = right < width && row[right].isClear
            if begins { add(row[column], within: right < width ? row[right] : 0, isTurn: ends[column] & 1 == 0) }
            if stops { add(row[column], within: left >= 0 ? row[left] : 0, isTurn: ends[column] & 2 == 0) }
            ends[column] = (begins ? 1 : 0) | (stops ? 2 : 0)
            let isAbove = !above.isEmpty && above[column].isClear
            let isBelow = !below.isEmpty && below[column].isClear
            if isAbove { add(row[column], within: below.isEmpty ? 0 : below[column], isTurn: !wasAbove) }
            if isBelow { add(row[column], within: above.isEmpty ? 0 : above[column], isTurn: !wasBelow) }
            (wasAbove, wasBelow) = (isAbove, isBelow)
        }
    }

    /// - Parameter within: the pixel on the other side of the edge's, which has its colour where the edge is smooth.
    private mutating func add(_ pixel: UInt32, within: UInt32, isTurn: Bool) {
        switch Self.shade(pixel.isFaint ? within : pixel) {
        case .dark: dark.add(isTurn: isTurn)
        case .light: light.add(isTurn: isTurn)
        case .other: otherCount += 1
        }
    }

    private static func shade(_ pixel: UInt32) -> Shade {
        guard !pixel.isFaint else { return .other }
        let light = pixel.light
        return light < darkest ? .dark : light > brightest ? .light : .other
    }

    /// The light up to which ink is hard to see on #212121, LibreChat's dark page: a contrast of 2.25.
    private static let darkest: Float = 0.0965
    /// The light from which on ink is hard to see on white: a contrast of 1.35.
    private static let brightest: Float = 0.728
    /// The fewest edges of dark ink; a dot has four.
    private static let least = 4
    /// The smallest share of the dark edges, as a divisor.
    private static let leastShare = 50
}

extension UInt32 {
    private var alpha: UInt32 { UInt32(littleEndian: self) >> 24 }
    /// Whether the page behind the pixel is what is seen.
    fileprivate var isClear: Bool { alpha < 64 }
    /// Whether the pixel is too transparent for its colour to tell. So are the edges of smooth lines, and shadows.
    fileprivate var isFaint: Bool { alpha < 96 }

    /// The relative luminance of the colour (WCAG 2.2).
    fileprivate var light: Float {
        let rgba = UInt32(littleEndian: self)
        let table = LinearLight.sRGB8.table
        let (red, green, blue) = (table[Int(rgba & 255)], table[Int(rgba >> 8 & 255)], table[Int(rgba >> 16 & 255)])
        return (0.2126 * Float(red) + 0.7152 * Float(green) + 0.0722 * Float(blue)) / 65535
    }
}

extension Bitmap {
    /// Whether the image has dark ink on transparency.
    var hasInkOnTransparency: Bool {
        guard layout == .rgba, !isOpaque else { return false }
        var search = InkSearch(width: size.width)
        samples.withUnsafeBufferPointer { samples in
            guard let base = samples.baseAddress else { return }
            for row in 0..<size.height { search.add(base + row * rowBytes) }
        }
        return search.finds()
    }

    /// Returns the image on a white ground.
    func onWhite() -> Bitmap {
        guard layout == .rgba else { return self }
        let pixels = [UInt8](unsafeUninitializedCapacity: size.area * 3) { out, count in
            samples.withUnsafeBufferPointer { samples in
                for pixel in 0..<size.area {
                    let alpha = Int(samples[4 * pixel + 3])
                    for channel in 0..<3 {
                        // As browsers draw it: the mean is of samples and not of light.
                        let mixed = Int(samples[4 * pixel + channel]) * alpha + 255 * (255 - alpha)
                        out[3 * pixel + channel] = UInt8((mixed + 127) / 255)
                    }
                }
            }
            count = size.area * 3
        }
        return Bitmap(size: size, layout: .rgb, samples: pixels)
    }
}

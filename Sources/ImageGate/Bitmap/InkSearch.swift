/// Finds out whether an image with transparency has dark ink on it, which cannot be seen on a dark page.
///
/// What counts is the ink next to transparent pixels, because ink on a ground of its own is seen on every page. Light
/// ink would disappear on white, so there has to be more of the dark one. Edges that go straight on, as those of grids
/// and frames, count little beside those of letters and curves: the letters have to be readable.
struct InkSearch: ~Copyable {
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
    /// The words of a row's mask.
    private let wordCount: Int
    /// The last two rows and the next one, as RGBA in the order of memory. They take turns.
    private let pixels: UnsafeMutablePointer<UInt32>
    /// For each of the three rows, a bit for each pixel that is clear. Edges are found in these, 64 pixels at a time.
    private let masks: UnsafeMutablePointer<UInt64>
    /// For each column, whether an opaque run began there in the row above, and, after those, whether one ended there.
    private let ends: UnsafeMutablePointer<UInt64>
    /// The number of rows so far.
    private var count = 0
    private var dark = Edges()
    private var light = Edges()
    private var otherCount = 0

    init(width: Int) {
        self.width = width
        wordCount = (width + 63) / 64
        pixels = .allocate(capacity: 3 * width)
        masks = .allocate(capacity: 3 * wordCount)
        ends = .allocate(capacity: 2 * wordCount)
        pixels.initialize(repeating: 0, count: 3 * width)
        masks.initialize(repeating: 0, count: 3 * wordCount)
        ends.initialize(repeating: 0, count: 2 * wordCount)
    }

    deinit {
        pixels.deallocate()
        masks.deallocate()
        ends.deallocate()
    }

    /// Adds the next row.
    ///
    /// - Parameter fill: writes the row as RGBA.
    mutating func add<Failure: Error>(
        _ fill: (UnsafeMutablePointer<UInt8>) throws(Failure) -> Void
    ) throws(Failure) {
        let next = row(count)
        try fill(UnsafeMutableRawPointer(next).assumingMemoryBound(to: UInt8.self))
        markClear(next, in: mask(count))
        if count > 0 { look(at: count - 1) }
        count += 1
    }

    /// After the last row.
    mutating func finds() -> Bool {
        if count > 0 {
            // No row is below the last one.
            mask(count).update(repeating: 0, count: wordCount)
            row(count).update(repeating: 0, count: width)
            look(at: count - 1)
        }
        let all = dark.count + light.count + otherCount
        return dark.count >= Self.least && dark.count * Self.leastShare >= all && dark.weight > light.weight
    }

    private func row(_ index: Int) -> UnsafeMutablePointer<UInt32> { pixels + (index + 3) % 3 * width }
    private func mask(_ index: Int) -> UnsafeMutablePointer<UInt64> { masks + (index + 3) % 3 * wordCount }

    private func markClear(_ pixels: UnsafePointer<UInt32>, in mask: UnsafeMutablePointer<UInt64>) {
        for word in 0..<wordCount {
            let first = pixels + 64 * word
            let count = min(64, width - 64 * word)
            // Nearly always all of them are alike, which is found out without a branch for each.
            var (any, all) = (UInt32(0), UInt32.max)
            for index in 0..<count {
                any |= first[index].isSeenBit
                all &= first[index].isSeenBit
            }
            mask[word] =
                if all >> 31 == 1 {
                    0
                } else if any >> 31 == 0 {
                    UInt64.max >> UInt64(64 - count)
                } else {
                    (0..<count).reduce(0) { $0 | UInt64(~first[$1].isSeenBit >> 31) << UInt64($1) }
                }
        }
    }

    /// Looks at the edges of a row.
    private mutating func look(at index: Int) {
        let (aboveMask, rowMask, belowMask) = (mask(index - 1), mask(index), mask(index + 1))
        let (above, row, below) = (self.row(index - 1), self.row(index), self.row(index + 1))
        var (leftClear, wasAbove, wasBelow) = (UInt64(0), UInt64(0), UInt64(0))
        for word in 0..<wordCount {
            let clear = rowMask[word]
            let rightClear = word + 1 < wordCount ? rowMask[word + 1] : 0
            // Past the last column there is nothing, which is not clear; nor is it seen.
            let seen = ~clear & (UInt64.max >> UInt64(max(0, 64 * (word + 1) - width)))
            let begins = seen & (clear << 1 | leftClear >> 63)
            let stops = seen & (clear >> 1 | rightClear << 63)
            let isAbove = seen & aboveMask[word]
            let isBelow = seen & belowMask[word]
            let first = 64 * word
            for bit in Bits(begins) {
                let column = first + bit
                let within = column + 1 < width ? row[column + 1] : 0
                add(row[column], within: within, isTurn: ends[word] >> UInt64(bit) & 1 == 0)
            }
            for bit in Bits(stops) {
                let column = first + bit
                let within = column > 0 ? row[column - 1] : 0
                add(row[column], within: within, isTurn: ends[wordCount + word] >> UInt64(bit) & 1 == 0)
            }
            for bit in Bits(isAbove) {
                let isTurn = (isAbove << 1 | wasAbove >> 63) >> UInt64(bit) & 1 == 0
                add(row[first + bit], within: below[first + bit], isTurn: isTurn)
            }
            for bit in Bits(isBelow) {
                let isTurn = (isBelow << 1 | wasBelow >> 63) >> UInt64(bit) & 1 == 0
                add(row[first + bit], within: above[first + bit], isTurn: isTurn)
            }
            (ends[word], ends[wordCount + word]) = (begins, stops)
            (leftClear, wasAbove, wasBelow) = (clear, isAbove, isBelow)
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

/// The indices of the bits that are set.
private struct Bits: Sequence, IteratorProtocol {
    private var left: UInt64

    init(_ bits: UInt64) { left = bits }

    mutating func next() -> Int? {
        guard left != 0 else { return nil }
        defer { left &= left - 1 }
        return left.trailingZeroBitCount
    }
}

extension UInt32 {
    private var alpha: UInt32 { UInt32(littleEndian: self) >> 24 }
    /// The highest bit is 0 if the page behind the pixel is what is seen: its alpha is below 64.
    fileprivate var isSeenBit: UInt32 { UInt32(littleEndian: self) | UInt32(littleEndian: self) << 1 }
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
            for row in 0..<size.height {
                search.add { UnsafeMutableRawPointer($0).copyMemory(from: base + row * rowBytes, byteCount: rowBytes) }
            }
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

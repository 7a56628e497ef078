/// Finds the largest palette, of up to 256 colours, with which an image fits a budget.
///
/// It estimates the bytes with each palette from a sample of the rows, so that the whole image is encoded only once or
/// twice.
struct PaletteSearch {
    /// The largest number of bytes of the PNG.
    private let budget: Int
    private let cancellation: Cancellation
    private let bitmap: Bitmap
    /// Whether the fewest colours are tried first, because probably not even they fit.
    private let isFarOver: Bool
    private var sizes: Sizes

    enum SearchResult {
        case fits(bytes: [UInt8], IndexedBitmap)
        case tooLarge(estimate: Int)
    }

    /// The numbers of colours that can be chosen, best first.
    fileprivate static let counts = [256, 192, 128, 96, 64, 48, 32, 24, 16, 14, 12, 11, 10, 9, 8, 7, 6, 5, 4]
    /// The choices that have enough colours for shades: 256 to 16.
    private static let shades = 0..<9
    /// The choices for letters on a flat background. Fewer shades at the edges of letters are a smaller loss there than
    /// fewer pixels: a page of code in 100,000 bytes is more similar to the original, by SSIM and PSNR, with 6 colours
    /// at the box's size than with 16 colours at three quarters of it.
    private static let letters = 9..<19
    /// The factor by which an estimate may be wrong.
    private static let tolerance = 1.1
    /// zlib's level. It takes 1 to 5 % more bytes than level 6, and half of the time.
    private static let level: UInt8 = 5
    /// The level for an image that is over the budget by no more than this level may save.
    private static let slowLevel: UInt8 = 6
    private static let slowSaving = 1.06
    /// The level for estimates from a sample, which takes a third of the time of level 6; and what another level would
    /// save.
    private static let quickLevel: UInt8 = 4
    fileprivate static let quickExcess = 0.96

    /// - Parameter estimate: the bytes that the image takes without loss.
    init(of bitmap: Bitmap, estimate: Int = 0, budget: Int, cancellation: Cancellation) {
        self.bitmap = bitmap
        isFarOver = estimate > 3 * budget
        self.budget = budget
        self.cancellation = cancellation
        sizes = Sizes(bitmap)
    }

    /// Returns the best result with at least 16 colours, for any image.
    mutating func best() throws(ImageGateError) -> SearchResult { try best(of: Self.shades) }

    /// Returns the best result with fewer than 16 colours, for letters and lines.
    mutating func bestCoarse() throws(ImageGateError) -> SearchResult { try best(of: Self.letters) }

    private mutating func best(of all: Range<Int>) throws(ImageGateError) -> SearchResult {
        var fitting: (choice: Int, bytes: [UInt8], indexed: IndexedBitmap)?
        var choices = all
        var smallest = Int.max
        for _ in 0..<Self.tries {
            // More colours than fit at this level may fit at the slow one.
            let room = fitting == nil ? 1 : Self.slowSaving
            guard
                let choice = try bestChoice(
                    of: choices, within: Double(budget) * room, isLast: choices.upperBound == all.upperBound)
            else { break }
            let indexed = sizes.indexed(choice)
            let needed: Int
            switch try written(indexed) {
            case .written(let bytes):
                fitting = (choice, bytes, indexed)
                choices = choices.lowerBound..<choice
                needed = bytes.count
            case .tooLarge(let estimate):
                choices = choice + 1..<choices.upperBound
                needed = estimate
                smallest = min(smallest, estimate)
            }
            sizes.correction *= Double(needed) / (try count(choice))
            // Using the rest of the budget is not worth another encoding.
            if fitting != nil, needed > budget * 19 / 20 { break }
        }
        guard let fitting else {
            return .tooLarge(estimate: max(min(smallest, Int(try count(all.upperBound - 1))), budget + 1))
        }
        // Dithering between few shades would appear as noise only.
        let palette = sizes.palette(fitting.choice)
        let dithered = all == Self.shades ? try dithered(palette, instead: fitting.indexed) : nil
        return dithered ?? .fits(bytes: fitting.bytes, fitting.indexed)
    }

    private func written(_ indexed: IndexedBitmap) throws(ImageGateError) -> PNGWriter.WriteResult {
        let result = try PNGWriter(limit: budget).write(indexed, level: Self.level)
        guard case .tooLarge(let estimate) = result, Double(estimate) <= Double(budget) * Self.slowSaving else {
            return result
        }
        return try PNGWriter(limit: budget).write(indexed, level: Self.slowLevel)
    }

    /// Returns the image with dithering, if bands would be visible without it, and if the dithered image fits as well.
    private func dithered(_ palette: ColorPalette, instead plain: IndexedBitmap) throws(ImageGateError) -> SearchResult?
    {
        let bands = Similarity.shadeError(bitmap, plain)
        guard bands > Self.visible else { return nil }
        let dithering = Dithering(palette: palette, strength: Self.strength)
        func drawn(_ bitmap: Bitmap) throws(ImageGateError) -> (indexed: IndexedBitmap, isBetter: Bool) {
            try cancellation.check()
            let indexed = IndexedBitmap(size: bitmap.size, indices: dithering.indices(of: bitmap), of: palette)
            return (indexed, Similarity.shadeError(bitmap, indexed) < bands / 2)
        }
        // Dithered images compress badly and mostly do not fit, which a sample shows.
        let sample = try drawn(bitmap.sampled())
        let sampleBudget = budget * sample.indexed.size.height / bitmap.size.height
        guard sample.isBetter,
            case .written = try PNGWriter(limit: sampleBudget * 11 / 10 + 1024).write(sample.indexed, level: Self.level)
        else { return nil }
        let whole = try drawn(bitmap)
        guard whole.isBetter,
            case .written(let bytes) = try PNGWriter(limit: budget).write(whole.indexed, level: Self.level)
        else { return nil }
        return .fits(bytes: bytes, whole.indexed)
    }

    /// The difference between flat shades, in steps of a sample, above which bands are visible.
    private static let visible = 1.5
    /// The strength of dithering. At full strength single pixels are visible.
    private static let strength: Float = 0.8
    private static let tries = 3

    /// The known sizes: each choice, and the number of bytes that it takes.
    private struct Sizes {
        private let histogram: ColorHistogram
        private var palettes: [Int: ColorPalette] = [:]
        private let size: PixelSize
        private let sampleSize: PixelSize
        private let samplePlaces: [Int32]
        /// The bytes of the encoded sample, by choice.
        var counts: [Int: Int] = [:]
        /// The ratio of the image's bytes to the prediction from the sample.
        var correction = PaletteSearch.quickExcess

        init(_ bitmap: Bitmap) {
            size = bitmap.size
            histogram = ColorHistogram(bitmap)
            samplePlaces =
                RowSample.rows(of: histogram.places, rowBytes: size.width, height: size.height) ?? histogram.places
            sampleSize = PixelSize(width: size.width, height: samplePlaces.count / size.width)
        }

        /// The number of the image's pixels for each pixel of the sample.
        var ratio: Double { Double(size.height) / Double(sampleSize.height) }

        mutating func indexed(_ choice: Int) -> IndexedBitmap {
            let palette = palette(choice)
            return IndexedBitmap(size: size, indices: histogram.indices(of: histogram.places, in: palette), of: palette)
        }

        mutating func indexedSample(_ choice: Int) -> IndexedBitmap {
            let palette = palette(choice)
            return IndexedBitmap(
                size: sampleSize, indices: histogram.indices(of: samplePlaces, in: palette), of: palette)
        }

        mutating func palette(_ choice: Int) -> ColorPalette {
            if let palette = palettes[choice] { return palette }
            let palette = ColorPalette(of: histogram, count: PaletteSearch.counts[choice])
            palettes[choice] = palette
            return palette
        }
    }

    /// Estimates the bytes that the image takes with a choice.
    private mutating func count(_ choice: Int) throws(ImageGateError) -> Double {
        if sizes.counts[choice] == nil {
            try cancellation.check()
            let indexed = sizes.indexedSample(choice)
            switch try PNGWriter(limit: indexed.size.area + 4096).write(indexed, level: Self.quickLevel) {
            case .written(let bytes): sizes.counts[choice] = bytes.count
            case .tooLarge(let estimate): sizes.counts[choice] = estimate
            }
        }
        return Double(sizes.counts[choice] ?? 0) * sizes.ratio * sizes.correction
    }

    /// Returns the choice with the most colours that should fit. For most plots this is the first choice; otherwise it
    /// is found by interpolation, because the numbers of colours are chosen so that the number of bytes falls about
    /// evenly.
    ///
    /// - Parameter isLast: whether there are no smaller choices after these. If so, the last choice is tried even if
    ///   its estimate is slightly too large.
    private mutating func bestChoice(
        of choices: Range<Int>, within budget: Double, isLast: Bool
    ) throws(ImageGateError) -> Int? {
        guard let first = choices.first, let last = choices.last else { return nil }
        let lastRoom = budget * (isLast ? Self.tolerance : 1)
        if isFarOver, try count(last) > max(lastRoom, budget) { return nil }
        if try count(first) <= budget { return first }
        guard try count(last) <= lastRoom else { return nil }
        var (tooMany, enough) = (first, last)
        while enough - tooMany > 1 {
            let (most, least) = (try count(tooMany), try count(enough))
            let share = most > least ? (most - budget) / (most - least) : 0.5
            let middle = tooMany + Int((Double(enough - tooMany) * share).rounded())
            let choice = min(max(middle, tooMany + 1), enough - 1)
            if try count(choice) <= budget { enough = choice } else { tooMany = choice }
        }
        return enough
    }
}

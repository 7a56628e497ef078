/// Finds the palette, of 256 colours or fewer, with which an image fits a budget.
///
/// What a palette would take is learnt from a sample of the rows, so only one or two whole encodings follow.
struct PaletteSearch: Sendable {
    /// Bytes.
    let budget: Int
    let cancellation: Cancellation

    enum Outcome {
        case fits(bytes: [UInt8], IndexedBitmap)
        case tooLarge(estimate: Int)
    }

    /// Best first.
    private static let counts = [256, 192, 128, 96, 64, 48, 32, 24, 16]
    /// Of flat paper with letters. Fewer shades at the edges of letters are a smaller loss than fewer pixels: of a page of
    /// code in 100,000 bytes, 6 colours at the box's size are nearer to the original, to the eye and by SSIM and PSNR of the
    /// page at that size, than 16 colours at three quarters of it.
    private static let flatCounts = counts + [12, 10, 8, 6, 5, 4]
    /// What a sample says may be this much off.
    private static let doubt = 1.1
    /// zlib's: seldom half a tenth more than the best it can do, in a third of the time.
    private static let level: UInt8 = 6

    func best(of bitmap: Bitmap) throws(ImageRejection) -> Outcome {
        var sizes = Sizes(bitmap)
        var fitting: (choice: Int, bytes: [UInt8], indexed: IndexedBitmap)?
        var choices = sizes.choices.indices
        var smallest = Int.max
        for _ in 0..<Self.tries {
            guard let choice = try bestChoice(of: choices, &sizes) else { break }
            let indexed = IndexedBitmap(bitmap, Diffusion(palette: sizes.palette(choice), strength: 0))
            let needed: Int
            switch try write(indexed) {
            case .written(let bytes):
                fitting = (choice, bytes, indexed)
                choices = choices.lowerBound..<choice
                needed = bytes.count
            case .tooLarge(let estimate):
                choices = choice + 1..<choices.upperBound
                needed = estimate
                smallest = min(smallest, estimate)
            }
            sizes.correction *= Double(needed) / (try count(choice, &sizes))
            // What is left is not worth another try.
            if fitting != nil, needed > budget * 9 / 10 { break }
        }
        guard let fitting else {
            let last = sizes.choices.count - 1
            return .tooLarge(estimate: max(min(smallest, Int(try count(last, &sizes))), budget + 1))
        }
        let plain = Outcome.fits(bytes: fitting.bytes, fitting.indexed)
        // Between a few shades there would be nothing but grain.
        let palette = sizes.palette(fitting.choice)
        guard palette.colors.count >= Self.leastOfShades else { return plain }
        return try grained(bitmap, palette, instead: fitting.indexed) ?? plain
    }

    /// With error diffusion, where the palette's steps would show as bands, if that fits, too.
    private func grained(
        _ bitmap: Bitmap, _ palette: ColorPalette, instead plain: IndexedBitmap
    ) throws(ImageRejection) -> Outcome? {
        let bands = Similarity.shadeError(bitmap, plain.bitmap(bitmap.layout))
        guard bands > Self.visible else { return nil }
        try cancellation.check()
        let grained = IndexedBitmap(bitmap, Diffusion(palette: palette, strength: Self.strength))
        guard Similarity.shadeError(bitmap, grained.bitmap(bitmap.layout)) < bands / 2,
            case .written(let bytes) = try write(grained)
        else { return nil }
        return .fits(bytes: bytes, grained)
    }

    /// Steps of a sample, between flat shades side by side.
    private static let visible = 1.5
    /// A full one speckles.
    private static let strength: Float = 0.8
    /// Colours that anything but letters and lines needs.
    static let leastOfShades = 16
    private static let tries = 3

    /// What is known of each choice, and how many bytes it takes.
    private struct Sizes {
        /// Numbers of colours, best first.
        let choices: [Int]
        private let histogram: ColorHistogram
        private var palettes: [Int: ColorPalette] = [:]
        let sample: Bitmap
        /// The whole's pixels for each of the sample's.
        let ratio: Double
        /// Of the sample.
        var counts: [Int: Int] = [:]
        /// How much more than the sample lets expect the whole takes.
        var correction = 1.0

        init(_ bitmap: Bitmap) {
            choices = bitmap.isMostlyFlat ? PaletteSearch.flatCounts : PaletteSearch.counts
            histogram = ColorHistogram(bitmap)
            sample = bitmap.sampled()
            ratio = Double(bitmap.size.height) / Double(sample.size.height)
        }

        mutating func palette(_ choice: Int) -> ColorPalette {
            if let palette = palettes[choice] { return palette }
            let palette = ColorPalette(of: histogram, count: choices[choice])
            palettes[choice] = palette
            return palette
        }
    }

    /// Bytes, about.
    private func count(_ choice: Int, _ sizes: inout Sizes) throws(ImageRejection) -> Double {
        if sizes.counts[choice] == nil {
            try cancellation.check()
            let indexed = IndexedBitmap(sizes.sample, Diffusion(palette: sizes.palette(choice), strength: 0))
            switch try PNGWriter(limit: sizes.sample.size.area + 4096).write(indexed, level: Self.level) {
            case .written(let bytes): sizes.counts[choice] = bytes.count
            case .tooLarge(let estimate): sizes.counts[choice] = estimate
            }
        }
        return Double(sizes.counts[choice] ?? 0) * sizes.ratio * sizes.correction
    }

    /// The one with the most colours that should fit: the first, as it is with most plots, or by bisection.
    private func bestChoice(of choices: Range<Int>, _ sizes: inout Sizes) throws(ImageRejection) -> Int? {
        guard let first = choices.first, let last = choices.last else { return nil }
        if try count(first, &sizes) <= Double(budget) { return first }
        // Of the last of all it is worth to be sure.
        let doubt = choices.upperBound == sizes.choices.count ? Self.doubt : 1
        guard try count(last, &sizes) <= Double(budget) * doubt else { return nil }
        var low = first + 1
        var high = last
        while low <= high {
            let middle = (low + high) / 2
            if try count(middle, &sizes) <= Double(budget) { high = middle - 1 } else { low = middle + 1 }
        }
        return min(low, last)
    }

    private func write(_ indexed: IndexedBitmap) throws(ImageRejection) -> PNGWriter.Outcome {
        let writer = PNGWriter(limit: budget)
        let outcome = try writer.write(indexed, level: Self.level)
        // More effort saves a fortieth of letters, and the last of it only time: level 9 takes three times as long as 8.
        guard case .tooLarge(let needed) = outcome, needed < budget + budget / 40 else { return outcome }
        return try writer.write(indexed, level: 8)
    }
}

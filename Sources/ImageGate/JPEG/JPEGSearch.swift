/// Finds the best quality with which an opaque image, as a JPEG, fits a budget.
///
/// It estimates the bytes of each quality from a sample of the rows, and then encodes the whole image one to three
/// times.
struct JPEGSearch: ~Copyable {
    /// The largest number of bytes of the JPEG.
    private let budget: Int
    private let cancellation: Cancellation
    /// The writer for samples.
    private let sampleWriter: JPEGWriter
    private let writer: JPEGWriter

    /// The quality levels of libjpeg that are tried. Below the lowest, blocks show, and a smaller image looks better.
    static let levels: ClosedRange<CInt> = 50...97
    /// The lowest level at which colour at full resolution is worth its bytes.
    private static let fullColorLevel: CInt = 80

    init(budget: Int, cancellation: Cancellation) throws(ImageGateError) {
        let sampleWriter = try JPEGWriter(.quick)
        let writer = try JPEGWriter(.whole)
        self.budget = budget
        self.cancellation = cancellation
        self.sampleWriter = sampleWriter
        self.writer = writer
    }

    func best(of bitmap: Bitmap) throws(ImageGateError) -> EncodingResult {
        var sizes = Sizes(bitmap, isFullColor: bitmap.hasColorEdges)
        if sizes.isFullColor, try count(at: Self.fullColorLevel, &sizes) > Double(budget) {
            sizes = Sizes(bitmap, isFullColor: false)
        }
        var best: (level: CInt, bytes: [UInt8])?
        var limit = Self.levels.upperBound + 1
        var smallest = Int(try count(at: Self.levels.lowerBound, &sizes))
        for _ in 0..<Self.tries {
            guard let level = try highestLevel(below: limit, &sizes) else { break }
            guard level > best?.level ?? 0, level < limit else { break }
            try cancellation.check()
            let bytes = try writer.write(bitmap, quality: .init(level: level, isFullColor: sizes.isFullColor))
            sizes.correction *= Double(bytes.count) / (try count(at: level, &sizes))
            smallest = min(smallest, bytes.count)
            if bytes.count > budget {
                limit = level
            } else {
                best = (level, bytes)
                // Using the last few per cent of the budget is not worth another encoding.
                if bytes.count > budget - budget / 30 { break }
            }
        }
        guard let best else { return .tooLarge(estimate: max(smallest, budget + 1)) }
        return .fits(EncodedImage(bytes: best.bytes, type: .jpeg, size: bitmap.size))
    }

    /// The known sizes: the number of bytes that each level takes.
    private struct Sizes {
        let sample: Bitmap
        /// The number of the image's pixels for each pixel of the sample.
        let ratio: Double
        let isFullColor: Bool
        /// The number of bytes of the encoded sample, without its headers, by level.
        var counts: [CInt: Int] = [:]
        /// The ratio of the image's bytes to the prediction from the sample. Its first value is what progressive
        /// encoding saves.
        var correction = 0.9

        init(_ bitmap: Bitmap, isFullColor: Bool) {
            sample = bitmap.sampled()
            ratio = Double(bitmap.size.area) / Double(sample.size.area)
            self.isFullColor = isFullColor
        }
    }

    /// Estimates the bytes that the image takes at a level.
    private func count(at level: CInt, _ sizes: inout Sizes) throws(ImageGateError) -> Double {
        if sizes.counts[level] == nil {
            try cancellation.check()
            let bytes = try sampleWriter.write(
                sizes.sample, quality: .init(level: level, isFullColor: sizes.isFullColor))
            sizes.counts[level] = bytes.count - Self.headCount
        }
        return (Double(sizes.counts[level] ?? 0) * sizes.ratio + Double(Self.headCount)) * sizes.correction
    }

    /// Finds the highest level that should fit, by bisection.
    private func highestLevel(below limit: CInt, _ sizes: inout Sizes) throws(ImageGateError) -> CInt? {
        var low = Self.levels.lowerBound
        var high = limit - 1
        while low <= high {
            let middle = (low + high) / 2
            if try count(at: middle, &sizes) <= Double(budget) { low = middle + 1 } else { high = middle - 1 }
        }
        if high >= Self.levels.lowerBound { return high }
        // The lowest level is tried even if it is estimated to be slightly too large.
        return try count(at: Self.levels.lowerBound, &sizes) <= Double(budget) * Self.tolerance
            ? Self.levels.lowerBound : nil
    }

    /// The factor by which an estimate may be wrong.
    private static let tolerance = 1.1
    /// The number of bytes of a JPEG's markers and tables.
    private static let headCount = 600
    private static let tries = 3
}

extension Bitmap {
    /// Whether the image has coloured lines or letters, which fade where colour has half the resolution. In photographs
    /// nearly all sharp edges are edges of brightness as well.
    var hasColorEdges: Bool {
        guard layout != .grey else { return false }
        var edges = 0
        var pairs = 0
        samples.withUnsafeBufferPointer { samples in
            guard let base = samples.baseAddress else { return }
            // Every other pair of neighbours in every fourth row is compared.
            for row in stride(from: 0, to: size.height, by: 4) {
                for column in stride(from: 0, to: size.width - 1, by: 2) {
                    let pixel = base + row * rowBytes + column * layout.channels
                    let left = ColorPoint(PackedColor(pixel, layout)).axes
                    let right = ColorPoint(PackedColor(pixel + layout.channels, layout)).axes
                    let difference = left - right
                    if difference.y * difference.y + difference.z * difference.z > 20 * 20 { edges += 1 }
                    pairs += 1
                }
            }
        }
        return edges * 60 > pairs
    }
}

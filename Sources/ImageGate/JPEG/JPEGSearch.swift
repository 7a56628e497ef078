/// Finds the best quality with which an opaque image, as a JPEG, fits a budget.
///
/// What a quality takes is learnt from a sample of the rows; one to three whole encodings follow.
struct JPEGSearch: ~Copyable {
    /// Bytes.
    private let budget: Int
    private let cancellation: Cancellation
    /// Of samples.
    private let sampleWriter: JPEGWriter
    private let writer: JPEGWriter

    /// libjpeg's. Under the lowest, blocks show: a smaller image is the better one.
    static let levels: ClosedRange<CInt> = 50...97
    /// The lowest at which sharp colours are worth their bytes.
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
                // A few per cent more are not worth another encoding.
                if bytes.count > budget - budget / 30 { break }
            }
        }
        guard let best else { return .tooLarge(estimate: max(smallest, budget + 1)) }
        return .fits(EncodedImage(bytes: best.bytes, type: .jpeg, size: bitmap.size))
    }

    /// What is known of how many bytes each level takes.
    private struct Sizes {
        let sample: Bitmap
        /// The whole's pixels for each of the sample's.
        let ratio: Double
        let isFullColor: Bool
        /// Of the sample, without the head.
        var counts: [CInt: Int] = [:]
        /// How much more than the sample lets expect the whole takes. At first: what progressive saves.
        var correction = 0.9

        init(_ bitmap: Bitmap, isFullColor: Bool) {
            sample = bitmap.sampled()
            ratio = Double(bitmap.size.area) / Double(sample.size.area)
            self.isFullColor = isFullColor
        }
    }

    /// Bytes, about.
    private func count(at level: CInt, _ sizes: inout Sizes) throws(ImageGateError) -> Double {
        if sizes.counts[level] == nil {
            try cancellation.check()
            let bytes = try sampleWriter.write(
                sizes.sample, quality: .init(level: level, isFullColor: sizes.isFullColor))
            sizes.counts[level] = bytes.count - Self.headCount
        }
        return (Double(sizes.counts[level] ?? 0) * sizes.ratio + Double(Self.headCount)) * sizes.correction
    }

    /// By bisection, the one that should just fit.
    private func highestLevel(below limit: CInt, _ sizes: inout Sizes) throws(ImageGateError) -> CInt? {
        var low = Self.levels.lowerBound
        var high = limit - 1
        while low <= high {
            let middle = (low + high) / 2
            if try count(at: middle, &sizes) <= Double(budget) { low = middle + 1 } else { high = middle - 1 }
        }
        if high >= Self.levels.lowerBound { return high }
        // The lowest is tried if it is near.
        return try count(at: Self.levels.lowerBound, &sizes) <= Double(budget) * Self.tolerance
            ? Self.levels.lowerBound : nil
    }

    /// What a sample says may be this much off.
    private static let tolerance = 1.1
    /// Bytes: markers and tables.
    private static let headCount = 600
    private static let tries = 3
}

extension Bitmap {
    /// Coloured lines and letters, which lose theirs where colour has half the resolution. Photographs have few sharp edges
    /// that are not of brightness, too.
    var hasColorEdges: Bool {
        guard layout != .grey else { return false }
        var edges = 0
        var pairs = 0
        samples.withUnsafeBufferPointer { samples in
            guard let base = samples.baseAddress else { return }
            // Neighbours in every fourth row.
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

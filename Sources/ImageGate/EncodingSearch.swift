/// Finds the best encoding of an image of one size within a byte budget.
///
/// Lossless where that fits. Else a palette, or a JPEG where there is no alpha: whichever looks more like the image. Plots and
/// text come out as palettes, which have no blocks and no rings around letters; photographs as JPEGs.
struct EncodingSearch: Sendable {
    /// Bytes.
    let budget: Int
    let cancellation: Cancellation

    func best(of bitmap: Bitmap) throws(ImageRejection) -> EncodingAttempt {
        try cancellation.check()
        let estimate: Int
        switch try PNGWriter(limit: budget).write(bitmap) {
        case .written(let bytes): return .fits(Encoded(bytes: bytes, type: .png, size: bitmap.size))
        case .tooLarge(let needed): estimate = needed
        }
        let palette = try palette(bitmap, lossless: estimate)
        guard bitmap.layout != .rgba else { return palette.attempt }
        if case .fits = palette.attempt, palette.similarity >= Self.good { return palette.attempt }
        let photograph = try JPEGSearch(budget: budget, cancellation: cancellation).best(of: bitmap)
        switch (palette.attempt, photograph) {
        case (.fits, .fits(let encoded)):
            let similarity = try similarity(of: encoded, to: bitmap)
            // A scale of colours with a few steps misleads, however like it is.
            let enough = palette.isCoarse ? Self.readable : palette.similarity
            return similarity > enough ? photograph : palette.attempt
        case (.fits, .tooLarge): return palette.attempt
        case (.tooLarge, .fits(let encoded)):
            // Letters between blocks and rings are worse than smaller ones.
            guard bitmap.isMostlyFlat else { return photograph }
            return try similarity(of: encoded, to: bitmap) < Self.readable ? palette.attempt : photograph
        case (.tooLarge, .tooLarge): return bitmap.isMostlyFlat ? palette.attempt : photograph
        }
    }

    /// Of what came as JPEG: its blocks and noise leave nothing for a palette.
    func bestPhotograph(of bitmap: Bitmap) throws(ImageRejection) -> EncodingAttempt {
        // A JPEG has over 600 bytes of tables: of a few pixels the PNG is smaller.
        if bitmap.size.area <= Self.fewPixels, case .written(let bytes) = try PNGWriter(limit: budget).write(bitmap) {
            return .fits(Encoded(bytes: bytes, type: .png, size: bitmap.size))
        }
        return try JPEGSearch(budget: budget, cancellation: cancellation).best(of: bitmap)
    }

    private static let fewPixels = 32 * 32
    /// No JPEG is nearer.
    private static let good = 0.998
    /// Under this the colours that are missing are missed more than pixels would be.
    private static let poor = 0.9
    /// Under this a JPEG's letters are hard to read.
    private static let readable = 0.93
    /// What a palette saves at most.
    private static let saving = 8

    private func palette(_ bitmap: Bitmap, lossless: Int) throws(ImageRejection) -> PaletteAttempt {
        guard lossless <= Self.saving * budget else { return PaletteAttempt(tooLarge: lossless / Self.saving) }
        switch try PaletteSearch(budget: budget, cancellation: cancellation).best(of: bitmap) {
        case .tooLarge(let estimate): return PaletteAttempt(tooLarge: estimate)
        case .fits(let bytes, let indexed):
            let similarity = Similarity.of(bitmap, indexed.bitmap(bitmap.layout))
            guard similarity >= Self.poor else { return PaletteAttempt(tooLarge: budget * 3 / 2) }
            return PaletteAttempt(
                attempt: .fits(Encoded(bytes: bytes, type: .png, size: bitmap.size)), similarity: similarity,
                isCoarse: (indexed.palette?.count ?? 0) < 4 * PaletteSearch.leastOfShades)
        }
    }

    private func similarity(of encoded: Encoded, to bitmap: Bitmap) throws(ImageRejection) -> Double {
        let frame = try JPEGSegments(encoded.bytes) { _ throws(ImageRejection) in }.frame
        let decoded = try encoded.bytes.withUnsafeBufferPointer { bytes throws(ImageRejection) in
            try JPEGReader().bitmap(bytes, frame: frame, scale: .full, isInvertedCMYK: false)
        }
        return Similarity.of(bitmap, decoded)
    }
}

private struct PaletteAttempt {
    let attempt: EncodingAttempt
    let similarity: Double
    /// Fewer colours than shades of anything but letters and lines need.
    let isCoarse: Bool

    init(attempt: EncodingAttempt, similarity: Double, isCoarse: Bool) {
        self.attempt = attempt
        self.similarity = similarity
        self.isCoarse = isCoarse
    }

    init(tooLarge estimate: Int) { self.init(attempt: .tooLarge(estimate: estimate), similarity: 0, isCoarse: true) }
}

extension Bitmap {
    /// Paper with something on it, not a photograph: a quarter of the pixels and more are the same as their neighbour.
    var isMostlyFlat: Bool {
        let channels = layout.channels
        return samples.withUnsafeBufferPointer { samples in
            guard let base = samples.baseAddress else { return false }
            var same = 0
            for pixel in stride(from: 1, to: size.area, by: 7) {
                let place = base + pixel * channels
                if PackedColor(place, layout) == PackedColor(place - channels, layout) { same += 1 }
            }
            return same * 7 * 4 > size.area
        }
    }
}

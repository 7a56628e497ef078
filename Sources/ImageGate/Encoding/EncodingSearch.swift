/// Finds the best encoding of an image of one size within a byte budget.
///
/// The search takes a lossless PNG if that fits. Otherwise it takes a PNG with a palette or, if there is no alpha, a
/// JPEG: whichever looks more like the image. Plots and text get palettes, which show no blocks and no ringing around
/// letters; photographs get JPEGs.
struct EncodingSearch: Sendable {
    /// The largest number of bytes of the encoded image.
    let budget: Int
    let cancellation: Cancellation

    func best(of bitmap: Bitmap) throws(ImageGateError) -> EncodingResult {
        try cancellation.check()
        let estimate: Int
        switch try PNGWriter(limit: budget).write(bitmap) {
        case .written(let bytes): return .fits(EncodedImage(bytes: bytes, type: .png, size: bitmap.size))
        case .tooLarge(let needed): estimate = needed
        }
        // A palette cannot save enough here, so the colours need not be counted.
        let isHopeless = estimate > Self.saving * budget
        let hopeless = PaletteSearch.SearchResult.tooLarge(estimate: estimate / Self.saving)
        var search =
            isHopeless
            ? nil : PaletteSearch(of: bitmap, estimate: estimate, budget: budget, cancellation: cancellation)
        let palette = judged(try search?.best() ?? hopeless, bitmap)
        guard bitmap.layout != .rgba else { return palette.result }
        if palette.similarity >= Self.good { return palette.result }
        let photograph = try JPEGSearch(budget: budget, cancellation: cancellation).best(of: bitmap)
        switch (palette.result, photograph) {
        case (.fits, .fits(let encoded)):
            return try similarity(of: encoded, to: bitmap) > palette.similarity ? photograph : palette.result
        case (.fits, .tooLarge): return palette.result
        case (.tooLarge, .fits(let encoded)):
            // On a flat background the blocks and the ringing of a JPEG make letters less readable than a smaller size
            // or fewer shades do.
            guard bitmap.isMostlyFlat else { return photograph }
            if try similarity(of: encoded, to: bitmap) >= Self.readable { return photograph }
        case (.tooLarge, .tooLarge): guard bitmap.isMostlyFlat else { return photograph }
        }
        return judged(try search?.bestCoarse() ?? hopeless, bitmap).result
    }

    /// Encodes an image that came as a JPEG. A palette is not tried, because it cannot hold a JPEG's blocks and noise.
    func bestPhotograph(of bitmap: Bitmap) throws(ImageGateError) -> EncodingResult {
        // A JPEG has over 600 bytes of tables, so a PNG of few pixels is smaller.
        if bitmap.size.area <= Self.fewPixels, case .written(let bytes) = try PNGWriter(limit: budget).write(bitmap) {
            return .fits(EncodedImage(bytes: bytes, type: .png, size: bitmap.size))
        }
        return try JPEGSearch(budget: budget, cancellation: cancellation).best(of: bitmap)
    }

    private static let fewPixels = 32 * 32
    /// The similarity from which on no JPEG is better.
    private static let good = 0.998
    /// The similarity below which a smaller size is better than a palette of so few colours.
    private static let poor = 0.9
    /// The similarity below which letters in a JPEG are hard to read.
    private static let readable = 0.93
    /// The largest factor by which a palette is smaller than a lossless encoding.
    private static let saving = 8

    private func judged(_ result: PaletteSearch.SearchResult, _ bitmap: Bitmap) -> PaletteCandidate {
        switch result {
        case .tooLarge(let estimate): return PaletteCandidate(tooLarge: estimate)
        case .fits(let bytes, let drawn):
            let similarity = Similarity.of(bitmap, drawn)
            guard similarity >= Self.poor else { return PaletteCandidate(tooLarge: budget * 3 / 2) }
            let encoded = EncodedImage(bytes: bytes, type: .png, size: bitmap.size)
            return PaletteCandidate(result: .fits(encoded), similarity: similarity)
        }
    }

    private func similarity(of encoded: EncodedImage, to bitmap: Bitmap) throws(ImageGateError) -> Double {
        let frame = try JPEGSegments(encoded.bytes) { _ throws(ImageGateError) in }.frame
        let decoded = try encoded.bytes.withUnsafeBufferPointer { bytes throws(ImageGateError) in
            try JPEGReader().bitmap(bytes, frame: frame, scale: .full)
        }
        return Similarity.of(bitmap, decoded)
    }
}

private struct PaletteCandidate {
    let result: EncodingResult
    /// The similarity to the image; 0 if the encoding does not fit.
    let similarity: Double

    init(result: EncodingResult, similarity: Double) {
        self.result = result
        self.similarity = similarity
    }

    init(tooLarge estimate: Int) { self.init(result: .tooLarge(estimate: estimate), similarity: 0) }
}

extension Bitmap {
    /// Whether at least a quarter of the pixels equal their neighbour, as in a plot or a page of text, and not in a
    /// photograph.
    var isMostlyFlat: Bool {
        withPixels { pixels in
            let same = stride(from: 1, to: size.area, by: 7).count { pixels[$0] == pixels[$0 - 1] }
            return same * 7 * 4 > size.area
        }
    }
}

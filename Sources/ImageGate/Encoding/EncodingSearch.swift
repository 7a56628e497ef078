/// Finds the best encoding of an image of one size within a byte budget.
///
/// Lossless where that fits. Else a palette, or a JPEG where there is no alpha: whichever looks more like the image. Plots and
/// text come out as palettes, which have no blocks and no rings around letters; photographs as JPEGs.
struct EncodingSearch: Sendable {
    /// Bytes.
    let budget: Int
    let cancellation: Cancellation

    func best(of bitmap: Bitmap) throws(ImageGateError) -> EncodingResult {
        try cancellation.check()
        let estimate: Int
        switch try PNGWriter(limit: budget).write(bitmap) {
        case .written(let bytes): return .fits(EncodedImage(bytes: bytes, type: .png, size: bitmap.size))
        case .tooLarge(let needed): estimate = needed
        }
        // A palette saves no more than that: colours are not even counted.
        let isHopeless = estimate > Self.saving * budget
        let hopeless = PaletteSearch.SearchResult.tooLarge(estimate: estimate / Self.saving)
        var search = isHopeless ? nil : PaletteSearch(of: bitmap, budget: budget, cancellation: cancellation)
        let palette = judged(try search?.best() ?? hopeless, bitmap)
        guard bitmap.layout != .rgba else { return palette.result }
        if palette.similarity >= Self.good { return palette.result }
        let photograph = try JPEGSearch(budget: budget, cancellation: cancellation).best(of: bitmap)
        switch (palette.result, photograph) {
        case (.fits, .fits(let encoded)):
            return try similarity(of: encoded, to: bitmap) > palette.similarity ? photograph : palette.result
        case (.fits, .tooLarge): return palette.result
        case (.tooLarge, .fits(let encoded)):
            // Letters between blocks and rings are worse than smaller ones, or such of fewer shades.
            guard bitmap.isMostlyFlat else { return photograph }
            if try similarity(of: encoded, to: bitmap) >= Self.readable { return photograph }
        case (.tooLarge, .tooLarge): guard bitmap.isMostlyFlat else { return photograph }
        }
        return judged(try search?.bestCoarse() ?? hopeless, bitmap).result
    }

    /// Of what came as JPEG: its blocks and noise leave nothing for a palette.
    func bestPhotograph(of bitmap: Bitmap) throws(ImageGateError) -> EncodingResult {
        // A JPEG has over 600 bytes of tables: of a few pixels the PNG is smaller.
        if bitmap.size.area <= Self.fewPixels, case .written(let bytes) = try PNGWriter(limit: budget).write(bitmap) {
            return .fits(EncodedImage(bytes: bytes, type: .png, size: bitmap.size))
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
    /// What a palette saves at most, of what is lossless.
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
            try JPEGReader().bitmap(bytes, frame: frame, scale: .full, isInvertedCMYK: false)
        }
        return Similarity.of(bitmap, decoded)
    }
}

private struct PaletteCandidate {
    let result: EncodingResult
    /// To the image; 0 of what does not fit.
    let similarity: Double

    init(result: EncodingResult, similarity: Double) {
        self.result = result
        self.similarity = similarity
    }

    init(tooLarge estimate: Int) { self.init(result: .tooLarge(estimate: estimate), similarity: 0) }
}

extension Bitmap {
    /// Paper with something on it, not a photograph: a quarter of the pixels and more are the same as their neighbour.
    var isMostlyFlat: Bool {
        withPixels { pixels in
            let same = stride(from: 1, to: size.area, by: 7).count { pixels[$0] == pixels[$0 - 1] }
            return same * 7 * 4 > size.area
        }
    }
}

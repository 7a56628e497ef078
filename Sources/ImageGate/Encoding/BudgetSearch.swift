/// Finds the largest size at which a thumbnail has a good encoding within a byte budget. `EncodingSearch` finds the
/// best encoding at a given size.
///
/// All tries scale the same bitmap, which fits the display box, so nothing is decoded again. There are few tries,
/// because each size is derived from how far the last try was over the budget.
struct BudgetSearch: Sendable {
    /// The largest number of bytes of the encoded image.
    let budget: Int
    let cancellation: Cancellation
    var treatment = AdmittedImage.Treatment.thumbnailed

    /// Makes a thumbnail of a drawing, a plot or a photograph, in any encoding.
    func thumbnail(of bitmap: Bitmap, originalSize: PixelSize) throws(ImageGateError) -> AdmittedImage {
        let search = EncodingSearch(budget: budget, cancellation: cancellation)
        return try self.search(bitmap.reduced(), originalSize) { bitmap throws(ImageGateError) in
            try search.best(of: bitmap)
        }
    }

    /// Makes a thumbnail of an image that came as a JPEG.
    func photograph(of bitmap: Bitmap, originalSize: PixelSize) throws(ImageGateError) -> AdmittedImage {
        let search = EncodingSearch(budget: budget, cancellation: cancellation)
        return try self.search(bitmap, originalSize) { bitmap throws(ImageGateError) in
            try search.bestPhotograph(of: bitmap)
        }
    }

    /// Tries smaller sizes until one fits, and then a size in between if much of the budget is left.
    private func search(
        _ bitmap: Bitmap, _ originalSize: PixelSize,
        _ attempt: (Bitmap) throws(ImageGateError) -> EncodingResult
    ) throws(ImageGateError) -> AdmittedImage {
        var tooLarge = 1.0
        var scale = 1.0
        var result = try attempt(bitmap)
        for _ in 0..<Self.tries {
            switch result {
            case .fits(let encoded):
                let isFull = encoded.bytes.count >= budget * 4 / 5 || scale * 1.1 >= tooLarge
                let larger = bitmap.size.scaled(by: (scale + tooLarge) / 2)
                if !isFull, case .fits(let better) = try attempt(bitmap.scaled(to: larger)) {
                    return admitted(better, originalSize)
                }
                return admitted(encoded, originalSize)
            case .tooLarge(let estimate):
                let size = bitmap.size.scaled(by: scale)
                guard size.area > 1 else { throw .overBudget(limit: budget) }
                tooLarge = scale
                scale = nextScale(after: scale, estimate: estimate)
                result = try attempt(bitmap.scaled(to: bitmap.size.scaled(by: scale)))
            }
        }
        throw .overBudget(limit: budget)
    }

    /// Returns the scale at which the image should fit, because the number of bytes grows with the area. It is at least
    /// a tenth smaller than the last scale, and at least a fifth of it, because estimates are rough.
    private func nextScale(after scale: Double, estimate: Int) -> Double {
        let step = (Double(budget) / Double(max(estimate, 1))).squareRoot() * 0.97
        return scale * min(max(step, 0.2), 0.9)
    }

    private static let tries = 24

    private func admitted(_ encoded: EncodedImage, _ originalSize: PixelSize) -> AdmittedImage {
        AdmittedImage(
            bytes: encoded.bytes, type: encoded.type, width: encoded.size.width, height: encoded.size.height,
            originalWidth: originalSize.width, originalHeight: originalSize.height, treatment: treatment)
    }
}

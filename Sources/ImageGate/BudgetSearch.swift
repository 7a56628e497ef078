/// Finds the largest and best encoding of a thumbnail within a byte budget.
///
/// All tries start from the one bitmap of the display box: nothing is decoded again. Sizes to try come from how far over the
/// budget the last try was, so there are few.
struct BudgetSearch: Sendable {
    /// Bytes.
    let budget: Int
    let cancellation: Cancellation
    var treatment = AdmittedImage.Treatment.thumbnailed

    private struct Encoded {
        let bytes: [UInt8]
        let type: ImageType
        let size: PixelSize
    }

    /// Of drawings and plots: PNG where it fits, JPEG at the same size where alpha allows it, then smaller.
    func thumbnail(of bitmap: Bitmap, originalSize: PixelSize) throws(ImageRejection) -> AdmittedImage {
        let reduced = bitmap.reduced()
        let png = try encodePNG(reduced)
        guard case .tooLarge = png, reduced.layout != .rgba else {
            return try search(reduced, first: png, originalSize) { bitmap throws(ImageRejection) in
                try encodePNG(bitmap)
            }
        }
        return try photograph(of: reduced, originalSize: originalSize)
    }

    /// Of what came as JPEG, or is as noisy: JPEG of the best quality that fits, then smaller.
    func photograph(of bitmap: Bitmap, originalSize: PixelSize) throws(ImageRejection) -> AdmittedImage {
        let writer = try JPEGWriter()
        let attempt = { (bitmap: Bitmap) throws(ImageRejection) -> Attempt in
            // A JPEG has over 600 bytes of tables: of a few pixels the PNG is smaller.
            if bitmap.size.area <= Self.fewPixels, case .fits(let png) = try encodePNG(bitmap) { return .fits(png) }
            return try encodeJPEG(bitmap, with: writer)
        }
        return try search(bitmap, first: try attempt(bitmap), originalSize, attempt)
    }

    private static let fewPixels = 32 * 32

    private enum Attempt {
        case fits(Encoded)
        case tooLarge(estimate: Int)
    }

    /// Best first.
    private static let qualities: [JPEGWriter.Quality] = [
        .init(level: 96, isFullColor: true), .init(level: 92, isFullColor: true), .init(level: 88, isFullColor: true),
        .init(level: 84, isFullColor: true), .init(level: 82, isFullColor: false), .init(level: 76, isFullColor: false),
        .init(level: 68, isFullColor: false), .init(level: 60, isFullColor: false),
    ]

    /// The best quality that fits, by bisection: three tries.
    private func encodeJPEG(_ bitmap: Bitmap, with writer: borrowing JPEGWriter) throws(ImageRejection) -> Attempt {
        var (best, worst) = (0, Self.qualities.count)
        var found: Encoded?
        var smallest = Int.max
        while best < worst {
            try cancellation.check()
            let middle = (best + worst) / 2
            let bytes = try writer.write(bitmap, quality: Self.qualities[middle])
            smallest = min(smallest, bytes.count)
            if bytes.count <= budget {
                found = Encoded(bytes: bytes, type: .jpeg, size: bitmap.size)
                worst = middle
            } else {
                best = middle + 1
            }
        }
        return found.map { .fits($0) } ?? .tooLarge(estimate: smallest)
    }

    private func encodePNG(_ bitmap: Bitmap) throws(ImageRejection) -> Attempt {
        try cancellation.check()
        return switch try PNGWriter(limit: budget).write(bitmap) {
        case .written(let bytes): .fits(Encoded(bytes: bytes, type: .png, size: bitmap.size))
        case .tooLarge(let estimate): .tooLarge(estimate: estimate)
        }
    }

    /// Smaller sizes until one fits, then one step back if that left much of the budget unused.
    private func search(
        _ bitmap: Bitmap, first: Attempt, _ originalSize: PixelSize,
        _ attempt: (Bitmap) throws(ImageRejection) -> Attempt
    ) throws(ImageRejection) -> AdmittedImage {
        var tooLarge = 1.0
        var scale = 1.0
        var outcome = first
        for _ in 0..<Self.tries {
            switch outcome {
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
                outcome = try attempt(bitmap.scaled(to: bitmap.size.scaled(by: scale)))
            }
        }
        throw .overBudget(limit: budget)
    }

    /// Bytes go with the area. At least a tenth smaller each time; estimates are rough, so never below a fifth at once.
    private func nextScale(after scale: Double, estimate: Int) -> Double {
        let step = (Double(budget) / Double(max(estimate, 1))).squareRoot() * 0.97
        return scale * min(max(step, 0.2), 0.9)
    }

    private static let tries = 24

    private func admitted(_ encoded: Encoded, _ originalSize: PixelSize) -> AdmittedImage {
        AdmittedImage(
            bytes: encoded.bytes, type: encoded.type, width: encoded.size.width, height: encoded.size.height,
            originalWidth: originalSize.width, originalHeight: originalSize.height, treatment: treatment)
    }
}

/// Finds the largest and best encoding of a thumbnail within a byte budget.
///
/// All tries start from the one bitmap of the display box: nothing is decoded again. Sizes to try come from how far over the
/// budget the last try was, so there are few.
struct BudgetSearch: Sendable {
    /// Bytes.
    let budget: Int
    let cancellation: Cancellation

    private struct Encoded {
        let bytes: [UInt8]
        let type: ImageType
        let size: PixelSize
    }

    /// Of drawings and plots: PNG where it fits, JPEG at the same size where alpha allows it, then smaller.
    func thumbnail(of bitmap: Bitmap, originalSize: PixelSize) throws(ImageRejection) -> AdmittedImage {
        let writer = PNGWriter(limit: budget)
        let reduced = bitmap.reduced()
        switch try writer.write(reduced) {
        case .written(let bytes):
            return admitted(Encoded(bytes: bytes, type: .png, size: bitmap.size), originalSize)
        case .tooLarge(let estimate):
            guard reduced.layout == .rgba else { return try photograph(of: reduced, originalSize: originalSize) }
            let encoded = try shrink(reduced, firstEstimate: estimate) { bitmap throws(ImageRejection) in
                switch try writer.write(bitmap) {
                case .written(let bytes): .fits(Encoded(bytes: bytes, type: .png, size: bitmap.size))
                case .tooLarge(let estimate): .tooLarge(estimate: estimate)
                }
            }
            return admitted(encoded, originalSize)
        }
    }

    /// Of what came as JPEG, or is as noisy: JPEG of the best quality that fits, then smaller.
    func photograph(of bitmap: Bitmap, originalSize: PixelSize) throws(ImageRejection) -> AdmittedImage {
        let writer = try JPEGWriter()
        let attempt = try encode(bitmap, with: writer)
        switch attempt {
        case .fits(let encoded): return admitted(encoded, originalSize)
        case .tooLarge(let estimate):
            let encoded = try shrink(bitmap, firstEstimate: estimate) { bitmap throws(ImageRejection) in
                try encode(bitmap, with: writer)
            }
            return admitted(encoded, originalSize)
        }
    }

    private enum Attempt {
        case fits(Encoded)
        case tooLarge(estimate: Int)
    }

    /// Best first.
    private static let qualities: [JPEGWriter.Quality] = [
        .init(level: 92, isFullColor: true), .init(level: 88, isFullColor: true), .init(level: 84, isFullColor: true),
        .init(level: 82, isFullColor: false), .init(level: 76, isFullColor: false), .init(level: 68, isFullColor: false),
        .init(level: 60, isFullColor: false),
    ]

    /// The best quality that fits, by bisection: three tries.
    private func encode(_ bitmap: Bitmap, with writer: borrowing JPEGWriter) throws(ImageRejection) -> Attempt {
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

    /// Smaller sizes until one fits, then one step back if that left much of the budget unused.
    private func shrink(
        _ bitmap: Bitmap, firstEstimate: Int, _ attempt: (Bitmap) throws(ImageRejection) -> Attempt
    ) throws(ImageRejection) -> Encoded {
        var tooLarge = 1.0
        var scale = nextScale(after: tooLarge, estimate: firstEstimate)
        for _ in 0..<Self.tries {
            try cancellation.check()
            let size = bitmap.size.scaled(by: scale)
            switch try attempt(bitmap.scaled(to: size)) {
            case .fits(let encoded):
                guard encoded.bytes.count < budget * 4 / 5, scale * 1.1 < tooLarge else { return encoded }
                let larger = bitmap.size.scaled(by: (scale + tooLarge) / 2)
                guard case .fits(let better) = try attempt(bitmap.scaled(to: larger)) else { return encoded }
                return better
            case .tooLarge(let estimate):
                guard size.area > 1 else { throw .overBudget(limit: budget) }
                tooLarge = scale
                scale = nextScale(after: scale, estimate: estimate)
            }
        }
        throw .overBudget(limit: budget)
    }

    /// Bytes go with the area. At least a tenth smaller each time; estimates are rough, so never below a fifth at once.
    private func nextScale(after scale: Double, estimate: Int) -> Double {
        let step = (Double(budget) / Double(max(estimate, 1))).squareRoot() * 0.97
        return scale * min(max(step, 0.2), 0.9)
    }

    private static let tries = 12

    private func admitted(_ encoded: Encoded, _ originalSize: PixelSize) -> AdmittedImage {
        AdmittedImage(
            bytes: encoded.bytes, type: encoded.type, width: encoded.size.width, height: encoded.size.height,
            originalWidth: originalSize.width, originalHeight: originalSize.height, treatment: .thumbnailed)
    }
}

/// The admission of one image: it finds the image's type, checks its size before anything is decoded, and runs the
/// checks of that type.
struct Admission: Sendable {
    let policy: ImagePolicy
    let cancellation: Cancellation

    func admit(_ bytes: [UInt8], claimed: ImageType) throws(ImageGateError) -> AdmittedImage {
        switch try check(bytes, claimed: claimed) {
        case .png: return try admitPNG(bytes)
        case .jpeg: return try admitJPEG(bytes)
        case .svg: return try admitSVG(bytes)
        case .gif: return try admitGIF(bytes)
        case .webp: return try admitWebP(bytes)
        }
    }

    /// Checks what can be checked without decoding: the number of bytes, and whether the bytes are of the claimed type.
    ///
    /// - Returns: the type that the first bytes show.
    func check(_ bytes: [UInt8], claimed: ImageType) throws(ImageGateError) -> ImageType {
        try cancellation.check()
        guard !bytes.isEmpty else { throw .empty }
        guard bytes.count <= policy.inputByteLimit else {
            throw .tooManyBytes(count: bytes.count, limit: policy.inputByteLimit)
        }
        guard let actual = ImageType.sniff(bytes) else { throw .unknownType }
        guard actual == claimed else { throw .typeMismatch(claimed: claimed, actual: actual) }
        return actual
    }

    /// Makes an image to show of pixels that fit the policy's box.
    func thumbnail(
        of bitmap: Bitmap, originalSize: PixelSize, _ treatment: AdmittedImage.Treatment = .thumbnailed
    ) throws(ImageGateError) -> AdmittedImage {
        let search = BudgetSearch(budget: policy.byteBudget, cancellation: cancellation, treatment: treatment)
        guard policy.ground == .white, bitmap.hasInkOnTransparency else {
            return try search.thumbnail(of: bitmap, originalSize: originalSize)
        }
        var image = try search.thumbnail(of: bitmap.onWhite(), originalSize: originalSize)
        image.isOnWhite = true
        return image
    }

    /// Checks a size that a header states, before anything is allocated for the pixels.
    func checkSize(_ size: PixelSize, of type: ImageType) throws(ImageGateError) {
        guard size.width > 0, size.height > 0 else { throw .malformed(type, why: "\(type.name) has no pixels") }
        // The product fits an `Int`, since sides come from 32-bit fields.
        guard size.area <= policy.pixelLimit else {
            throw .tooManyPixels(width: size.width, height: size.height, limit: policy.pixelLimit)
        }
        // A decoder holds a few rows, so its memory grows with the width.
        guard max(size.width, size.height) <= policy.sideLimit else {
            throw .forbidden(type, what: "a side of over \(policy.sideLimit) pixels")
        }
    }
}

/// The way of one image through the gate: what is it, is it small enough to look at, and what its type says next.
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

    /// What can be said without decoding.
    ///
    /// - Returns: the type that its first bytes say.
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

    /// Before anything is allocated for the pixels.
    func checkSize(_ size: PixelSize, of type: ImageType) throws(ImageGateError) {
        guard size.width > 0, size.height > 0 else { throw .malformed(type, why: "\(type.name) has no pixels") }
        // Sides come from 32-bit fields: their product fits.
        guard size.area <= policy.pixelLimit else {
            throw .tooManyPixels(width: size.width, height: size.height, limit: policy.pixelLimit)
        }
        // Memory grows with the width: a few rows of it are held.
        guard max(size.width, size.height) <= policy.sideLimit else {
            throw .forbidden(type, what: "a side of over \(policy.sideLimit) pixels")
        }
    }
}

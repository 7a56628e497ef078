/// An image that fits its budget.
struct Encoded: Sendable {
    let bytes: [UInt8]
    let type: ImageType
    let size: PixelSize
}

/// What came of encoding an image of one size.
enum EncodingAttempt: Sendable {
    case fits(Encoded)
    /// Bytes that the image would take, or about so.
    case tooLarge(estimate: Int)
}

/// What came of encoding an image of one size.
enum EncodingResult: Sendable {
    case fits(EncodedImage)
    /// Bytes that the image would take, or about so.
    case tooLarge(estimate: Int)
}

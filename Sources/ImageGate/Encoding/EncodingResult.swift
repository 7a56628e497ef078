/// The result of encoding an image at one size.
enum EncodingResult: Sendable {
    case fits(EncodedImage)
    /// The image does not fit. The estimate is the number of bytes that it would take.
    case tooLarge(estimate: Int)
}

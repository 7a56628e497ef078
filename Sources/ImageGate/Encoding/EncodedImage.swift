/// An encoded image that fits its byte budget.
struct EncodedImage: Sendable {
    let bytes: [UInt8]
    let type: ImageType
    let size: PixelSize
}

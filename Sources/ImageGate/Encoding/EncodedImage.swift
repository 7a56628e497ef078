/// An image that fits its budget.
struct EncodedImage: Sendable {
    let bytes: [UInt8]
    let type: ImageType
    let size: PixelSize
}

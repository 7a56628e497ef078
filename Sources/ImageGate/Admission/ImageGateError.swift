/// The reason why an image is not admitted. `description` is half a sentence for people: "PNG chunk IDAT fails its
/// CRC".
package enum ImageGateError: Error, Equatable, Sendable {
    case empty
    /// The bytes are not an image of any type that the gate knows.
    case unknownType
    case typeMismatch(claimed: ImageType, actual: ImageType)
    /// The image has more bytes than the limit.
    case tooManyBytes(count: Int, limit: Int)
    case tooManyPixels(width: Int, height: Int, limit: Int)
    case truncated(ImageType)
    case trailingData(ImageType, count: Int)
    /// The bytes do not decode. `why` is the whole half sentence: "PNG chunk IDAT fails its CRC".
    case malformed(ImageType, why: String)
    /// The image has a feature that its type allows and the gate does not, such as entities or a large number of scans.
    case forbidden(ImageType, what: String)
    /// No encoding within the byte budget was found.
    case overBudget(limit: Int)
    case outOfMemory
    /// The process that decoded the image ended, by a crash or because it tried something that its confinement forbids.
    case decoderCrashed(ImageType)
    case decoderTooSlow(ImageType)
    /// The images before this one have used up the processor time of their execution.
    case noTimeLeft
    /// The process that decoded the image sent a response that no correct decoder sends for that request.
    case decoderMisbehaved(ImageType)
    /// No process could be started to decode the image.
    case decoderUnavailable
    case cancelled
}

/// Why an image was not admitted. `description` is half a sentence for people: "PNG chunk IDAT fails its CRC".
package enum ImageGateError: Error, Equatable, Sendable {
    case empty
    /// Not an image that the gate knows.
    case unknownType
    case typeMismatch(claimed: ImageType, actual: ImageType)
    /// Bytes.
    case tooManyBytes(count: Int, limit: Int)
    case tooManyPixels(width: Int, height: Int, limit: Int)
    case truncated(ImageType)
    case trailingData(ImageType, count: Int)
    /// The bytes do not decode. `why` is the whole half sentence: "PNG chunk IDAT fails its CRC".
    case malformed(ImageType, why: String)
    /// What the type allows and the gate does not: scripts, entities, outside references that cannot be dropped.
    case forbidden(ImageType, what: String)
    /// No encoding small enough was found.
    case overBudget(limit: Int)
    case outOfMemory
    /// The process that decoded it ended, by a fault of its own or because it tried what it may not.
    case decoderCrashed(ImageType)
    case decoderTooSlow(ImageType)
    /// The images before it have used up the processor time of their execution.
    case noTimeLeft
    /// The process that decoded it answered with something that cannot be.
    case decoderMisbehaved(ImageType)
    /// There is no process to decode it.
    case decoderUnavailable
    case cancelled
}

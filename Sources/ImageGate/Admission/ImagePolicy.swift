package enum ImageType: String, CaseIterable, Equatable, Sendable {
    case png, jpeg, svg, gif, webp

    package var mimeType: String {
        switch self {
        case .png: "image/png"
        case .jpeg: "image/jpeg"
        case .svg: "image/svg+xml"
        case .gif: "image/gif"
        case .webp: "image/webp"
        }
    }
}

/// What may pass, and how large.
package struct ImagePolicy: Equatable, Sendable {
    package enum SVGTreatment: String, Equatable, Sendable {
        case rasterise, sanitise
    }

    /// Pixels.
    package var shortSide = 768
    /// Pixels.
    package var longSide = 2000
    /// Bytes of one encoded image that leaves.
    package var byteBudget = 100_000
    /// Bytes of one encoded image that comes.
    package var inputByteLimit = 32 << 20
    /// Pixels of one image that comes.
    package var pixelLimit = 100_000_000
    /// Pixels of the longer side of one image that comes.
    package var sideLimit = 1_000_000
    package var svg = SVGTreatment.rasterise

    package init() {}
}

/// An image that may be shown.
package struct AdmittedImage: Equatable, Sendable {
    package enum Treatment: Equatable, Sendable {
        /// The original pixels.
        case passed
        /// Made smaller, or encoded again to meet the byte budget.
        case thumbnailed
        /// Drawn from a vector image.
        case rasterised
        /// The pixels of an image whose type is not passed on.
        case converted(from: ImageType)
        /// The same of an animation.
        case firstFrame(of: ImageType)
    }

    package var bytes: [UInt8]
    package var type: ImageType
    /// Pixels.
    package var width: Int
    package var height: Int
    /// Pixels of what came, after orientation.
    package var originalWidth: Int
    package var originalHeight: Int
    package var treatment: Treatment

    package init(
        bytes: [UInt8], type: ImageType, width: Int, height: Int, originalWidth: Int, originalHeight: Int,
        treatment: Treatment
    ) {
        self.bytes = bytes
        self.type = type
        self.width = width
        self.height = height
        self.originalWidth = originalWidth
        self.originalHeight = originalHeight
        self.treatment = treatment
    }
}

/// Why an image was not admitted. `description` is half a sentence for people: "PNG chunk IDAT fails its CRC".
package enum ImageRejection: Error, Equatable, Sendable {
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
    case decoderAstray(ImageType)
    /// There is no process to decode it.
    case decoderUnavailable
    case cancelled
}

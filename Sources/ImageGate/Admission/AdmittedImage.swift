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

/// What the gate makes of an image.
typealias AdmissionResult = Result<AdmittedImage, ImageGateError>

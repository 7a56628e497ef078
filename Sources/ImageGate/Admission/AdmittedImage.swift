/// An image that may be shown.
package struct AdmittedImage: Equatable, Sendable {
    package enum Treatment: Equatable, Sendable {
        /// It has its original pixels.
        case passed
        /// It was made smaller, or encoded again to meet the byte budget.
        case thumbnailed
        /// It was drawn from a vector image.
        case rasterised
        /// It has the pixels of an image whose type is not passed on.
        case converted(from: ImageType)
        /// It is the first frame of an animation whose type is not passed on.
        case firstFrame(of: ImageType)
    }

    package var bytes: [UInt8]
    package var type: ImageType
    /// Pixels.
    package var width: Int
    package var height: Int
    /// Pixels of the image that came in, once it is turned as its orientation says.
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

/// An image that may be shown.
package struct AdmittedImage: Equatable, Sendable {
    package enum Treatment: Equatable, Sendable {
        /// The image has its original pixels.
        case passed
        /// The image was made smaller, or was encoded again to meet the byte budget.
        case thumbnailed
        /// The image was drawn from a vector image.
        case rasterised
        /// The same, without images or other elements that cannot be drawn.
        case rasterisedInPart
        /// The image has the pixels of an image whose type is not passed on.
        case converted(from: ImageType)
        /// The image is the first frame of an animation whose type is not passed on.
        case firstFrame(of: ImageType)
    }

    package var bytes: [UInt8]
    package var type: ImageType
    /// The width in pixels.
    package var width: Int
    package var height: Int
    /// The width in pixels of the image that came in, after it was turned as its orientation says.
    package var originalWidth: Int
    package var originalHeight: Int
    package var treatment: Treatment
    /// Whether a white ground was put behind the image, which has dark ink on transparency.
    package var isOnWhite: Bool

    package init(
        bytes: [UInt8], type: ImageType, width: Int, height: Int, originalWidth: Int, originalHeight: Int,
        treatment: Treatment, isOnWhite: Bool = false
    ) {
        self.bytes = bytes
        self.type = type
        self.width = width
        self.height = height
        self.originalWidth = originalWidth
        self.originalHeight = originalHeight
        self.treatment = treatment
        self.isOnWhite = isOnWhite
    }
}

/// The result of admitting an image.
typealias AdmissionResult = Result<AdmittedImage, ImageGateError>

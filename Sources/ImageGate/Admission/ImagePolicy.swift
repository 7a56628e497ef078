/// The limits of images that come in, and of images that go out.
package struct ImagePolicy: Equatable, Sendable {
    package enum SVGTreatment: String, CaseIterable, Equatable, Sendable {
        case rasterise, sanitise
    }

    /// What is behind an image with transparency.
    package enum Ground: String, CaseIterable, Equatable, Sendable {
        /// White, behind dark ink, which cannot be seen on a dark page.
        case white
        /// What the page has.
        case keep
    }

    /// The largest shorter side of an image that goes out, in pixels.
    package var shortSide = 768
    /// The largest longer side of an image that goes out, in pixels.
    package var longSide = 2000
    /// The largest number of bytes of an image that goes out.
    package var byteBudget = 100_000
    /// The largest number of bytes of an image that comes in.
    package var inputByteLimit = 32 << 20
    /// The largest number of pixels of an image that comes in.
    package var pixelLimit = 100_000_000
    /// The largest longer side of an image that comes in, in pixels.
    package var sideLimit = 1_000_000
    package var svg = SVGTreatment.rasterise
    /// For images of pixels. A drawing that is sent on as such keeps its ground.
    package var ground = Ground.white

    package init() {}
}

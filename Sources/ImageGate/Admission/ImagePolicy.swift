/// Which images may come in, and how large those that go out may be.
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

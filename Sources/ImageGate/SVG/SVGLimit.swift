/// What one SVG document may ask for. The policy's own limits hold as well.
///
/// The numbers leave room for a scatter plot of a hundred thousand points, and keep every step of the way linear: what the
/// sanitiser lets through is parsed and drawn by libraries that have no such limits.
package enum SVGLimit {
    /// Bytes.
    package static let document = 8 << 20
    /// Levels of elements, also through `use`.
    static let depth = 200
    static let elements = 200_000
    /// Of one element: libxml2 compares each with each.
    static let attributes = 128
    /// In the whole document: libxml2 searches all that are in scope for each name.
    static let namespaces = 1_000
    /// Elements after each `use` has been replaced by what it shows.
    static let drawnElements = 500_000
    /// Of everything that is painted on the way, in pixels of one colour. Three seconds at the least.
    static let paintedPixels = 1e10
    /// Rules of style sheets times elements, each of which librsvg compares with each. Some three seconds.
    static let styleComparisons = 100_000_000
    /// Of those that we compare ourselves, which are fewer: parts of selectors with elements.
    static let selectorSteps = 5_000_000
    static let styleRules = 10_000
    /// Pixels of all embedded images together.
    static let embeddedPixels = 16_000_000
    /// Pixels of either side, for documents that say they are larger.
    static let naturalSide = 1_000_000.0
    /// Pixels of either side of the drawing: cairo ends at 32,767.
    static let drawnSide = 16_384
}

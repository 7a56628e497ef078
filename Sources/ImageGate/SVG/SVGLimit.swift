/// Limits for one SVG document. The policy's own limits hold as well.
///
/// They allow a scatter plot of a hundred thousand points, and keep every step linear, because the libraries that parse
/// and draw what the sanitiser lets through have no such limits.
package enum SVGLimit {
    /// Bytes.
    package static let document = 8 << 20
    /// Levels of elements, counted through `use` as well.
    static let depth = 200
    static let elements = 200_000
    /// Attributes of one element. libxml2 compares each with each.
    static let attributes = 128
    /// Namespace declarations in the whole document. For each name libxml2 searches all that are in scope.
    static let namespaces = 1_000
    /// Elements after each `use` has been replaced by what it shows.
    static let drawnElements = 500_000
    /// The estimated cost of painting, in pixels of one colour. That many take three seconds at least.
    static let paintedPixels = 1e10
    /// Rules of style sheets times elements. librsvg compares each with each, which takes some three seconds for that
    /// many.
    static let styleComparisons = 100_000_000
    /// Comparisons of parts of selectors with elements that our own matching makes. It needs fewer, because it looks
    /// rules up by key.
    static let selectorSteps = 5_000_000
    static let styleRules = 10_000
    /// Pixels of all embedded images together.
    static let embeddedPixels = 16_000_000
    /// Pixels of either side; a document that asks for more gets that.
    static let naturalSide = 1_000_000.0
    /// Pixels of either side of the drawing. cairo allows up to 32,767.
    static let drawnSide = 16_384
}

/// Limits for one SVG document. The policy's own limits hold as well.
///
/// They allow a scatter plot of a hundred thousand points, and keep every step linear, because the libraries that parse
/// and draw what the sanitiser lets through have no such limits.
package enum SVGLimit {
    /// The largest number of bytes of the document.
    package static let document = 32 << 20
    /// The largest depth of elements, counted through `use` as well.
    static let depth = 200
    static let elements = 200_000
    /// The largest number of attributes of one element. libxml2 compares each attribute with each other.
    static let attributes = 128
    /// The largest number of namespace declarations in the document. For each name libxml2 searches all that are in
    /// scope.
    static let namespaces = 1_000
    /// The largest number of elements after each `use` has been replaced by the element that it shows.
    static let drawnElements = 500_000
    /// The largest estimated cost of painting, in pixels of one colour. Painting that many takes three seconds at
    /// least.
    static let paintedPixels = 1e10
    /// The largest product of the numbers of style sheets' rules and of elements. librsvg compares each with each,
    /// which takes some three seconds at this limit.
    static let styleComparisons = 100_000_000
    /// The largest number of comparisons of parts of selectors with elements in `SVGDocument`, which needs fewer than
    /// librsvg, because it looks rules up by key.
    static let selectorSteps = 5_000_000
    static let styleRules = 10_000
    /// The largest number of pixels of all embedded images together.
    static let embeddedPixels = 16_000_000
    /// The largest number of pixels of either side. A document that asks for a larger side gets this one.
    static let naturalSide = 1_000_000.0
    /// The largest number of pixels of either side of the drawing. cairo allows up to 32,767.
    static let drawnSide = 16_384
}

/// The elements, attributes and properties that may pass. An element that is not in the list is dropped with all its
/// content.
enum SVGAllowList {
    static let namespace = "http://www.w3.org/2000/svg"
    static let xlinkNamespace = "http://www.w3.org/1999/xlink"
    static let xmlNamespace = "http://www.w3.org/XML/1998/namespace"

    /// The allowed elements. The list has no elements that run code, load something, change over time or show content
    /// of another language: `script`, `foreignObject`, `set`, `animate`, `feImage`, `handler`, `audio`, `video`. It has
    /// neither `feTurbulence` nor `feConvolveMatrix`, which a small document can make arbitrarily slow.
    static let elements: Set<String> = [
        "svg", "g", "defs", "symbol", "use", "switch", "a", "title", "desc", "style",
        "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "image",
        "text", "tspan", "textPath",
        "clipPath", "mask", "pattern", "marker", "linearGradient", "radialGradient", "stop",
        "filter", "feBlend", "feColorMatrix", "feComponentTransfer", "feComposite", "feDropShadow", "feFlood",
        "feFuncA", "feFuncB", "feFuncG", "feFuncR", "feGaussianBlur", "feMerge", "feMergeNode", "feMorphology",
        "feOffset",
    ]

    /// Elements whose text is kept.
    static let textElements: Set<String> = ["text", "tspan", "textPath", "title", "desc", "a"]

    /// Properties of CSS that may also be attributes.
    static let properties: Set<String> = [
        "alignment-baseline", "baseline-shift", "clip-path", "clip-rule", "color", "color-interpolation",
        "color-interpolation-filters", "direction", "display", "dominant-baseline", "enable-background", "fill",
        "fill-opacity", "fill-rule", "filter", "flood-color", "flood-opacity", "font-family", "font-size",
        "font-size-adjust", "font-stretch", "font-style", "font-variant", "font-weight", "glyph-orientation-vertical",
        "image-rendering", "letter-spacing", "lighting-color", "marker-end", "marker-mid", "marker-start", "mask",
        "mask-type", "opacity", "overflow", "paint-order", "pointer-events", "shape-rendering", "stop-color",
        "stop-opacity", "stroke", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap", "stroke-linejoin",
        "stroke-miterlimit", "stroke-opacity", "stroke-width", "text-anchor", "text-decoration", "text-orientation",
        "text-rendering", "unicode-bidi", "vector-effect", "visibility", "word-spacing", "writing-mode",
    ]

    /// Properties of CSS that may not be attributes.
    static let styleOnlyProperties: Set<String> = [
        "cx", "cy", "font", "height", "isolation", "line-height", "marker", "mix-blend-mode", "r", "rx", "ry",
        "text-align", "transform", "transform-origin", "white-space", "width", "x", "y",
    ]

    /// Attributes that are not properties of CSS. `id`, `style` and `href` have rules of their own.
    static let attributes: Set<String> = [
        "amplitude", "azimuth", "class", "clipPathUnits", "cx", "cy", "d", "dx", "dy", "edgeMode", "elevation",
        "exponent", "filterUnits", "fr", "fx", "fy", "gradientTransform", "gradientUnits", "height", "in", "in2",
        "intercept", "k1", "k2", "k3", "k4", "lengthAdjust", "markerHeight", "markerUnits", "markerWidth",
        "maskContentUnits", "maskUnits", "media", "method", "mode", "offset", "operator", "orient", "pathLength",
        "patternContentUnits", "patternTransform", "patternUnits", "points", "preserveAspectRatio", "primitiveUnits",
        "r", "radius", "refX", "refY", "requiredExtensions", "requiredFeatures", "result", "rotate", "rx", "ry", "side",
        "slope", "spacing", "spreadMethod", "startOffset", "stdDeviation", "systemLanguage", "tableValues",
        "textLength", "transform", "type", "values", "version", "viewBox", "width", "x", "x1", "x2", "xChannelSelector",
        "y", "y1", "y2", "yChannelSelector",
    ]

    /// Attributes that cannot refer to anything, and may be long, so their values are not searched for references.
    static let plainAttributes: Set<String> = ["d", "points", "transform", "viewBox", "class"]

    /// Functions of CSS that load nothing. `url` has its own rule.
    static let functions: Set<String> = [
        "rgb", "rgba", "hsl", "hsla", "calc", "min", "max", "matrix", "translate", "translatex", "translatey", "rotate",
        "scale", "scalex", "scaley", "skewx", "skewy", "blur", "brightness", "contrast", "grayscale", "invert",
        "opacity",
        "saturate", "sepia", "hue-rotate",
    ]
}

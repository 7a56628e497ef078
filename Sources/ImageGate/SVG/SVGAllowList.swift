/// The elements, attributes and properties that may pass. An element that is not in the list is dropped with all its
/// content.
enum SVGAllowList {
    static let namespace = "http://www.w3.org/2000/svg"
    static let xlinkNamespace = "http://www.w3.org/1999/xlink"
    static let xmlNamespace = "http://www.w3.org/XML/1998/namespace"

    /// The allowed elements. The list has no elements that run code, load something, change over time or show content
    /// of another language: `script`, `foreignObject`, `set`, `animate`, `feImage`, `handler`, `audio`, `video`.
    static let elements: Set<String> = [
        "svg", "g", "defs", "symbol", "use", "switch", "a", "title", "desc", "style",
        "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "image",
        "text", "tspan", "textPath",
        "clipPath", "mask", "pattern", "marker", "linearGradient", "radialGradient", "stop",
        "filter", "feBlend", "feColorMatrix", "feComponentTransfer", "feComposite", "feConvolveMatrix",
        "feDiffuseLighting", "feDisplacementMap", "feDistantLight", "feDropShadow", "feFlood", "feFuncA", "feFuncB",
        "feFuncG", "feFuncR", "feGaussianBlur", "feMerge", "feMergeNode", "feMorphology", "feOffset", "fePointLight",
        "feSpecularLighting", "feSpotLight", "feTile", "feTurbulence",
    ]

    /// Attributes on which the time of a filter depends, and their largest values. Larger ones are cut down.
    static let boundedAttributes: [String: Double] = ["stdDeviation": 100, "radius": 100, "order": 7, "numOctaves": 6]

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
        "text-align", "transform", "white-space", "width", "x", "y",
    ]

    /// The only value of `transform-origin` that may pass, because all others are part of the transforms that are written.
    static let keptOrigin = "0 0"

    /// Attributes that are not properties of CSS. `id`, `style`, `href` and those that are bounded have rules of their
    /// own. `kernelUnitLength` is not in the list, because it decides how many pixels a filter computes.
    static let attributes: Set<String> = [
        "amplitude", "azimuth", "baseFrequency", "bias", "class", "clipPathUnits", "cx", "cy", "d", "diffuseConstant",
        "divisor", "dx", "dy", "edgeMode", "elevation", "exponent", "filterUnits", "fr", "fx", "fy",
        "gradientTransform", "gradientUnits", "height", "in", "in2", "intercept", "k1", "k2", "k3", "k4",
        "kernelMatrix", "lengthAdjust", "limitingConeAngle", "markerHeight", "markerUnits", "markerWidth",
        "maskContentUnits", "maskUnits", "method", "mode", "offset", "operator", "orient", "pathLength",
        "patternContentUnits", "patternTransform", "patternUnits", "points", "pointsAtX", "pointsAtY", "pointsAtZ",
        "preserveAlpha", "preserveAspectRatio", "primitiveUnits", "r", "refX", "refY", "requiredExtensions",
        "requiredFeatures", "result", "rotate", "rx", "ry", "scale", "seed", "side", "slope", "spacing",
        "specularConstant", "specularExponent", "spreadMethod", "startOffset", "surfaceScale", "systemLanguage",
        "tableValues", "targetX", "targetY", "textLength", "transform", "type", "values", "version", "viewBox",
        "width", "x", "x1", "x2", "xChannelSelector", "y", "y1", "y2", "yChannelSelector", "z",
    ]

    /// Attributes that cannot refer to anything, and may be long, so their values are not searched for references.
    static let plainAttributes: Set<String> = ["d", "points", "transform", "viewBox", "class"]

    /// Functions of CSS that load nothing. `url` has its own rule.
    static let functions: Set<String> = [
        "rgb", "rgba", "hsl", "hsla", "calc", "min", "max", "matrix", "translate", "translatex", "translatey", "rotate",
        "scale", "scalex", "scaley", "skewx", "skewy", "blur", "brightness", "contrast", "drop-shadow", "grayscale",
        "invert", "opacity", "saturate", "sepia", "hue-rotate",
    ]
}

/// Values that make librsvg leave a primitive out, and with it often all that an element shows: references to results
/// that do not exist, and what cannot be read. Browsers take the default in their place.
/// https://www.w3.org/TR/filter-effects-1/#FilterPrimitivesOverview
extension SVGTree {
    /// - Parameter primitives: those of one filter, in order.
    mutating func mendFilterValues(_ primitives: [Int]) {
        var results: Set<String> = ["SourceGraphic", "SourceAlpha", "FillPaint", "StrokePaint"]
        for primitive in primitives {
            for index in primitive..<nodes[primitive].end where !nodes[index].isText {
                for name in ["in", "in2"] {
                    if let result = nodes[index][name], !results.contains(result) { nodes[index][name] = nil }
                }
                mendValues(index)
            }
            if let result = nodes[primitive]["result"] { results.insert(result) }
        }
    }

    private mutating func mendValues(_ index: Int) {
        let element = nodes[index].name
        // The sum of two inputs is newer than librsvg 2.54.
        if element == "feComposite", nodes[index]["operator"] == "lighter" {
            nodes[index]["operator"] = "arithmetic"
            for (name, value) in [("k1", "0"), ("k2", "1"), ("k3", "1"), ("k4", "0")] { nodes[index][name] = value }
        }
        for attribute in nodes[index].attributes where attribute.namespace == nil {
            let isRight: Bool
            if let keywords = Self.keywords["\(element) \(attribute.name)"] ?? Self.keywords[attribute.name] {
                isRight = keywords.contains(attribute.value)
            } else if Self.sizes.contains(attribute.name) {
                let numbers = Self.numbers(attribute.value)
                isRight = (1...2).contains(numbers.count) && numbers.allSatisfy { $0 >= 0 }
            } else if Self.singleNumbers.contains(attribute.name) {
                isRight = Self.numbers(attribute.value).count == 1
            } else if attribute.name == "values", element == "feColorMatrix" {
                let count = ["saturate": 1, "hueRotate": 1][nodes[index]["type"] ?? "matrix"] ?? 20
                isRight = Self.numbers(attribute.value).count == count
            } else {
                isRight = true
            }
            if !isRight { nodes[index][attribute.name] = nil }
        }
    }

    /// The numbers of a list; empty if it has anything else.
    private static func numbers(_ text: String) -> [Double] {
        let numbers = text.split { $0.isWhitespace || $0 == "," }.map { Double(String($0)) ?? .nan }
        return numbers.allSatisfy(\.isFinite) ? numbers : []
    }

    private static let sizes: Set<String> = ["stdDeviation", "radius", "baseFrequency"]
    private static let singleNumbers: Set<String> = [
        "dx", "dy", "k1", "k2", "k3", "k4", "surfaceScale", "diffuseConstant", "specularConstant", "specularExponent",
        "scale", "seed", "numOctaves", "divisor", "bias", "azimuth", "elevation", "slope", "intercept", "amplitude",
        "exponent", "limitingConeAngle",
    ]

    /// The values of attributes, for all elements or for one.
    private static let keywords: [String: Set<String>] = [
        "feComposite operator": ["over", "in", "out", "atop", "xor", "arithmetic"],
        "feMorphology operator": ["erode", "dilate"],
        "feColorMatrix type": ["matrix", "saturate", "hueRotate", "luminanceToAlpha"],
        "feTurbulence type": ["fractalNoise", "turbulence"],
        "type": ["identity", "table", "discrete", "linear", "gamma"],
        "mode": [
            "normal", "multiply", "screen", "darken", "lighten", "overlay", "color-dodge", "color-burn", "hard-light",
            "soft-light", "difference", "exclusion", "hue", "saturation", "color", "luminosity",
        ],
        "edgeMode": ["duplicate", "wrap", "none"], "preserveAlpha": ["true", "false"],
        "xChannelSelector": ["R", "G", "B", "A"], "yChannelSelector": ["R", "G", "B", "A"],
    ]
}

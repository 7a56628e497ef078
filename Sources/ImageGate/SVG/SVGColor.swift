internal import Glibc

/// A colour in one of the spaces of CSS. https://www.w3.org/TR/css-color-4/
struct SVGColor {
    enum Space: String {
        case sRGB = "srgb"
        case linear = "srgb-linear"
        case displayP3 = "display-p3"
        case a98 = "a98-rgb"
        case proPhoto = "prophoto-rgb"
        case rec2020
        case xyz
        case xyz50 = "xyz-d50"
        case hsl, hwb, lab, lch, oklab, oklch

        init?(named name: String) { self.init(rawValue: name == "xyz-d65" ? "xyz" : name) }

        /// The place of the hue, in degrees, among the values; nil if there is none.
        var hue: Int? {
            switch self {
            case .hsl, .hwb: 0
            case .lch, .oklch: 2
            default: nil
            }
        }
    }

    let space: Space
    /// Three values. Nil is one that is missing, as `none`.
    var values: [Double?]
    var alpha: Double?

    init(_ space: Space, _ values: [Double?], alpha: Double? = 1) {
        (self.space, self.values, self.alpha) = (space, values, alpha)
    }

    /// Returns the same colour in another space. The hue of a grey is missing.
    func converted(to other: Space) -> SVGColor {
        guard other != space else { return self }
        var values: [Double?] = Self.values(other, of: Self.xyz(space, self.values.map { $0 ?? 0 }))
        if let hue = other.hue {
            let isGrey =
                switch other {
                case .hsl: (values[1] ?? 0) < 1e-3
                case .hwb: (values[1] ?? 0) + (values[2] ?? 0) > 99.999
                case .lch: (values[1] ?? 0) < 2e-3
                default: (values[1] ?? 0) < 1e-5
                }
            if isGrey { values[hue] = nil }
        }
        return SVGColor(other, values, alpha: alpha)
    }

    /// The colour as librsvg knows it. What sRGB lacks becomes its nearest samples, as browsers show it.
    var text: String {
        let samples = converted(to: .sRGB).values.map { value in
            String(Int((min(max(value ?? 0, 0), 1) * 255).rounded()))
        }
        let opacity = min(max(alpha ?? 0, 0), 1)
        let list = samples.joined(separator: ",")
        return opacity == 1 ? "rgb(\(list))" : "rgba(\(list),\(SVGNumbers.text(opacity)))"
    }

    // MARK: Mixing

    enum HueWay: String {
        case shorter, longer, increasing, decreasing
    }

    /// Mixes two colours in a space. https://www.w3.org/TR/css-color-4/#interpolation
    ///
    /// - Parameter share: the second colour's, 0...1.
    func mixed(_ other: SVGColor, share: Double, in space: Space, _ way: HueWay = .shorter) -> SVGColor {
        var (one, two) = (converted(to: space), other.converted(to: space))
        for index in 0..<3 {
            one.values[index] = one.values[index] ?? two.values[index]
            two.values[index] = two.values[index] ?? one.values[index]
        }
        let (opacity1, opacity2) = (one.alpha ?? two.alpha ?? 1, two.alpha ?? one.alpha ?? 1)
        let opacity = opacity1 * (1 - share) + opacity2 * share
        let values = (0..<3).map { index -> Double? in
            guard let value1 = one.values[index], let value2 = two.values[index] else { return nil }
            if index == space.hue { return value1 + Self.turn(from: value1, to: value2, way) * share }
            // Values count as far as they are seen.
            guard opacity > 0 else { return value1 * (1 - share) + value2 * share }
            return (value1 * opacity1 * (1 - share) + value2 * opacity2 * share) / opacity
        }
        return SVGColor(space, values, alpha: opacity)
    }

    private static func turn(from one: Double, to two: Double, _ way: HueWay) -> Double {
        var turn = (two - one).truncatingRemainder(dividingBy: 360)
        if turn < 0 { turn += 360 }
        switch way {
        case .shorter: return turn > 180 ? turn - 360 : turn
        case .longer: return turn > 0 && turn < 180 ? turn - 360 : turn
        case .increasing: return turn
        case .decreasing: return turn > 0 ? turn - 360 : turn
        }
    }

    // MARK: Spaces

    private typealias Matrix = [[Double]]

    private static func product(_ matrix: Matrix, _ vector: [Double]) -> [Double] {
        matrix.map { row in zip(row, vector).reduce(0) { $0 + $1.0 * $1.1 } }
    }

    private static func inverse(_ m: Matrix) -> Matrix {
        func minor(_ row: Int, _ column: Int) -> Double {
            let (r1, r2, c1, c2) = ((row + 1) % 3, (row + 2) % 3, (column + 1) % 3, (column + 2) % 3)
            return m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1]
        }
        let determinant = (0..<3).reduce(0) { $0 + m[0][$1] * minor(0, $1) }
        return (0..<3).map { row in (0..<3).map { minor($0, row) / determinant } }
    }

    /// The matrix from linear samples to XYZ with the white of D65; of D50 for ProPhoto.
    private static func matrix(_ space: Space) -> Matrix? {
        switch space {
        case .sRGB, .linear, .hsl, .hwb:
            [
                [506752.0 / 1228815, 87881.0 / 245763, 12673.0 / 70218],
                [87098.0 / 409605, 175762.0 / 245763, 12673.0 / 175545],
                [7918.0 / 409605, 87881.0 / 737289, 1001167.0 / 1053270],
            ]
        case .displayP3:
            [
                [608311.0 / 1250200, 189793.0 / 714400, 198249.0 / 1000160],
                [35783.0 / 156275, 247089.0 / 357200, 198249.0 / 2500400], [0, 32229.0 / 714400, 5220557.0 / 5000800],
            ]
        case .a98:
            [
                [573536.0 / 994567, 263643.0 / 1420810, 187206.0 / 994567],
                [591459.0 / 1989134, 6239551.0 / 9945670, 374412.0 / 4972835],
                [53769.0 / 1989134, 351524.0 / 4972835, 4929758.0 / 4972835],
            ]
        case .rec2020:
            [
                [63426534.0 / 99577255, 20160776.0 / 139408157, 47086771.0 / 278816314],
                [26158966.0 / 99577255, 472592308.0 / 697040785, 8267143.0 / 139408157],
                [0, 19567812.0 / 697040785, 295819943.0 / 278816314],
            ]
        case .proPhoto:
            [
                [0.7977666449006423, 0.13518129740053308, 0.0313477341283922],
                [0.2880748288194013, 0.711835234241873, 0.00008993693872564], [0, 0, 0.8251046025104602],
            ]
        case .xyz, .xyz50, .lab, .lch, .oklab, .oklch: nil
        }
    }

    /// From the white of D50 to that of D65.
    private static let whiter: Matrix = [
        [0.955473421488075, -0.02309845494876471, 0.06325924320057072],
        [-0.0283697093338637, 1.0099953980813041, 0.021041441191917323],
        [0.012314014864481998, -0.020507649298898964, 1.330365926242124],
    ]
    private static let warmer = inverse(whiter)
    private static let white50 = [0.3457 / 0.3585, 1, (1 - 0.3457 - 0.3585) / 0.3585]

    private static let toCones: Matrix = [
        [0.819022437996703, 0.3619062600528904, -0.1288737815209879],
        [0.0329836539323885, 0.9292868615863434, 0.0361446663506424],
        [0.0481771893596242, 0.2642395317527308, 0.6335478284694309],
    ]
    private static let fromCones = inverse(toCones)
    private static let toOklab: Matrix = [
        [0.210454268309314, 0.7936177747023054, -0.0040720430116193],
        [1.9779985324311684, -2.4285922420485799, 0.450593709617411],
        [0.0259040424655478, 0.7827717124575296, -0.8086757549230774],
    ]
    private static let fromOklab = inverse(toOklab)

    private static func xyz(_ space: Space, _ values: [Double]) -> [Double] {
        if let matrix = matrix(space) {
            let samples = space == .hsl || space == .hwb ? rgb(space, values) : values
            let light = product(matrix, samples.map { decoded($0, space) })
            return space == .proPhoto ? product(whiter, light) : light
        }
        switch space {
        case .xyz50: return product(whiter, values)
        case .lab: return product(whiter, labToXYZ(values))
        case .lch: return product(whiter, labToXYZ(rectangular(values)))
        case .oklab: return product(fromCones, product(fromOklab, values).map { $0 * $0 * $0 })
        case .oklch: return product(fromCones, product(fromOklab, rectangular(values)).map { $0 * $0 * $0 })
        default: return values
        }
    }

    private static func values(_ space: Space, of xyz: [Double]) -> [Double] {
        if let matrix = matrix(space) {
            let light = product(inverse(matrix), space == .proPhoto ? product(warmer, xyz) : xyz)
            let samples = light.map { encoded($0, space) }
            return space == .hsl ? hsl(samples) : space == .hwb ? hwb(samples) : samples
        }
        switch space {
        case .xyz50: return product(warmer, xyz)
        case .lab: return lab(product(warmer, xyz))
        case .lch: return polar(lab(product(warmer, xyz)))
        case .oklab: return product(toOklab, product(toCones, xyz).map(cbrt))
        case .oklch: return polar(product(toOklab, product(toCones, xyz).map(cbrt)))
        default: return xyz
        }
    }

    private static func polar(_ values: [Double]) -> [Double] {
        let hue = atan2(values[2], values[1]) * 180 / .pi
        return [values[0], hypot(values[1], values[2]), hue < 0 ? hue + 360 : hue]
    }

    private static func rectangular(_ values: [Double]) -> [Double] {
        let angle = values[2] * .pi / 180
        return [values[0], values[1] * cos(angle), values[1] * sin(angle)]
    }

    private static func labToXYZ(_ lab: [Double]) -> [Double] {
        let middle = (lab[0] + 16) / 116
        let roots: [Double] = [middle + lab[1] / 500, middle, middle - lab[2] / 200]
        return zip(roots, white50).map { (root: Double, white: Double) -> Double in
            let share: Double = root > 6.0 / 29 ? root * root * root : (116 * root - 16) * 27 / 24389
            return share * white
        }
    }

    private static func lab(_ xyz: [Double]) -> [Double] {
        let roots: [Double] = zip(xyz, white50).map { (value: Double, white: Double) -> Double in
            let share: Double = value / white
            return share > 216.0 / 24389 ? cbrt(share) : (24389.0 / 27 * share + 16) / 116
        }
        return [116 * roots[1] - 16, 500 * (roots[0] - roots[1]), 200 * (roots[1] - roots[2])]
    }

    // MARK: Transfer functions

    private static let rec2020Excess = 1.09929682680944
    private static let rec2020Edge = 0.018053968510807

    private static func decoded(_ sample: Double, _ space: Space) -> Double {
        let value = abs(sample)
        let light =
            switch space {
            case .linear: value
            case .a98: pow(value, 563.0 / 256)
            case .proPhoto: value <= 16.0 / 512 ? value / 16 : pow(value, 1.8)
            case .rec2020:
                value < 4.5 * rec2020Edge ? value / 4.5 : pow((value + rec2020Excess - 1) / rec2020Excess, 1 / 0.45)
            default: value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
            }
        return sample < 0 ? -light : light
    }

    private static func encoded(_ light: Double, _ space: Space) -> Double {
        let value = abs(light)
        let sample =
            switch space {
            case .linear: value
            case .a98: pow(value, 256.0 / 563)
            case .proPhoto: value < 1.0 / 512 ? value * 16 : pow(value, 1 / 1.8)
            case .rec2020: value < rec2020Edge ? value * 4.5 : rec2020Excess * pow(value, 0.45) - (rec2020Excess - 1)
            default: value <= 0.0031308 ? value * 12.92 : 1.055 * pow(value, 1 / 2.4) - 0.055
            }
        return light < 0 ? -sample : sample
    }

    // MARK: Hues of sRGB

    private static func rgb(_ space: Space, _ values: [Double]) -> [Double] {
        if space == .hwb {
            let (white, black) = (values[1] / 100, values[2] / 100)
            guard white + black < 1 else { return Array(repeating: white / (white + black), count: 3) }
            return rgb(.hsl, [values[0], 100, 50]).map { $0 * (1 - white - black) + white }
        }
        let (saturation, lightness) = (values[1] / 100, values[2] / 100)
        return [0.0, 8, 4].map { shift in
            var place = (shift + values[0] / 30).truncatingRemainder(dividingBy: 12)
            if place < 0 { place += 12 }
            let reach = saturation * min(lightness, 1 - lightness)
            return lightness - reach * max(-1, min(place - 3, 9 - place, 1))
        }
    }

    private static func hsl(_ rgb: [Double]) -> [Double] {
        let (low, high) = (min(rgb[0], rgb[1], rgb[2]), max(rgb[0], rgb[1], rgb[2]))
        let (range, lightness) = (high - low, (high + low) / 2)
        guard range > 1e-12 else { return [0, 0, lightness * 100] }
        let edge = min(lightness, 1 - lightness)
        let saturation = edge == 0 ? 0 : (high - lightness) / edge
        var hue =
            high == rgb[0]
            ? (rgb[1] - rgb[2]) / range : high == rgb[1] ? (rgb[2] - rgb[0]) / range + 2 : (rgb[0] - rgb[1]) / range + 4
        if hue < 0 { hue += 6 }
        return [hue * 60, saturation * 100, lightness * 100]
    }

    private static func hwb(_ rgb: [Double]) -> [Double] {
        [hsl(rgb)[0], 100 * min(rgb[0], rgb[1], rgb[2]), 100 * (1 - max(rgb[0], rgb[1], rgb[2]))]
    }
}

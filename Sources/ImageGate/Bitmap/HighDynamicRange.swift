internal import Glibc

/// Images of high dynamic range, whose samples mean light up to 1,000 candelas per square metre and more: PQ and HLG of
/// ITU-R BT.2100, as PNG's chunk cICP names them.
///
/// They become sRGB as Chromium shows them on an ordinary screen: white of 203 candelas is half of the light, and what
/// is brighter is compressed.
struct HighDynamicRange {
    /// Light of each sample, as a multiple of 203 candelas. Of HLG it is the light of the scene.
    private let light: [Float]
    private let isHLG: Bool
    /// To the primaries of sRGB, by rows.
    private let matrix: [Float]
    /// The shares of red, green and blue in luminance.
    private let luma: (Float, Float, Float)

    /// - Parameters: codes of ITU-T H.273.
    init?(primaries: UInt8, transfer: UInt8) {
        switch transfer {
        case 16: light = (0...255).map { Float(Self.pq(Double($0) / 255) / Self.white) }
        case 18: light = (0...255).map { Float(Self.hlg(Double($0) / 255)) }
        default: return nil
        }
        isHLG = transfer == 18
        switch primaries {
        case 1:
            matrix = [1, 0, 0, 0, 1, 0, 0, 0, 1]
            luma = (0.2126, 0.7152, 0.0722)
        case 9:
            matrix = [1.6605, -0.5876, -0.0728, -0.1246, 1.1329, -0.0083, -0.0182, -0.1006, 1.1187]
            luma = (0.2627, 0.678, 0.0593)
        case 11, 12:
            matrix = [1.2249, -0.2247, 0, -0.042, 1.0419, 0, -0.0196, -0.0786, 1.0979]
            luma = (0.229, 0.6917, 0.0793)
        default: return nil
        }
    }

    /// Candelas per square metre of white that a screen shows beside other content (ITU-R BT.2408).
    private static let white = 203.0

    /// BT.2100, table 4.
    private static func pq(_ sample: Double) -> Double {
        let root = pow(sample, 1 / 78.84375)
        return 10_000 * pow(max(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root), 1 / 0.1593017578125)
    }

    /// BT.2100, table 5.
    private static func hlg(_ sample: Double) -> Double {
        sample <= 0.5 ? sample * sample / 3 : (exp((sample - 0.55991073) / 0.17883277) + 0.28466892) / 12
    }

    /// Points of the curve from luminance to light on the screen, between which it is straight.
    private static let curve: [(from: Float, to: Float)] = [
        (0, 0), (1, 0.5), (1.557, 0.665), (2.02, 0.745), (3.2, 0.889), (4.93, 1),
    ]

    /// The factor of a colour's light, given its luminance.
    private static func compression(_ luminance: Float) -> Float {
        guard let index = curve.dropFirst().firstIndex(where: { luminance <= $0.from }) else { return 1 / luminance }
        let (low, high) = (curve[index - 1], curve[index])
        guard low.from > 0 else { return high.to / high.from }
        let share = (luminance - low.from) / (high.from - low.from)
        return (low.to + share * (high.to - low.to)) / luminance
    }

    /// Converts pixels to RGB, and leaves alpha as it is.
    ///
    /// - Parameter channels: 1, 3 or 4. Of grey there are three samples in the output.
    func convert(_ input: UnsafePointer<UInt8>, _ output: UnsafeMutablePointer<UInt8>, _ count: Int, channels: Int) {
        let step = max(channels, 3)
        for pixel in 0..<count {
            let samples = input + pixel * channels
            let (second, third) = channels == 1 ? (0, 0) : (1, 2)
            var (red, green, blue) = (light[Int(samples[0])], light[Int(samples[second])], light[Int(samples[third])])
            var luminance = luma.0 * red + luma.1 * green + luma.2 * blue
            if isHLG {
                // What a screen of 1,000 candelas makes of the scene.
                let factor = powf(max(luminance, 1e-6), 0.2) * Float(1000 / Self.white)
                (red, green, blue, luminance) = (red * factor, green * factor, blue * factor, luminance * factor)
            }
            let factor = Self.compression(luminance)
            for row in 0..<3 {
                let sum = matrix[3 * row] * red + matrix[3 * row + 1] * green + matrix[3 * row + 2] * blue
                output[pixel * step + row] = LinearLight.encoded[Int(min(max(sum * factor, 0), 1) * 65535)]
            }
        }
    }
}

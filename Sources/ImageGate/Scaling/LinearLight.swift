internal import Glibc

/// Encoded samples to light and back: averages are right only of light.
///
/// Light is 0...65535: even black's neighbours, 20 of these apart, keep their distance.
struct LinearLight: Sendable {
    /// By encoded sample.
    let table: [UInt16]
    /// 8-bit samples come back as they were: an image that keeps its size needs no conversion.
    let isIdentity: Bool

    static let sRGB8 = LinearLight(sampleLimit: 255, isIdentity: true) { sRGBDecoded($0) }
    static let sRGB16 = LinearLight(sampleLimit: 65535, isIdentity: false) { sRGBDecoded($0) }

    /// - Parameter gamma: PNG's gAMA, sample = light ^ gamma.
    static func power(_ gamma: Double, sampleLimit: Int) -> LinearLight {
        LinearLight(sampleLimit: sampleLimit, isIdentity: false) { pow($0, 1 / gamma) }
    }

    private init(sampleLimit: Int, isIdentity: Bool, _ decoded: (Double) -> Double) {
        self.isIdentity = isIdentity
        table = (0...sampleLimit).map { UInt16((decoded(Double($0) / Double(sampleLimit)) * 65535).rounded()) }
    }

    /// The nearest 8-bit sRGB sample, by light.
    static let encoded: [UInt8] = {
        var table: [UInt8] = []
        table.reserveCapacity(65536)
        for sample in 0...255 {
            // Up to half way, in what the eye sees, to the next.
            let end = sample == 255 ? 65536 : Int((sRGBDecoded((Double(sample) + 0.5) / 255) * 65535).rounded(.up))
            table += repeatElement(UInt8(sample), count: end - table.count)
        }
        return table
    }()

    /// IEC 61966-2-1.
    private static func sRGBDecoded(_ value: Double) -> Double {
        value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }
}

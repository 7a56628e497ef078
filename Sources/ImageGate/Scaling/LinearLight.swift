internal import Glibc

/// Tables between encoded samples and linear light. Averages are correct only in linear light.
///
/// Light is 0...65535, so that even the darkest samples, which are 20 apart, stay distinct.
struct LinearLight: Sendable {
    /// The light of each encoded sample.
    let table: [UInt16]
    /// Whether 8-bit samples survive both conversions unchanged, so that an image which keeps its size needs none.
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

    /// The nearest 8-bit sRGB sample for each value of light.
    static let encoded: [UInt8] = {
        var table: [UInt8] = []
        table.reserveCapacity(65536)
        for sample in 0...255 {
            // A sample's range ends half-way to the next sample in the encoded scale.
            let end = sample == 255 ? 65536 : Int((sRGBDecoded((Double(sample) + 0.5) / 255) * 65535).rounded(.up))
            table += repeatElement(UInt8(sample), count: end - table.count)
        }
        return table
    }()

    /// The transfer function of IEC 61966-2-1.
    private static func sRGBDecoded(_ value: Double) -> Double {
        value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
    }
}

import Testing

@testable import ImageGate

@Suite(.timeLimit(.minutes(5)))
struct BoxScalerTests {
    @Test(arguments: [Bitmap.Layout.grey, .rgb, .rgba], [(300, 61), (299, 100), (131, 131), (640, 7)])
    func `rows like those above them are averaged as if alone`(layout: Bitmap.Layout, widths: (Int, Int)) throws {
        let size = PixelSize(width: widths.0, height: 97)
        let target = PixelSize(width: widths.1, height: 31)
        let samples = samples(layout, size)
        var together = BoxScaler(from: size, to: target, layout: layout, light: .sRGB8)
        var alone = together
        try samples.withUnsafeBufferPointer { samples in
            let base = try #require(samples.baseAddress)
            together.add(base, rows: size.height)
            for row in 0..<size.height { alone.add(base + row * size.width * layout.channels, rows: 1) }
        }
        #expect(together.bitmap == alone.bitmap)
    }

    /// Noise in which a row differs from the one above in one sample, in none, or in all.
    private func samples(_ layout: Bitmap.Layout, _ size: PixelSize) -> [UInt8] {
        var noise = Noise(UInt64(size.width))
        let width = size.width * layout.channels
        var row = noise.bytes(width)
        return (0..<size.height).flatMap { _ in
            switch noise.number(8) {
            case 0: row = noise.bytes(width)
            case 1: break
            default: row[noise.number(width)] ^= 0x80
            }
            return row
        }
    }
}

import Testing

@testable import ImageGate

@Suite(.timeLimit(.minutes(10)))
struct BoxScalerTests {
    @Test(arguments: [Bitmap.Layout.grey, .rgb, .rgba], [(90, 37), (97, 33), (40, 40), (33, 5)])
    func `rows that are nearly those above them are averaged as if alone`(
        layout: Bitmap.Layout, widths: (Int, Int)
    ) throws {
        let (samples, height) = samples(layout, width: widths.0)
        let size = PixelSize(width: widths.0, height: height)
        let target = PixelSize(width: widths.1, height: (height + 1) / 2)
        var together = BoxScaler(from: size, to: target, layout: layout, light: .sRGB8)
        var alone = together
        try samples.withUnsafeBufferPointer { samples in
            let base = try #require(samples.baseAddress)
            together.add(base, rows: height)
            for row in 0..<height { alone.add(base + row * size.width * layout.channels, rows: 1) }
        }
        #expect(together.bitmap == alone.bitmap)
    }

    /// Noise, then a row for each of its samples in which that one changes, and one in which none does.
    private func samples(_ layout: Bitmap.Layout, width: Int) -> (samples: [UInt8], height: Int) {
        var noise = Noise(UInt64(width))
        let count = width * layout.channels
        var row = noise.bytes(count)
        var samples = row
        for changed in 0...count {
            if changed < count { row[changed] ^= 0x80 }
            samples += row
        }
        return (samples, count + 2)
    }
}

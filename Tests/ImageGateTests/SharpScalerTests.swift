import Testing

@testable import ImageGate

@Suite(.timeLimit(.minutes(10)))
struct SharpScalerTests {
    private static let target = PixelSize(width: 29, height: 23)

    private func scaled(_ bitmap: Bitmap) -> Bitmap { SharpScaler(from: bitmap.size, to: Self.target).scaled(bitmap) }

    @Test(arguments: [Bitmap.Layout.grey, .rgb, .rgba])
    func `a flat colour stays what it is`(layout: Bitmap.Layout) {
        let color = Array([200, 30, 90, 128].prefix(layout.channels)).map { UInt8($0) }
        let bitmap = scaled(Bitmap(41, 37, layout) { _, _ in color })
        #expect(bitmap.size == Self.target)
        #expect(bitmap == Bitmap(29, 23, layout) { _, _ in color })
    }

    @Test func `the colour of what is transparent does not show`() {
        let bitmap = scaled(Bitmap(41, 37, .rgba) { x, _ in x < 20 ? [250, 0, 0, 255] : [0, 255, 0, 0] })
        for y in 0..<23 {
            for x in 0..<29 where bitmap[x, y][3] > 0 { #expect(bitmap[x, y][1] == 0 && bitmap[x, y][0] >= 249) }
        }
        #expect((bitmap[0, 0][3], bitmap[28, 0][3]) == (255, 0))
    }

    @Test func `an edge stays one, and paper beside it white`() {
        let bitmap = scaled(Bitmap(41, 37, .grey) { x, _ in [x < 20 ? 0 : 255] })
        // At 14.1 of 29.
        #expect(bitmap[13, 9][0] < 60 && bitmap[15, 9][0] == 255)
        for x in 16..<29 { #expect(bitmap[x, 9][0] > 250) }
    }

    @Test func `light is averaged`() {
        // Black and white by turns are half the light, which is 188.
        let stripes = scaled(Bitmap(58, 46, .grey) { x, _ in [x.isMultiple(of: 2) ? 0 : 255] })
        for x in 4..<25 { #expect(abs(stripes[x, 10][0] - 188) <= 3) }
    }
}

import TestSupport
import Testing

@testable import ImageGate

/// These take minutes under a sanitizer, which has nothing to see in them: no C, and no pointers.
@Suite(.timeLimit(.minutes(10)), .disabled(if: Sanitizer.isWatchingAddresses))
struct PaletteTests {
    /// More colours than a palette has, with alpha of every kind.
    private static func colorful(_ layout: Bitmap.Layout) -> Bitmap {
        var noise = Noise(11)
        return Bitmap(64, 48, layout) { x, y in
            let alpha = x < 16 ? 0 : x < 32 ? 255 : UInt8(y * 5)
            let shades = [UInt8(x * 4), UInt8(y * 5), noise.byte() / 4]
            return layout == .grey ? [UInt8((x * 3 + y) & 255)] : layout == .rgb ? shades : shades + [alpha]
        }
    }

    private static func indexed(_ bitmap: Bitmap, colors: Int, strength: Float = 0.8) -> IndexedBitmap {
        let histogram = ColorHistogram(bitmap)
        let palette = ColorPalette(of: histogram, count: colors)
        guard strength == 0 else { return diffused(bitmap, palette, strength) }
        return IndexedBitmap(
            size: bitmap.size, indices: histogram.indices(of: histogram.places, in: palette), of: palette)
    }

    private static func diffused(_ bitmap: Bitmap, _ palette: ColorPalette, _ strength: Float) -> IndexedBitmap {
        let indices = Dithering(palette: palette, strength: strength).indices(of: bitmap)
        return IndexedBitmap(size: bitmap.size, indices: indices, of: palette)
    }

    @Test(arguments: [Bitmap.Layout.grey, .rgb, .rgba], [1, 2, 16, 256])
    func `a palette has no more colours than were asked for, and is the same every time`(
        layout: Bitmap.Layout, count: Int
    ) throws {
        let bitmap = Self.colorful(layout)
        let first = Self.indexed(bitmap, colors: count)
        let second = Self.indexed(bitmap, colors: count)
        let entries = try #require(first.palette).count / 4
        #expect((1...count).contains(entries))
        #expect(first.indices.allSatisfy { Int($0) < entries })
        #expect(first.indices == second.indices && first.palette == second.palette)
        #expect(first.indices.count == bitmap.size.area)
    }

    @Test func `few colours stay exactly what they are`() {
        let colors: [[UInt8]] = [[255, 255, 255], [31, 119, 180], [32, 119, 180], [0, 0, 0], [255, 127, 14]]
        let bitmap = Bitmap(50, 40, .rgb) { x, y in colors[(x / 7 + y / 9) % colors.count] }
        let indexed = Self.indexed(bitmap, colors: 256)
        // The two blues are one step apart: nobody sees it.
        for (one, other) in zip(indexed.bitmap(.rgb).samples, bitmap.samples) {
            #expect(abs(Int(one) - Int(other)) <= 1)
        }
        #expect(indexed.bitmap(.rgb)[0, 0] == [255, 255, 255])
    }

    @Test func `more colours are nearer`() {
        let bitmap = Self.colorful(.rgb)
        let errors = [4, 16, 64, 256].map { count in
            let drawn = Self.indexed(bitmap, colors: count, strength: 0).bitmap(.rgb)
            return zip(drawn.samples, bitmap.samples).reduce(0) {
                $0 + (Int($1.0) - Int($1.1)) * (Int($1.0) - Int($1.1))
            }
        }
        #expect(errors == errors.sorted(by: >))
        // Of 3,072 colours, 256 are a few steps off.
        #expect(errors[3] < 3 * 64 * bitmap.size.area)
    }

    @Test func `of few colours none is wasted, and rare inks have theirs`() {
        let inks: [[Int]] = [
            [255, 255, 255], [0, 0, 0], [0, 0, 200], [160, 20, 20], [0, 110, 60], [120, 120, 120], [250, 170, 30],
        ]
        var noise = Noise(8)
        // Much paper, and of each ink half of what there is of the one before.
        let bitmap = Bitmap(128, 64, .rgb) { x, y in
            let ink = min((x * 64 + y).leadingZeroBitCount - Int.bitWidth + 13, inks.count - 1)
            let grain = Int(noise.byte() % 9) - 4
            return inks[max(ink, 0)].map { UInt8(min(max($0 + grain, 0), 255)) }
        }
        let drawn = Self.indexed(bitmap, colors: inks.count, strength: 0).bitmap(.rgb)
        for (one, other) in zip(drawn.samples, bitmap.samples) { #expect(abs(Int(one) - Int(other)) <= 9) }
    }

    @Test func `the nearest colour is found from any guess`() {
        var noise = Noise(5)
        func point() -> ColorPoint {
            ColorPoint(PackedColor(red: noise.byte(), green: noise.byte(), blue: noise.byte(), alpha: noise.byte()))
        }
        let palette = ColorPalette((0..<60).map { _ in point() })
        for _ in 0..<200 {
            let wanted = point()
            let nearest = palette.points.map { $0.distanceSquared(wanted) }.min()
            for guess in [0, palette.points.count / 2, palette.points.count - 1] {
                let found = palette.nearest(to: wanted, guess: guess)
                #expect(palette.points[found].distanceSquared(wanted) == nearest)
            }
        }
    }

    @Test(arguments: [70, 90, 100, 121])
    func `error dithering keeps the mean`(level: UInt8) {
        let palette = ColorPalette(
            [64, 128].map { ColorPoint(PackedColor(red: $0, green: $0, blue: $0, alpha: 255)) })
        let bitmap = Bitmap(80, 80, .grey) { _, _ in [level] }
        let drawn = Self.diffused(bitmap, palette, 1).bitmap(.rgb)
        // Wherever one looks: the inner blocks of 20 × 20.
        for (left, top) in [(20, 20), (40, 20), (20, 40), (40, 40)] {
            var sum = 0
            for y in top..<top + 20 { for x in left..<left + 20 { sum += drawn[x, y][0] } }
            #expect(abs(Double(sum) / 400 - Double(level)) < 2)
        }
    }

    @Test func `a colour of the palette ends the error`() {
        let palette = ColorPalette(
            [0, 255].map { ColorPoint(PackedColor(red: $0, green: $0, blue: $0, alpha: 255)) })
        let bitmap = Bitmap(40, 40, .grey) { x, y in [(10..<20).contains(x) && (10..<20).contains(y) ? 100 : 255] }
        let drawn = Self.diffused(bitmap, palette, 1).bitmap(.grey)
        for y in 0..<40 {
            for x in 0..<40 where bitmap[x, y] == [255] { #expect(drawn[x, y] == [255]) }
        }
        #expect(drawn.samples.contains(0))
    }

    @Test(arguments: [Float(0), 0.8])
    func `what is transparent or opaque stays so`(strength: Float) {
        let bitmap = Self.colorful(.rgba)
        let drawn = Self.indexed(bitmap, colors: 128, strength: strength).bitmap(.rgba)
        var error = 0
        for y in 0..<48 {
            for x in 0..<64 {
                let (alpha, before) = (drawn[x, y][3], bitmap[x, y][3])
                if before == 0 { #expect(alpha == 0) }
                if before == 255, strength == 0 { #expect(alpha >= 250) }
                error += abs(alpha - before)
            }
        }
        #expect(error / bitmap.size.area < 12)
    }

    @Test func `a point of a colour is the colour`() {
        var noise = Noise(3)
        for _ in 0..<500 {
            let alpha = max(noise.byte(), 64)
            let color = PackedColor(red: noise.byte(), green: noise.byte(), blue: noise.byte(), alpha: alpha)
            let back = ColorPoint(color).color
            for (one, other) in zip(back.samples, color.samples) { #expect(abs(Int(one) - Int(other)) <= 1) }
        }
    }

    @Test func `like is like, and a change is seen`() {
        let bitmap = Self.colorful(.rgb)
        #expect(abs(Similarity.of(bitmap, bitmap) - 1) < 1e-4)
        #expect(Similarity.shadeError(bitmap, bitmap) == 0)
        var darker = bitmap
        darker.samples = bitmap.samples.map { $0 / 2 }
        #expect(Similarity.of(bitmap, darker) < 0.9)
        #expect(Similarity.shadeError(bitmap, darker) > 10)
    }

    @Test func `a grain keeps shades that a small palette alone would not`() {
        let bitmap = Bitmap(96, 96, .rgb) { x, y in [UInt8(60 + x), UInt8(60 + y), 128] }
        let plain = Self.indexed(bitmap, colors: 12, strength: 0).bitmap(.rgb)
        let grained = Self.indexed(bitmap, colors: 12, strength: 0.8).bitmap(.rgb)
        #expect(Similarity.shadeError(bitmap, grained) < Similarity.shadeError(bitmap, plain) * 0.75)
    }
}

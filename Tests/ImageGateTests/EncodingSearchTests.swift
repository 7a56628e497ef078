import Testing

@testable import ImageGate

/// Each way to meet a budget, reached by an image made for it.
@Suite(.timeLimit(.minutes(10)))
struct EncodingSearchTests {
    /// Letters: sharp edges in many shades, on white.
    private static let text = Bitmap(200, 140, .rgb) { x, y in
        let inks: [[Int]] = [[0, 0, 0], [0, 0, 200], [160, 20, 20], [0, 110, 60]]
        let mark = (x * 7919 ^ y * 104_729) &* 2_654_435 >> 9
        guard y % 16 < 11, x % 40 < 33, mark % 3 == 0 else { return [255, 255, 255] }
        let shade = mark >> 2 & 63
        return inks[x / 40 % 4].map { UInt8($0 + (255 - $0) * shade / 100) }
    }

    /// Soft shapes, and a sensor's grain.
    private static func photograph(_ layout: Bitmap.Layout) -> Bitmap {
        var noise = Noise(21)
        return Bitmap(200, 140, layout) { x, y in
            let light = 90 + (x * x / 400 + y * x / 300) % 140
            let grain = Int(noise.byte() & 7)
            let shades = [light, 40 + (x * y / 250) % 180, 230 - (x * x + y * y) / 500].map { UInt8($0 + grain) }
            return layout == .rgba ? shades + [UInt8(255 - x)] : shades
        }
    }

    private func best(_ bitmap: Bitmap, budget: Int) throws -> EncodedImage? {
        let search = EncodingSearch(budget: budget, cancellation: Cancellation())
        switch try search.best(of: bitmap) {
        case .fits(let encoded):
            #expect(encoded.bytes.count <= budget && encoded.size == bitmap.size)
            return encoded
        case .tooLarge(let estimate):
            #expect(estimate > budget)
            return nil
        }
    }

    @Test func `what fits losslessly is lossless`() throws {
        for bitmap in [Self.text, Self.photograph(.rgb), Self.photograph(.rgba)] {
            let encoded = try #require(try best(bitmap, budget: 400_000))
            #expect(encoded.type == .png)
            #expect(try decodedPNG(encoded.bytes) == bitmap)
        }
    }

    @Test func `text gets a palette`() throws {
        let encoded = try #require(try best(Self.text, budget: 10_000))
        #expect(encoded.type == .png)
        #expect(try chunkNames(encoded.bytes).contains("PLTE"))
        #expect(Similarity.of(try decodedPNG(encoded.bytes), Self.text) > 0.98)
    }

    @Test(arguments: [true, false])
    func `paper with letters may have fewer shades than anything else`(isFlat: Bool) throws {
        var noise = Noise(4)
        let bitmap = Bitmap(200, 140, .rgb) { x, y in
            let isPaper = isFlat && (x / 3 + y / 5) % 3 > 0
            return isPaper ? [255, 255, 255] : [noise.byte(), noise.byte() / 2, 40]
        }
        let histogram = ColorHistogram(bitmap)
        let palette = ColorPalette(of: histogram, count: 16)
        let sixteen = IndexedBitmap(
            size: bitmap.size, indices: histogram.indices(of: histogram.places, in: palette), of: palette)
        guard case .written(let bytes) = try PNGWriter(limit: 100_000).write(sixteen, level: 6) else {
            Issue.record("not written")
            return
        }
        let encoded = try best(bitmap, budget: bytes.count * 8 / 10)
        guard isFlat else {
            #expect(encoded?.type != .png)
            return
        }
        let fitting = try #require(encoded)
        let colors = try #require(IndexedBitmap(try decodedPNG(fitting.bytes))?.palette).count / 4
        #expect((4..<16).contains(colors))
    }

    @Test func `a photograph becomes a JPEG, of a quality that uses the budget`() throws {
        for budget in [4_000, 8_000] {
            let encoded = try #require(try best(Self.photograph(.rgb), budget: budget))
            #expect(encoded.type == .jpeg)
            #expect(encoded.bytes.count > budget * 8 / 10)
        }
    }

    @Test func `with alpha there is a palette, and no JPEG`() throws {
        let bitmap = Self.photograph(.rgba)
        let encoded = try #require(try best(bitmap, budget: 28_000))
        #expect(encoded.type == .png)
        #expect(try chunkNames(encoded.bytes).contains("tRNS"))
        #expect(Similarity.of(try decodedPNG(encoded.bytes), bitmap) > 0.9)
    }

    @Test func `too little is said to be too little`() throws {
        for bitmap in [Self.text, Self.photograph(.rgb), Self.photograph(.rgba)] {
            #expect(try best(bitmap, budget: 700) == nil)
        }
    }

    @Test func `a search that nobody waits for ends`() throws {
        let cancellation = Cancellation()
        cancellation.cancel()
        let search = EncodingSearch(budget: 5_000, cancellation: cancellation)
        #expect(throws: ImageGateError.cancelled) { try search.best(of: Self.text) }
        #expect(throws: ImageGateError.cancelled) { try search.bestPhotograph(of: Self.photograph(.rgb)) }
    }

    @Test(arguments: [500, 3_000, 12_000, 100_000])
    func `every budget is met, and no side is longer than the box's`(budget: Int) throws {
        for bitmap in [Self.text, Self.photograph(.rgb), Self.photograph(.rgba), Self.photograph(.rgb).keepingGrey()] {
            let box = bitmap.size.fitted(shortSide: 100, longSide: 110)
            let search = BudgetSearch(budget: budget, cancellation: Cancellation())
            let image = try search.thumbnail(of: bitmap.scaled(to: box), originalSize: bitmap.size)
            #expect(image.bytes.count <= budget)
            #expect(image.width <= box.width && image.height <= box.height)
            let decoded = try image.type == .png ? decodedPNG(image.bytes) : decodedJPEG(image.bytes)
            #expect(decoded.size == PixelSize(width: image.width, height: image.height))
        }
    }
}

extension Bitmap {
    fileprivate func keepingGrey() -> Bitmap {
        Bitmap(size.width, size.height, .grey) { x, y in [UInt8(self[x, y][0])] }
    }
}

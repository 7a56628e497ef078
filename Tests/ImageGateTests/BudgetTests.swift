import Testing
import TestSupport

@testable import ImageGate

@Suite(.timeLimit(.minutes(10)))
struct BudgetTests {
    enum Kind: String, CaseIterable, Sendable {
        case noise, greyNoise, alphaNoise, plot, gradient, fewColors, black

        func png(_ size: PixelSize) -> [UInt8] {
            var noise = Noise(7)
            return switch self {
            case .noise: image(2) { _, _ in (0..<3).map { _ in Int(noise.byte()) } }
            case .greyNoise: image(0) { _, _ in [Int(noise.byte())] }
            case .alphaNoise: image(6) { _, _ in (0..<4).map { _ in Int(noise.byte()) } }
            case .plot:
                image(2) { x, y in
                    let curve = (x * x / 97 + x * 3) % size.height
                    if abs(curve - y) < 3 { return [31, 119, 180] }
                    return x % 50 == 0 || y % 50 == 0 ? [200, 200, 200] : [255, 255, 255]
                }
            case .gradient: image(2) { x, y in [x * 255 / size.width, y * 255 / size.height, (x + y) % 256] }
            case .fewColors: image(2) { x, y in [(x / 7 * 5 + y / 9) % 16 * 16, 80, 80] }
            case .black: image(6) { _, _ in [0, 0, 0, 255] }
            }

            func image(_ colorType: UInt8, _ pixel: (Int, Int) -> [Int]) -> [UInt8] {
                SampleImages.png(
                    width: size.width, height: size.height, colorType: colorType, bitDepth: 8, pixel: pixel)
            }
        }
    }

    /// Another budget is another search over the same pixels, which has nothing new to show to AddressSanitizer.
    private static let budgets = Sanitizer.isWatchingAddresses ? [6_000] : [1_000, 6_000, 50_000]

    @Test(arguments: Kind.allCases, budgets)
    func `the budget and the box are met`(kind: Kind, budget: Int) throws {
        for size in [PixelSize(width: 320, height: 200), PixelSize(width: 150, height: 250)] {
            let image = try admit(kind.png(size), policy: .box(128, 250, budget: budget))
            #expect(image.bytes.count <= budget)
            #expect(min(image.width, image.height) <= 128 && max(image.width, image.height) <= 250)
            #expect((image.originalWidth, image.originalHeight) == (size.width, size.height))
            let bitmap = try image.type == .png ? decodedPNG(image.bytes) : decodedJPEG(image.bytes)
            #expect(bitmap.size == PixelSize(width: image.width, height: image.height))
            if kind == .alphaNoise { #expect(image.type == .png) }
            // What went in does not grow smaller than it must: what fits is a good part of the budget, or the whole box.
            let box = size.fitted(shortSide: 128, longSide: 250)
            #expect(bitmap.size == box || image.bytes.count * 2 > budget)
        }
    }

    @Test func `an image over its bytes only keeps its size`() throws {
        let png = Kind.plot.png(PixelSize(width: 300, height: 200))
        let image = try admit(png, policy: .box(768, 2000, budget: 20_000))
        #expect(png.count > 20_000)
        #expect(image.treatment == .thumbnailed)
        #expect((image.type, image.width, image.height) == (.png, 300, 200))
        #expect(try decodedPNG(image.bytes).reduced() == decodedPNG(png).reduced())
    }

    @Test func `nothing fits a budget of nothing`() {
        for kind in [Kind.noise, .alphaNoise, .black] {
            let png = kind.png(PixelSize(width: 64, height: 64))
            #expect(rejection(png, policy: .box(768, 2000, budget: 40)) == .overBudget(limit: 40))
            #expect(rejection(png, policy: .box(768, 2000, budget: 0)) == .overBudget(limit: 0))
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 16, 17, 255, 256, 257])
    func `few colours make a palette, and it is right`(count: Int) throws {
        let bitmap = Bitmap(61, 47, .rgba) { x, y in
            let color = (x * 3 + y * 61) % count
            return [UInt8(color & 255), UInt8(color >> 8), 7, color % 5 == 1 ? 100 : 255]
        }
        guard case .written(let bytes) = try PNGWriter(limit: 100_000).write(bitmap) else {
            Issue.record("not written")
            return
        }
        #expect(try chunkNames(bytes).contains("PLTE") == (count <= 256))
        let decoded = try decodedPNG(bytes)
        for y in 0..<47 { for x in 0..<61 { #expect(decoded.rgba(x, y) == bitmap[x, y]) } }
    }

    @Test(arguments: [1, 2, 4, 8])
    func `grey needs as few bits as its shades`(depth: Int) throws {
        let step = 255 / (1 << depth - 1)
        let bitmap = Bitmap(37, 5, .rgb) { x, y in
            Array(repeating: UInt8((x + y) % (1 << depth) * step), count: 3)
        }
        guard case .written(let bytes) = try PNGWriter(limit: 100_000).write(bitmap) else {
            Issue.record("not written")
            return
        }
        let header = try PNGChunkList(bytes) { _ in }.header
        #expect((header.colorType, header.bitDepth) == (0, UInt8(depth)))
        #expect(try decodedPNG(bytes) == bitmap.reduced())
    }
}

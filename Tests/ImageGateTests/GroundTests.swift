import TestSupport
import Testing

@testable import ImageGate

/// Dark ink on transparency cannot be seen on a dark page, so it gets a white ground, and other images keep theirs.
struct GroundTests {
    private static let clear = [0, 0, 0, 0]

    private static func png(_ pixel: @escaping (Int, Int) -> [Int]) -> [UInt8] {
        SampleImages.png(width: 24, height: 24, colorType: 6, bitDepth: 8, pixel: pixel)
    }

    /// A small letter, of one colour on another.
    private static func letter(_ ink: [Int], on ground: [Int] = clear) -> [UInt8] {
        png { x, y in (6..<18).contains(x) && (y / 4 == 2 || x / 4 == 2) && (4..<20).contains(y) ? ink : ground }
    }

    private func ground(_ bytes: [UInt8], _ type: ImageType = .png, keeps: Bool = false) throws -> (
        isOnWhite: Bool, corner: [Int]
    ) {
        var policy = ImagePolicy()
        policy.ground = keeps ? .keep : .white
        let image = try admit(bytes, type, policy: policy)
        return (image.isOnWhite, try decodedPNG(image.bytes).rgba(0, 0))
    }

    @Test(arguments: [[0, 0, 0, 255], [38, 38, 38, 255], [51, 51, 51, 255], [0, 0, 128, 255], [0, 0, 0, 160]])
    func `dark ink gets a white ground`(ink: [Int]) throws {
        let (isOnWhite, corner) = try ground(Self.letter(ink))
        #expect(isOnWhite && corner == [255, 255, 255, 255])
        let kept = try ground(Self.letter(ink), keeps: true)
        #expect(!kept.isOnWhite && kept.corner[3] == 0)
    }

    @Test(arguments: [
        letter([255, 255, 255, 255]), letter([255, 220, 0, 255]), letter([200, 30, 30, 255]),
        letter([0, 0, 0, 255], on: [250, 250, 250, 255]), letter([0, 0, 0, 255], on: [30, 30, 30, 255]),
        // A shadow, and nothing at all.
        letter([0, 0, 0, 70]), letter(clear),
        // A dark card with a bright frame, and bright letters beside a dark grid.
        png { x, y in
            guard (2..<22).contains(x), (2..<22).contains(y) else { return clear }
            return (3..<21).contains(x) && (3..<21).contains(y) ? [10, 10, 10, 255] : [240, 240, 240, 255]
        },
        png { x, y in
            if x % 8 == 0 || y % 8 == 0 { return [40, 52, 66, 255] }
            return (x * 7 + y * 5) % 3 == 0 && x < 16 && y < 16 ? [240, 245, 250, 255] : clear
        },
    ])
    func `other images keep their ground`(bytes: [UInt8]) throws {
        let image = try admit(bytes, policy: ImagePolicy())
        #expect(!image.isOnWhite && image.treatment == .passed && image.bytes == bytes)
    }

    /// Rows are searched in words of 64 pixels.
    @Test(arguments: [63, 64, 65, 127, 128, 129, 200])
    func `ink is found in any column`(width: Int) throws {
        for column in [0, 1, 62, 63, 64, 65, 126, 127, 128, width - 2, width - 1] where column < width {
            for ink in [0, 255] {
                let bytes = SampleImages.png(width: width, height: 9, colorType: 6, bitDepth: 8) { x, y in
                    x == column && y % 2 == 0 ? [ink, ink, ink, 255] : Self.clear
                }
                #expect(try ground(bytes).isOnWhite == (ink == 0), "\(column)")
            }
        }
    }

    @Test func `letters count more than the lines of a grid`() throws {
        let plot = Self.png { x, y in
            if x % 8 == 0 || y % 8 == 0 { return [230, 230, 230, 255] }
            return (x * 7 + y * 5) % 3 == 0 && x < 16 && y < 16 ? [0, 0, 0, 255] : Self.clear
        }
        #expect(try ground(plot).isOnWhite)
    }

    @Test func `it holds for every form of an image`() throws {
        let isInk = { (x: Int, y: Int) in x > 3 && x < 9 && y > 3 && y < 9 }
        for (colorType, bitDepth, isInterlaced) in [(6, 16, false), (4, 8, false), (4, 16, true), (6, 8, true)] {
            let white = 1 << bitDepth - 1
            let bytes = SampleImages.png(
                width: 12, height: 12, colorType: UInt8(colorType), bitDepth: bitDepth, isInterlaced: isInterlaced
            ) { x, y in Array(repeating: 0, count: colorType == 6 ? 3 : 1) + [isInk(x, y) ? white : 0] }
            let (isOnWhite, corner) = try ground(bytes)
            #expect(isOnWhite && corner == [255, 255, 255, 255], "\(colorType), \(bitDepth)")
        }
        let colors = SampleImages.pngChunk("PLTE", [0, 0, 0, 9, 9, 9]) + SampleImages.pngChunk("tRNS", [0])
        for isInterlaced in [false, true] {
            let bytes = SampleImages.png(
                width: 12, height: 12, colorType: 3, bitDepth: 1, isInterlaced: isInterlaced, extra: colors
            ) { x, y in [isInk(x, y) ? 1 : 0] }
            #expect(try ground(bytes).corner == [255, 255, 255, 255])
        }
        var gif = SampleGIF()
        gif.palette[1] = [0, 0, 0]
        (gif.width, gif.height) = (8, 6)
        #expect(try ground(gif.bytes, .gif).isOnWhite)
        for content in [
            "<text x='9' y='60' font-size='40'>dark</text>", "<rect y='40' width='100' height='9'/>",
            "<path d='M0 0L100 100' stroke='#333'/>", "<rect width='50' height='100' fill='#222'/>",
        ] {
            let (isOnWhite, corner) = try ground(svg("<g>\(content)</g>"), .svg)
            #expect(isOnWhite && corner[3] == 255, "\(content)")
        }
        let (isOnWhite, _) = try ground(
            svg("<rect width='100' height='100' fill='#eee'/><text y='50'>dark</text>"), .svg)
        #expect(!isOnWhite)
    }

    @Test func `the colours are those that a browser draws on white`() throws {
        let image = try admit(Self.letter([0, 0, 100, 128]), policy: ImagePolicy())
        #expect(try decodedPNG(image.bytes).rgba(9, 9) == [127, 127, 177, 255])
        #expect(try admit(image.bytes, policy: ImagePolicy()).treatment == .passed)
    }
}

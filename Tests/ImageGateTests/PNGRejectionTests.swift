import Testing
import TestSupport

@testable import ImageGate

@Suite(.timeLimit(.minutes(10)))
struct PNGRejectionTests {
    private let small = SampleImages.png(width: 5, height: 4)

    @Test func `every truncation is rejected as one`() {
        #expect(rejection([]) == .empty)
        for count in 1..<small.count {
            #expect(rejection(Array(small.prefix(count))) == .truncated(.png), "\(count) bytes")
        }
    }

    @Test func `every flipped bit is rejected`() {
        // All bits are the signature's, a length's, a name's, data's or a CRC's: none is free.
        for bit in 0..<small.count * 8 {
            var bytes = small
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(rejection(bytes) != nil, "bit \(bit)")
        }
    }

    @Test(arguments: [
        PNGFormat(colorType: 3, bitDepth: 2, isInterlaced: true),
        .init(colorType: 6, bitDepth: 16, isInterlaced: false),
    ])
    func `flipped bits with the right CRC decode within limits or are rejected`(format: PNGFormat) throws {
        let png = format.png(width: 9, height: 7)
        let chunks = try PNGChunkList(png) { _ in }.chunks
        for chunk in chunks {
            for index in chunk.data {
                for bit in 0..<8 {
                    var bytes = png
                    bytes[index] ^= 1 << UInt8(bit)
                    bytes.replaceSubrange(
                        chunk.data.upperBound..<chunk.range.upperBound,
                        with: SampleImages.bigEndian(
                            Int(SampleImages.crc32(Array(bytes[chunk.range.lowerBound + 4..<chunk.data.upperBound])))))
                    guard let image = try? admit(bytes) else { continue }
                    #expect(image.width <= 2000 && image.height <= 2000 && image.bytes.count <= 100_000)
                    // Small enough: averaged, too, without a crash.
                    _ = try? decodedPNG(bytes, to: PixelSize(width: min(image.width, 2), height: 1))
                }
            }
        }
    }

    @Test func `what follows the end is cut off`() throws {
        for tail in [[0], Array("PK\u{3}\u{4}<script>".utf8), small] {
            #expect(try admit(small + tail) == admit(small))
            // Also of an image that is drawn anew.
            let box = ImagePolicy.box(1, 2)
            #expect(try admit(small + tail, policy: box) == admit(small, policy: box))
        }
    }

    @Test func `data after the compressed stream is rejected`() {
        let pixels = SampleImages.zlibStored(Array(repeating: 0, count: 4 * (1 + 4 * 3)))
        let hidden = SampleImages.png(header: SampleImages.header(4, 4), data: pixels + Array("hidden".utf8))
        #expect(isMalformed(rejection(hidden)))
        let extraIDAT =
            SampleImages.pngSignature + SampleImages.pngChunk("IHDR", SampleImages.header(4, 4))
            + SampleImages.pngChunk("IDAT", pixels) + SampleImages.pngChunk("IDAT", Array("hidden".utf8))
            + SampleImages.pngChunk("IEND", [])
        #expect(isMalformed(rejection(extraIDAT)))
    }

    @Test(arguments: [-13, -1, 1, 13])
    func `too few and too many rows are rejected`(difference: Int) {
        let data = SampleImages.zlibStored(Array(repeating: 0, count: 4 * 13 + difference))
        #expect(isMalformed(rejection(SampleImages.png(header: SampleImages.header(4, 4), data: data))))
    }

    @Test(arguments: [false, true], [UInt8(0), 2, 4, 6])
    func `a filter that there is not is rejected in any row`(isInterlaced: Bool, colorType: UInt8) {
        let header = SampleImages.header(5, 3, colorType: colorType, isInterlaced: isInterlaced)
        let channels = PNGFormat(colorType: colorType, bitDepth: 8, isInterlaced: isInterlaced).channels
        let passes = isInterlaced ? PNGReader.Pass.all(of: PixelSize(width: 5, height: 3)).map(\.size) : []
        let widths = isInterlaced ? passes.flatMap { Array(repeating: $0.width, count: $0.height) } : [5, 5, 5]
        for row in widths.indices {
            for (filter, isKnown) in [(UInt8(4), true), (5, false), (255, false)] {
                let rows = widths.enumerated().map {
                    [$0 == row ? filter : 0] + Array(repeating: 9, count: $1 * channels)
                }
                let png = SampleImages.png(header: header, data: SampleImages.zlibStored(Array(rows.joined())))
                #expect((rejection(png) == nil) == isKnown, "row \(row), filter \(filter)")
            }
        }
    }

    @Test(arguments: [(127, 1024), (127, 1025), (1023, 256), (65_535, 2)])
    func `rows end where what is inflated at once does, or elsewhere`(width: Int, height: Int) {
        // At 128 kB, but for the second of these.
        let header = SampleImages.header(width, height, colorType: 0)
        for (difference, isRight) in [(-1, false), (0, true), (1, false), (width + 1, false)] {
            let rows = [UInt8](repeating: 0, count: height * (width + 1) + difference)
            let png = SampleImages.png(header: header, data: SampleImages.zlibStored(rows))
            let policy = ImagePolicy.box(65_535, 65_535, budget: 1 << 20)
            #expect((rejection(png, policy: policy) == nil) == isRight, "\(difference)")
        }
    }

    @Test func `a lie is told by name`() throws {
        let lie = rejection(small, .jpeg)
        #expect(lie == .typeMismatch(claimed: .jpeg, actual: .png))
        #expect(lie?.description == "it says JPEG and is PNG")
        #expect(
            rejection(Array("<svg xmlns='http://www.w3.org/2000/svg'/>".utf8))
                == .typeMismatch(claimed: .png, actual: .svg))
        #expect(rejection(Array("GIF89a".utf8)) == .typeMismatch(claimed: .png, actual: .gif))
        #expect(rejection(Array(repeating: 0, count: 100)) == .unknownType)
    }

    @Test func `a failed CRC names its chunk`() throws {
        let text = SampleImages.png(
            width: 4, height: 4, colorType: 0, bitDepth: 8, extra: SampleImages.pngChunk("tEXt", Array("a\0b".utf8))
        ) { _, _ in [0] }
        for chunk in try PNGChunkList(text, checkHeader: { _ in }).chunks {
            var bytes = text
            bytes[chunk.range.upperBound - 1] ^= 1
            #expect(rejection(bytes)?.description == "PNG chunk \(chunk.name) fails its CRC")
        }
    }

    @Test func `chunks out of order or unknown and critical are rejected`() {
        let header = SampleImages.pngChunk("IHDR", SampleImages.header(1, 1))
        let data = SampleImages.pngChunk("IDAT", SampleImages.zlibStored([0, 1, 2, 3]))
        let end = SampleImages.pngChunk("IEND", [])
        func png(_ chunks: [UInt8]...) -> [UInt8] { SampleImages.pngSignature + chunks.joined() }
        let text = SampleImages.pngChunk("tEXt", Array("k\0v".utf8))
        #expect(rejection(png(header, data, end)) == nil)
        #expect(rejection(png(header, data, text, end)) == nil)
        #expect(isMalformed(rejection(png(data, header, end))))
        #expect(isMalformed(rejection(png(header, header, data, end))))
        #expect(isMalformed(rejection(png(header, end))))
        #expect(isMalformed(rejection(png(header, data, text, data, end))))
        #expect(isMalformed(rejection(png(header, SampleImages.pngChunk("ABCD", []), data, end))))
        #expect(isMalformed(rejection(png(header, data, SampleImages.pngChunk("IEND", [0])))))
        #expect(isMalformed(rejection(png(SampleImages.pngChunk("IHDR", [0]), data, end))))
        #expect(rejection(png(header, data)) == .truncated(.png))
    }

    @Test func `a palette index past the palette is black`() throws {
        let png = SampleImages.png(
            width: 4, height: 1, colorType: 3, bitDepth: 2,
            extra: SampleImages.pngChunk("PLTE", [0, 0, 0, 255, 255, 255])
        ) { x, _ in [x] }
        let pixels = try decodedPNG(png)
        #expect((0..<4).map { pixels.rgba($0, 0)[0] } == [0, 255, 0, 0])
        #expect((0..<4).allSatisfy { pixels.rgba($0, 0)[3] == 255 })
        // Not all viewers agree on that, so it is drawn anew.
        let shown = try decodedPNG(admit(png).bytes)
        #expect((0..<4).allSatisfy { shown.rgba($0, 0) == pixels.rgba($0, 0) })
        #expect(try admit(png).treatment == .thumbnailed)
    }

    @Test func `a bomb is refused by its header`() {
        let bomb = SampleImages.png(
            header: SampleImages.header(60_000, 60_000), data: Array(repeating: 0, count: 1000))
        let refusal = rejection(bomb)
        #expect(refusal == .tooManyPixels(width: 60_000, height: 60_000, limit: 100_000_000))
        #expect(refusal?.description == "60000×60000 pixels, over the limit of 100 megapixels")
        // Even a damaged rest is not looked at.
        #expect(rejection(Array(bomb.prefix(40))) == refusal)
        for (width, height) in [(Int(Int32.max), Int(Int32.max)), (100_000_001, 1), (1, 100_000_001)] {
            let png = SampleImages.png(header: SampleImages.header(width, height), data: [])
            #expect(rejection(png) == .tooManyPixels(width: width, height: height, limit: 100_000_000))
        }
        for (width, height) in [(0, 1), (1, 0), (0, 0), (1 << 31, 1), (1, 0xFFFF_FFFF)] {
            #expect(isMalformed(rejection(SampleImages.png(header: SampleImages.header(width, height), data: []))))
        }
        let wide = SampleImages.png(header: SampleImages.header(1_000_001, 1), data: [])
        #expect(rejection(wide) == .forbidden(.png, what: "a side of over 1000000 pixels"))
    }

    @Test func `limits hold at n and fail at n + 1`() throws {
        var policy = ImagePolicy()
        policy.pixelLimit = 20
        #expect(rejection(small, policy: policy) == nil)
        policy.pixelLimit = 19
        #expect(rejection(small, policy: policy) == .tooManyPixels(width: 5, height: 4, limit: 19))
        policy = ImagePolicy()
        policy.inputByteLimit = small.count
        #expect(rejection(small, policy: policy) == nil)
        policy.inputByteLimit = small.count - 1
        #expect(rejection(small, policy: policy) == .tooManyBytes(count: small.count, limit: small.count - 1))
        policy = ImagePolicy()
        policy.sideLimit = 5
        #expect(rejection(small, policy: policy) == nil)
        policy.sideLimit = 4
        #expect(rejection(small, policy: policy) == .forbidden(.png, what: "a side of over 4 pixels"))
        policy = .box(4, 5)
        #expect(try admit(small, policy: policy).treatment == .passed)
        policy.longSide = 4
        #expect(try admit(small, policy: policy).treatment == .thumbnailed)
        policy = .box(3, 5)
        #expect(try admit(small, policy: policy).treatment == .thumbnailed)
        policy = .box(768, 2000, budget: small.count)
        #expect(try admit(small, policy: policy).treatment == .passed)
        policy.byteBudget -= 1
        let smaller = try admit(small, policy: policy)
        #expect(smaller.treatment == .thumbnailed)
        #expect(smaller.bytes.count < small.count)
    }

    @Test(arguments: [(1, 20_000), (20_000, 1), (1, 1), (2, 3000), (3000, 2)])
    func `very long images are admitted`(width: Int, height: Int) throws {
        let image = try admit(SampleImages.png(width: width, height: height))
        #expect(min(image.width, image.height) >= 1)
        #expect(max(image.width, image.height) == min(2000, max(width, height)))
    }
}

func isMalformed(_ rejection: ImageGateError?) -> Bool {
    guard case .malformed(let type, let why) = rejection else { return false }
    return type != .svg && !why.isEmpty
}

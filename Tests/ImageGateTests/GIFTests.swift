import Testing

@testable import ImageGate

@Suite(.timeLimit(.minutes(10)))
struct GIFTests {
    private func bitmap(_ gif: SampleGIF) throws -> Bitmap { try decodedPNG(try admit(gif.bytes, .gif).bytes) }

    @Test(arguments: 2...8, [false, true])
    func `every width of codes, in rows of both orders`(codeWidth: Int, isInterlaced: Bool) throws {
        var noise = Noise(UInt64(codeWidth))
        let mask = UInt8(1 << codeWidth - 1)
        for (width, height) in [(1, 1), (1, 2), (3, 9), (61, 40)] {
            let pixels = (0..<width * height).map { _ in noise.byte() & mask }
            let gif = SampleGIF.picture(width, height, codeWidth: codeWidth, isInterlaced: isInterlaced) {
                pixels[$1 * width + $0]
            }
            let expected: [UInt8] = pixels.flatMap { gif.palette[Int($0)] + [255] }
            #expect(try bitmap(gif).rgba == expected, "\(width)×\(height)")
        }
    }

    /// 20,000 pixels of noise fill the table several times.
    @Test(arguments: [true, false]) func `a table that is full is cleared or stays`(clearsWhenFull: Bool) throws {
        var noise = Noise(1)
        let pixels = (0..<20_000).map { _ in noise.byte() & 15 }
        let gif = SampleGIF.picture(200, 100, codeWidth: 4, clearsWhenFull: clearsWhenFull) { pixels[$1 * 200 + $0] }
        let expected: [UInt8] = pixels.flatMap { gif.palette[Int($0)] + [255] }
        #expect(try bitmap(gif).rgba == expected)
    }

    @Test func `long runs of one colour refer to themselves`() throws {
        let gif = SampleGIF.picture(500, 300, codeWidth: 2) { _, y in y < 299 ? 1 : 2 }
        let bitmap = try bitmap(gif)
        #expect(bitmap.rgba(499, 298) == gif.palette[1].map { Int($0) } + [255])
        #expect(bitmap.rgba(0, 299) == gif.palette[2].map { Int($0) } + [255])
    }

    @Test func `sub-blocks may be of any size, and a byte more is forgiven`() throws {
        var gif = SampleGIF.picture(40, 30, codeWidth: 5) { x, y in UInt8((x * y) & 31) }
        let expected = try bitmap(gif)
        let codes = LZW(codeWidth: 5).codes((0..<1200).map { UInt8(($0 % 40 * ($0 / 40)) & 31) })
        let bits = LZW.bits(codes)
        for size in [1, 2, 3, 100, 255] {
            gif.frames[0].data = LZW.blocks(bits, of: size)
            #expect(try bitmap(gif) == expected)
            gif.frames[0].data = LZW.blocks(bits + [0], of: size)
            #expect(try bitmap(gif) == expected)
            gif.frames[0].data = LZW.blocks(bits + [0, 0], of: size)
            #expect(rejection(gif.bytes, .gif) == .malformed(.gif, why: "GIF has data after its last pixel"))
        }
    }

    @Test func `a palette of the image's own goes before the screen's`() throws {
        var gif = SampleGIF()
        #expect(try bitmap(gif).rgba(0, 0) == [255, 0, 0, 255])
        gif.frames[0].palette = [[9, 9, 9], [1, 2, 3]]
        #expect(try bitmap(gif).rgba(0, 0) == [1, 2, 3, 255])
        gif.palette = []
        #expect(try bitmap(gif).rgba(0, 0) == [1, 2, 3, 255])
        gif.frames[0].palette = []
        #expect(rejection(gif.bytes, .gif) == .malformed(.gif, why: "GIF has an image without a palette"))
    }

    @Test func `the image has its place on the screen, and the rest is transparent`() throws {
        var gif = SampleGIF(width: 10, height: 8)
        (gif.frames[0].left, gif.frames[0].top) = (6, 5)
        let bitmap = try bitmap(gif)
        #expect(bitmap.size == PixelSize(width: 10, height: 8))
        for (x, y) in [(0, 0), (5, 5), (6, 4), (9, 0), (0, 7)] { #expect(bitmap.rgba(x, y) == [0, 0, 0, 0]) }
        for (x, y) in [(6, 5), (9, 5), (6, 7), (9, 7)] { #expect(bitmap.rgba(x, y) == [255, 0, 0, 255]) }
    }

    @Test func `the screen is as large as its first image needs, as in browsers`() throws {
        var gif = SampleGIF(width: 0, height: 0)
        #expect(try bitmap(gif).size == PixelSize(width: gif.frames[0].width, height: gif.frames[0].height))
        (gif.width, gif.height) = (10, 8)
        for (left, top, width, height) in [(7, 5, 11, 8), (6, 6, 10, 9)] {
            (gif.frames[0].left, gif.frames[0].top) = (left, top)
            let bitmap = try bitmap(gif)
            #expect(bitmap.size == PixelSize(width: width, height: height))
            #expect(bitmap.rgba(width - 1, height - 1) == [255, 0, 0, 255])
        }
        (gif.frames[0].left, gif.frames[0].top) = (65535, 65535)
        #expect(rejection(gif.bytes, .gif) == .tooManyPixels(width: 65539, height: 65538, limit: 100_000_000))
    }

    @Test func `one colour may be transparent, of the next image only`() throws {
        var gif = SampleGIF(frames: [SampleGIF.Frame(transparentIndex: 1)])
        #expect(try bitmap(gif).rgba(0, 0) == [0, 0, 0, 0])
        gif.frames[0].transparentIndex = 2
        #expect(try bitmap(gif).rgba(0, 0) == [255, 0, 0, 255])
        gif.frames = [SampleGIF.Frame(), SampleGIF.Frame(transparentIndex: 1)]
        #expect(try bitmap(gif).rgba(0, 0) == [255, 0, 0, 255])
        #expect(try admit(gif.bytes, .gif).treatment == .firstFrame(of: .gif))
    }

    @Test func `extensions are walked over`() throws {
        let plain = SampleGIF().bytes
        let start = 13 + 12
        let loop = [0x21, 0xFF, 11] + Array("NETSCAPE2.0".utf8) + [3, 1, 0, 0, 0]
        let comment = [0x21, 0xFE] + LZW.blocks(Array(repeating: 0x3B, count: 700))
        for extra in [loop, comment, [0x21, 0x01, 0], [0x21, 0x77, 2, 0x3B, 0x2C, 0]] {
            #expect(try admit(plain[..<start] + extra + plain[start...], .gif) == admit(plain, .gif))
        }
        for control: [UInt8] in [[0x21, 0xF9, 3, 0, 0, 0, 0], [0x21, 0xF9, 4, 0, 0, 0, 0, 1, 0], [0x21, 0xF9, 0]] {
            #expect(
                rejection(plain[..<start] + control + plain[start...], .gif)
                    == .malformed(.gif, why: "GIF has a graphic control of the wrong length"))
        }
    }
}

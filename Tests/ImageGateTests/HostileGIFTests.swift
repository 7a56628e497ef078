import Testing

@testable import ImageGate

/// GIFs that lie about what they have, or are something else besides.
@Suite(.timeLimit(.minutes(10)))
struct HostileGIFTests {
    /// Of 4×3 pixels and four colours, with these codes of 3 bits.
    private func gif(codes: [Int]) -> [UInt8] {
        var gif = SampleGIF()
        gif.frames[0].data = LZW.blocks(LZW.bits(codes.map { ($0, 3) }))
        return gif.bytes
    }

    @Test(arguments: [
        ([4, 1, 7, 5], "GIF has a code out of range"), ([4, 6, 5], "GIF has a code out of range"),
        ([4, 1, 4, 6], "GIF has a code out of range"), ([4, 1, 6, 5], "GIF has too few pixels"),
        ([4, 5], "GIF has too few pixels"), ([5], "GIF has too few pixels"),
        ([4, 1, 1], "GIF has an image that does not end"), ([], "GIF has an image that does not end"),
        ([4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 4, 5], ""),
        ([4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 1, 5], "GIF has too many pixels"),
        ([4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 4, 1, 1, 6, 5], "GIF has too many pixels"),
    ])
    func `codes are checked one by one`(codes: [Int], why: String) {
        #expect(rejection(gif(codes: codes), .gif) == (why.isEmpty ? nil : .malformed(.gif, why: why)))
    }

    @Test func `a pixel past the palette is black`() throws {
        var gif = SampleGIF()
        gif.palette = [[0, 0, 0], [1, 1, 1]]
        #expect(rejection(gif.bytes, .gif) == nil)
        gif.frames[0].data = LZW(codeWidth: 2).packed(Array(repeating: 1, count: 11) + [2])
        let bitmap = try decodedPNG(admit(gif.bytes, .gif).bytes)
        #expect(bitmap.rgba(3, 2) == [0, 0, 0, 255] && bitmap.rgba(0, 0) == [1, 1, 1, 255])
    }

    @Test(arguments: [0, 1, 9, 12, 255]) func `codes of other widths are rejected`(codeWidth: Int) {
        var gif = SampleGIF()
        gif.frames[0].codeWidth = codeWidth
        #expect(
            rejection(gif.bytes, .gif) == .malformed(.gif, why: "GIF has codes of a width that no GIF can have"))
    }

    @Test func `a vast screen in forty bytes is refused by its header`() {
        var gif = SampleGIF(width: 65535, height: 65535)
        (gif.frames[0].width, gif.frames[0].height) = (65535, 65535)
        gif.frames[0].data = LZW.blocks([0x4C, 1])
        #expect(gif.bytes.count <= 45)
        #expect(rejection(gif.bytes, .gif) == .tooManyPixels(width: 65535, height: 65535, limit: 100_000_000))
        // As many as may come, of which there is one: nothing is drawn.
        (gif.width, gif.height, gif.frames[0].width, gif.frames[0].height) = (10_000, 10_000, 10_000, 10_000)
        #expect(rejection(gif.bytes, .gif) == .malformed(.gif, why: "GIF has too few pixels"))
        (gif.width, gif.height) = (0, 0)
        #expect(rejection(gif.bytes, .gif) == .malformed(.gif, why: "GIF has too few pixels"))
        gif.frames[0].width = 65535
        #expect(rejection(gif.bytes, .gif) == .tooManyPixels(width: 65535, height: 10_000, limit: 100_000_000))
        (gif.width, gif.height, gif.frames[0].width) = (10, 10, 0)
        #expect(rejection(gif.bytes, .gif) == .malformed(.gif, why: "GIF has an image without pixels"))
    }

    @Test func `codes that multiply end where the pixels do`() {
        // Each code stands for one pixel more than the one before: eight million pixels in six thousand bytes.
        var codes = [(code: 4, width: 3), (code: 1, width: 3)]
        var width = 3
        for code in 6..<4096 {
            codes.append((code, width))
            if code + 1 == 1 << width, width < 12 { width += 1 }
        }
        var gif = SampleGIF()
        gif.frames[0].data = LZW.blocks(LZW.bits(codes))
        #expect(gif.frames[0].data.count < 6500)
        #expect(rejection(gif.bytes, .gif) == .malformed(.gif, why: "GIF has too many pixels"))
        (gif.width, gif.height, gif.frames[0].width, gif.frames[0].height) = (2000, 9000, 2000, 9000)
        #expect(rejection(gif.bytes, .gif) == .malformed(.gif, why: "GIF has an image that does not end"))
    }

    @Test func `clear codes without end give no pixels`() {
        let codes = Array(repeating: 4, count: 1_000_000)
        #expect(rejection(gif(codes: codes), .gif) == .malformed(.gif, why: "GIF has an image that does not end"))
    }

    @Test func `ten thousand frames are walked over`() throws {
        let gif = SampleGIF(frames: Array(repeating: SampleGIF.Frame(), count: 10_000))
        let bytes = gif.bytes
        let image = try admit(bytes, .gif)
        #expect(image.treatment == .firstFrame(of: .gif))
        #expect(try decodedPNG(image.bytes) == decodedPNG(admit(SampleGIF().bytes, .gif).bytes))
        for count in [1, 2, 10, 100_000] { #expect(rejection(bytes.dropLast(count), .gif) == .truncated(.gif)) }
        #expect(isMalformed(rejection(bytes.dropLast() + [0x77, 0x3B], .gif)))
    }

    @Test func `a GIF without an image is none`() {
        #expect(rejection(SampleGIF(frames: []).bytes, .gif) == .malformed(.gif, why: "GIF has no image"))
    }

    @Test func `a GIF that is a script, too, is only an image afterwards`() throws {
        // The screen's width spells the beginning of a comment: GIF89a/*...*/=1;alert(1)
        let script = Array("*/=1;alert(document.domain);/*".utf8)
        var gif = SampleGIF(width: 0x2A2F, height: 4)
        (gif.frames[0].width, gif.frames[0].height) = (4, 3)
        let plain = gif.bytes
        #expect(plain.starts(with: "GIF89a/*".utf8))
        let comment = [0x21, 0xFE] + LZW.blocks(script)
        let inside = plain[..<25] + comment + plain[25...]
        let image = try admit(Array(inside), .gif)
        #expect(try image == admit(plain, .gif) && image.type == .png)
        #expect(!String(decoding: image.bytes, as: UTF8.self).contains("alert"))
        for tail in [script, Array("*/=alert(1)//".utf8), Array("PK\u{5}\u{6}".utf8)] {
            #expect(try admit(plain + tail, .gif) == image)
        }
        #expect(rejection(Array("GIF89a/*".utf8) + script, .gif) != nil)
    }
}

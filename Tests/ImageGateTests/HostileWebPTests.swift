import Foundation
import Testing

@testable import ImageGate

/// WebPs that lie about what they have, or are something else besides.
@Suite(.timeLimit(.minutes(10)))
struct HostileWebPTests {
    /// The chunks of one lossless pixel and of one lossy pixel, as libwebp writes them.
    private let lossless: [UInt8]
    private let lossy: [UInt8]

    init() async throws {
        func chunk(_ name: String, in lines: [Substring]) throws -> [UInt8] {
            let line = try #require(lines.first { $0.hasPrefix(name + " ") }).split(separator: " ")
            return [UInt8](try #require(Data(base64Encoded: String(line[2])))).dropFirst(12).map { $0 }
        }
        let lines = try await Script.run("stills.py")
        lossless = try chunk("webp-lossless-pixel", in: lines)
        lossy = try chunk("webp-lossy-pixel-60", in: lines)
    }

    @Test func `the forms that there are pass`() throws {
        for image in [lossless, lossy] {
            #expect(try admit(WebP.file(image), .webp).treatment == .converted(from: .webp))
            #expect(try admit(WebP.file(WebP.header(1, 1), image), .webp).treatment == .converted(from: .webp))
            let metadata = WebP.chunk("EXIF", Array("<script>".utf8)) + WebP.chunk("zzzz", [1, 2, 3])
            #expect(
                try admit(WebP.file(WebP.header(1, 1), metadata, image, metadata), .webp)
                    == admit(WebP.file(image), .webp))
            let one = WebP.file(
                WebP.header(1, 1, isAnimated: true), WebP.chunk("ANIM", WebP.number(0, 6)), WebP.frame(0, 0, image))
            #expect(try admit(one, .webp) == admit(WebP.file(image), .webp))
        }
    }

    @Test func `a frame has its place on the canvas, and the rest is transparent`() throws {
        for image in [lossless, lossy] {
            let animation = WebP.header(9, 7, isAnimated: true) + WebP.frame(8, 6, image) + WebP.frame(0, 0, image)
            let admitted = try admit(WebP.file(animation), .webp)
            #expect(admitted.treatment == .firstFrame(of: .webp))
            let bitmap = try decodedPNG(admitted.bytes)
            #expect(bitmap.size == PixelSize(width: 9, height: 7))
            #expect(bitmap.rgba(8, 6)[3] == 255)
            #expect((0..<62).allSatisfy { bitmap.rgba($0 % 9, $0 / 9) == [0, 0, 0, 0] })
            for (left, top) in [(10, 6), (8, 8), (1 << 24, 0)] {
                #expect(
                    rejection(WebP.file(WebP.header(9, 7, isAnimated: true), WebP.frame(left, top, image)), .webp)
                        == .malformed(.webp, why: "WebP has an image of another size than it says"))
            }
        }
    }

    @Test func `sizes that differ are rejected`() {
        let why = ImageGateError.malformed(.webp, why: "WebP has an image of another size than it says")
        for image in [lossless, lossy] {
            #expect(rejection(WebP.file(WebP.header(2, 1), image), .webp) == why)
            #expect(rejection(WebP.file(WebP.header(1, 2), image), .webp) == why)
            #expect(
                rejection(WebP.file(WebP.header(4, 4, isAnimated: true), WebP.frame(0, 0, image, width: 2)), .webp)
                    == why)
        }
    }

    @Test func `a vast canvas in a hundred bytes is refused by its header`() throws {
        for isAnimated in [false, true] {
            let bytes = WebP.file(WebP.header(1 << 24, 1 << 24, isAnimated: isAnimated), WebP.frame(0, 0, lossless))
            #expect(
                rejection(bytes, .webp) == .tooManyPixels(width: 1 << 24, height: 1 << 24, limit: 100_000_000))
        }
        // Lossless: a signature, then 14 bits for each side. No file says how much follows.
        var vast = lossless
        vast.replaceSubrange(9..<12, with: [0xFF, 0xFF, 0xFF])
        vast[12] |= 0x0F
        #expect(rejection(WebP.file(vast), .webp) == .tooManyPixels(width: 16384, height: 16384, limit: 100_000_000))
        // 8192×8192.
        vast.replaceSubrange(9..<12, with: [0xFF, 0xDF, 0xFF])
        vast[12] = vast[12] & 0xF0 | 0x07
        #expect(
            rejection(WebP.file(vast), .webp) == .forbidden(.webp, what: "over 33 megapixels, lossless or transparent"))
        // Lossy: a key frame's start code, then 14 bits for each side.
        var large = lossy
        large.replaceSubrange(14..<18, with: [0x10, 0x27, 0x10, 0x27])
        #expect(isMalformed(rejection(WebP.file(large), .webp)))
    }

    /// It is as large as may be held, too large to be held beside what comes out of it, and one colour all over.
    @Test func `a large image is made smaller while it is decoded`() throws {
        var large = lossless
        // 16384×2048.
        large.replaceSubrange(9..<12, with: [0xFF, 0xFF, 0xFF])
        large[12] = large[12] & 0xF0 | 0x01
        let image = try admit(WebP.file(large), .webp)
        #expect((image.originalWidth, image.originalHeight) == (16384, 2048))
        #expect((image.width, image.height) == (2000, 250))
        let pixel = try decodedPNG(admit(WebP.file(lossless), .webp).bytes).rgba(0, 0)
        let bitmap = try decodedPNG(image.bytes)
        for (x, y) in [(0, 0), (1999, 249), (777, 111)] { #expect(bitmap.rgba(x, y) == pixel) }
    }

    @Test func `chunks have their places`() {
        let alpha = WebP.chunk("ALPH", [0, 255])
        let image = lossy
        let (still, animation) = (WebP.header(1, 1), WebP.header(1, 1, isAnimated: true))
        let wrong: [[[UInt8]]] = [
            [], [still], [WebP.chunk("EXIF", []), image], [image, image], [image, still], [still, still, image],
            [still, image, image], [alpha, image], [still, alpha], [still, alpha, alpha, image],
            [still, alpha, lossless], [still, alpha, WebP.chunk("zzzz", []), image], [still, WebP.frame(0, 0, image)],
            [animation, image], [animation], [animation, WebP.frame(0, 0, [])], [animation, WebP.chunk("ANMF", [])],
            [animation, WebP.frame(0, 0, image + image)], [animation, WebP.frame(0, 0, WebP.frame(0, 0, image))],
            [WebP.chunk("VP8X", []), image], [still, WebP.file(image)], [WebP.chunk("VP8 ", WebP.file(image))],
            [WebP.chunk("VP8L", [])],
        ]
        for chunks in wrong {
            let bytes = WebP.file(Array(chunks.joined()))
            #expect(isMalformed(rejection(bytes, .webp)), "\(bytes)")
        }
        #expect(rejection(WebP.file(WebP.header(1, 1), alpha, image), .webp) == nil)
    }

    @Test func `lengths are exact`() {
        let whole = WebP.file(lossless)
        for (at, name) in [(4, "file"), (16, "chunk")] {
            for difference in [-8, -4, -2, -1, 1, 2, 4, 1 << 20, -(1 << 20)] {
                var bytes = whole
                let count = bytes[at..<at + 4].reversed().reduce(0) { $0 << 8 | Int($1) } + difference
                bytes.replaceSubrange(at..<at + 4, with: WebP.number(count, 4))
                #expect(rejection(bytes, .webp) != nil, "\(name) \(difference)")
            }
        }
    }

    @Test func `an animation with a bit flipped is another one or rejected, and cut it is rejected`() throws {
        let exif = WebP.chunk("EXIF", Array(JPEGTests.exif(6, isLittleEndian: false).dropFirst(6)))
        let whole = WebP.file(
            WebP.header(3, 3, isAnimated: true, hasExif: true), WebP.chunk("ANIM", WebP.number(0, 6)),
            WebP.frame(2, 0, lossless), WebP.frame(0, 2, lossy), exif)
        #expect(try admit(whole, .webp).treatment == .firstFrame(of: .webp))
        for count in 0..<whole.count { #expect(rejection(Array(whole[..<count]), .webp) != nil, "\(count) bytes") }
        var policy = ImagePolicy()
        policy.pixelLimit = 1 << 12
        var admitted = 0
        for bit in 0..<whole.count * 8 {
            var flipped = whole
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let image = try? admit(flipped, .webp, policy: policy) else { continue }
            admitted += 1
            #expect(image.originalWidth * image.originalHeight <= policy.pixelLimit && image.type == .png)
        }
        #expect(admitted > 100)
    }

    @Test func `ten thousand frames are walked over`() throws {
        let frames = (0..<10_000).flatMap { _ in WebP.frame(0, 0, lossless) }
        let image = try admit(WebP.file(WebP.header(1, 1, isAnimated: true), frames), .webp)
        #expect(image.treatment == .firstFrame(of: .webp))
    }
}

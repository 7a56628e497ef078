import Foundation
import Testing

@testable import ImageGate

/// WebPs that lie about what they have, or are something else besides.
@Suite(.timeLimit(.minutes(5)))
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

    private func number(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private func chunk(_ name: String, _ payload: [UInt8]) -> [UInt8] {
        Array(name.utf8) + number(payload.count, 4) + payload + (payload.count.isMultiple(of: 2) ? [] : [0])
    }

    private func file(_ chunks: [UInt8]...) -> [UInt8] {
        let body = chunks.flatMap { $0 }
        return Array("RIFF".utf8) + number(4 + body.count, 4) + Array("WEBP".utf8) + body
    }

    private func header(_ width: Int, _ height: Int, isAnimated: Bool = false) -> [UInt8] {
        chunk("VP8X", [isAnimated ? 2 : 0, 0, 0, 0] + number(width - 1, 3) + number(height - 1, 3))
    }

    private func frame(_ left: Int, _ top: Int, _ image: [UInt8], width: Int = 1) -> [UInt8] {
        let place = number(left / 2, 3) + number(top / 2, 3) + number(width - 1, 3) + number(0, 3)
        return chunk("ANMF", place + [0, 0, 0, 0] + image)
    }

    @Test func `the forms that there are pass`() throws {
        for image in [lossless, lossy] {
            #expect(try admit(file(image), .webp).treatment == .converted(from: .webp))
            #expect(try admit(file(header(1, 1), image), .webp).treatment == .converted(from: .webp))
            let metadata = chunk("EXIF", Array("<script>".utf8)) + chunk("zzzz", [1, 2, 3])
            #expect(try admit(file(header(1, 1), metadata, image, metadata), .webp) == admit(file(image), .webp))
            let one = file(header(1, 1, isAnimated: true), chunk("ANIM", number(0, 6)), frame(0, 0, image))
            #expect(try admit(one, .webp) == admit(file(image), .webp))
        }
    }

    @Test func `a frame has its place on the canvas, and the rest is transparent`() throws {
        for image in [lossless, lossy] {
            let animation = header(9, 7, isAnimated: true) + frame(8, 6, image) + frame(0, 0, image)
            let admitted = try admit(file(animation), .webp)
            #expect(admitted.treatment == .firstFrame(of: .webp))
            let bitmap = try decodedPNG(admitted.bytes)
            #expect(bitmap.size == PixelSize(width: 9, height: 7))
            #expect(bitmap.rgba(8, 6)[3] == 255)
            #expect((0..<62).allSatisfy { bitmap.rgba($0 % 9, $0 / 9) == [0, 0, 0, 0] })
            for (left, top) in [(10, 6), (8, 8), (1 << 24, 0)] {
                #expect(
                    rejection(file(header(9, 7, isAnimated: true), frame(left, top, image)), .webp)
                        == .malformed(.webp, why: "WebP has an image of another size than it says"))
            }
        }
    }

    @Test func `sizes that differ are rejected`() {
        let why = ImageRejection.malformed(.webp, why: "WebP has an image of another size than it says")
        for image in [lossless, lossy] {
            #expect(rejection(file(header(2, 1), image), .webp) == why)
            #expect(rejection(file(header(1, 2), image), .webp) == why)
            #expect(rejection(file(header(4, 4, isAnimated: true), frame(0, 0, image, width: 2)), .webp) == why)
        }
    }

    @Test func `a vast canvas in a hundred bytes is refused by its header`() throws {
        for isAnimated in [false, true] {
            let bytes = file(header(1 << 24, 1 << 24, isAnimated: isAnimated), frame(0, 0, lossless))
            #expect(
                rejection(bytes, .webp) == .tooManyPixels(width: 1 << 24, height: 1 << 24, limit: 100_000_000))
        }
        // Lossless: a signature, then 14 bits for each side. No file says how much follows.
        var vast = lossless
        vast.replaceSubrange(9..<12, with: [0xFF, 0xFF, 0xFF])
        vast[12] |= 0x0F
        #expect(rejection(file(vast), .webp) == .tooManyPixels(width: 16384, height: 16384, limit: 100_000_000))
        // 8192×8192.
        vast.replaceSubrange(9..<12, with: [0xFF, 0xDF, 0xFF])
        vast[12] = vast[12] & 0xF0 | 0x07
        #expect(rejection(file(vast), .webp) == .forbidden(.webp, what: "lossless pixels, too many to hold"))
        // Lossy: a key frame's start code, then 14 bits for each side.
        var large = lossy
        large.replaceSubrange(14..<18, with: [0x10, 0x27, 0x10, 0x27])
        #expect(isMalformed(rejection(file(large), .webp)))
    }

    /// It is as large as may be held, too large to be held beside what comes out of it, and one colour all over.
    @Test func `a large image is made smaller while it is decoded`() throws {
        var large = lossless
        // 16384×2048.
        large.replaceSubrange(9..<12, with: [0xFF, 0xFF, 0xFF])
        large[12] = large[12] & 0xF0 | 0x01
        let image = try admit(file(large), .webp)
        #expect((image.originalWidth, image.originalHeight) == (16384, 2048))
        #expect((image.width, image.height) == (2000, 250))
        let pixel = try decodedPNG(admit(file(lossless), .webp).bytes).rgba(0, 0)
        let bitmap = try decodedPNG(image.bytes)
        for (x, y) in [(0, 0), (1999, 249), (777, 111)] { #expect(bitmap.rgba(x, y) == pixel) }
    }

    @Test func `chunks have their places`() {
        let alpha = chunk("ALPH", [0, 255])
        let image = lossy
        let (still, animation) = (header(1, 1), header(1, 1, isAnimated: true))
        let wrong: [[[UInt8]]] = [
            [], [still], [chunk("EXIF", []), image], [image, image], [image, still], [still, still, image],
            [still, image, image], [alpha, image], [still, alpha], [still, alpha, alpha, image],
            [still, alpha, lossless], [still, alpha, chunk("zzzz", []), image], [still, frame(0, 0, image)],
            [animation, image], [animation], [animation, frame(0, 0, [])], [animation, chunk("ANMF", [])],
            [animation, frame(0, 0, image + image)], [animation, frame(0, 0, frame(0, 0, image))],
            [chunk("VP8X", []), image], [still, file(image)], [chunk("VP8 ", file(image))], [chunk("VP8L", [])],
        ]
        for chunks in wrong {
            let bytes = file(Array(chunks.joined()))
            #expect(isMalformed(rejection(bytes, .webp)), "\(bytes)")
        }
        #expect(rejection(file(header(1, 1), alpha, image), .webp) == nil)
    }

    @Test func `lengths are exact`() {
        let whole = file(lossless)
        for (at, name) in [(4, "file"), (16, "chunk")] {
            for difference in [-8, -4, -2, -1, 1, 2, 4, 1 << 20, -(1 << 20)] {
                var bytes = whole
                let count = bytes[at..<at + 4].reversed().reduce(0) { $0 << 8 | Int($1) } + difference
                bytes.replaceSubrange(at..<at + 4, with: number(count, 4))
                #expect(rejection(bytes, .webp) != nil, "\(name) \(difference)")
            }
        }
    }

    @Test func `ten thousand frames are walked over`() throws {
        let frames = (0..<10_000).flatMap { _ in frame(0, 0, lossless) }
        let image = try admit(file(header(1, 1, isAnimated: true), frames), .webp)
        #expect(image.treatment == .firstFrame(of: .webp))
    }
}

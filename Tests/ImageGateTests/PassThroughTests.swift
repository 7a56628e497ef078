import Testing
import TestSupport

@testable import ImageGate

@Suite(.timeLimit(.minutes(10)))
struct PassThroughTests {
    @Test func `only the chunks that show are kept`() throws {
        let kept: [(String, [UInt8])] = [
            ("gAMA", SampleImages.bigEndian(45455)), ("cHRM", Array(repeating: 1, count: 32)),
            ("pHYs", Array(repeating: 1, count: 9)),
        ]
        let dropped: [(String, [UInt8])] = [
            ("tEXt", Array("Author\0somebody".utf8)), ("eXIf", Array("MM\0*secret".utf8)),
            ("tIME", [7, 230, 1, 1, 1, 1, 1]),
            ("zTXt", Array("k\0\0broken".utf8)), ("iTXt", Array("k\0\0\0\0\0v".utf8)),
            ("acTL", Array(repeating: 0, count: 8)),
            ("prVt", Array("private".utf8)), ("gAMA", SampleImages.bigEndian(1)), ("sRGB", [0, 0]),
            ("iCCP", Array(repeating: 7, count: 5000)),
        ]
        let extra = (kept + dropped).flatMap { SampleImages.pngChunk($0.0, $0.1) }
        let png = SampleImages.png(width: 6, height: 5, colorType: 0, bitDepth: 8, extra: extra) { x, y in [x * y] }
        let image = try admit(png)
        #expect(image.treatment == .passed)
        #expect(try chunkNames(image.bytes) == ["IHDR", "gAMA", "cHRM", "pHYs", "IDAT", "IEND"])
        #expect(try decodedPNG(image.bytes) == decodedPNG(png))
        for secret in ["somebody", "secret", "private"] {
            #expect(!String(decoding: image.bytes, as: UTF8.self).contains(secret))
        }
    }

    /// A header and no tags.
    private func profile(space: String, count: Int = 200) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        bytes.replaceSubrange(0..<4, with: SampleImages.bigEndian(count))
        bytes.replaceSubrange(16..<20, with: space.utf8)
        bytes.replaceSubrange(36..<40, with: "acsp".utf8)
        return bytes
    }

    @Test func `a profile is kept if it is small, whole and fits the pixels`() throws {
        func isKept(_ data: [UInt8]) throws -> Bool {
            let png = SampleImages.png(
                width: 2, height: 2, colorType: 2, bitDepth: 8, extra: SampleImages.pngChunk("iCCP", data)
            ) { _, _ in [1, 2, 3] }
            return try chunkNames(admit(png).bytes).contains("iCCP")
        }
        let name = Array("display\0\0".utf8)
        let compressed = SampleImages.zlibStored(profile(space: "RGB "))
        #expect(try isKept(name + compressed))
        #expect(try !isKept(name + SampleImages.zlibStored(profile(space: "GRAY"))))
        #expect(try !isKept(name + SampleImages.zlibStored(profile(space: "RGB ", count: 9000))))
        #expect(try !isKept(name + SampleImages.zlibStored(Array(profile(space: "RGB ").dropLast()))))
        #expect(try !isKept(name + compressed + Array("hidden".utf8)))
        #expect(try !isKept(name + compressed.dropLast()))
        #expect(try !isKept(Array("display\0\u{1}".utf8) + compressed))
        #expect(try !isKept(Array(repeating: 65, count: 90) + compressed))
        for count in 0..<12 { #expect(try !isKept(Array((name + compressed).prefix(count)))) }
    }

    @Test func `a JPEG keeps its profile on the same terms`() throws {
        let plain = jpeg(Bitmap(8, 8, .rgb) { _, _ in [9, 9, 9] })
        let prefix = Array("ICC_PROFILE\0\u{1}\u{1}".utf8)
        let good = inserting(0xE2, prefix + profile(space: "RGB "), into: plain)
        #expect(try admit(good, .jpeg).bytes == good)
        for bad in [profile(space: "CMYK"), profile(space: "RGB ", count: 9000), profile(space: "RGB ") + [0], []] {
            #expect(try admit(inserting(0xE2, prefix + bad, into: plain), .jpeg).bytes == plain)
        }
    }

    @Test func `the byte budget counts what is left after stripping`() throws {
        let padding = SampleImages.pngChunk("tEXt", Array("k\0".utf8) + Array(repeating: 120, count: 50_000))
        let png = SampleImages.png(width: 6, height: 5, colorType: 0, bitDepth: 8, extra: padding) { x, _ in [x] }
        let image = try admit(png, policy: .box(768, 2000, budget: 1000))
        #expect(image.treatment == .passed)
        #expect(image.bytes.count < 1000)
    }

    @Test func `a JPEG keeps its pixels and loses its metadata`() throws {
        let plain = jpeg(Bitmap(40, 30, .rgb) { x, y in [UInt8(x * 6), UInt8(y * 8), 90] })
        var bytes = inserting(0xFE, Array("a comment".utf8), into: plain)
        bytes = inserting(0xED, Array("Photoshop 3.0\0place".utf8), into: bytes)
        bytes = inserting(0xE1, Array("http://ns.adobe.com/xap/1.0/\0author".utf8), into: bytes)
        let image = try admit(bytes, .jpeg)
        #expect(image.treatment == .passed)
        #expect(image.bytes == plain)
    }
}

import CImage
import Foundation
import Testing
import TestSupport

@testable import ImageGate

/// PNGs whose chunks are whole and lie.
@Suite(.timeLimit(.minutes(10)))
struct HostilePNGTests {
    private static let rows = SampleImages.zlibStored(
        (0..<4).flatMap { row in [0] + (0..<4).map { UInt8($0 + row) & 3 } })
    private let end = SampleImages.pngChunk("IEND", [])
    private let data = SampleImages.pngChunk("IDAT", rows)

    private func chunk(_ name: String, _ count: Int, _ byte: UInt8 = 0) -> [UInt8] {
        SampleImages.pngChunk(name, Array(repeating: byte, count: count))
    }

    /// 4×4 of one byte for each pixel.
    private func header(_ colorType: UInt8) -> [UInt8] {
        SampleImages.pngSignature + SampleImages.pngChunk("IHDR", SampleImages.header(4, 4, colorType: colorType))
    }

    /// Rejected, or what leaves shows what came, for another decoder as well.
    private func check(_ images: [(name: String, bytes: [UInt8])]) async throws {
        let admitted = images.compactMap { image in
            (try? admit(image.bytes)).map { (name: image.name, came: image.bytes, left: $0) }
        }
        let before = try await Reference.decode(admitted.map(\.came))
        let after = try await Reference.decode(admitted.map(\.left.bytes))
        for (image, (before, after)) in zip(admitted, zip(before, after)) {
            let decoded = try decodedPNG(image.came)
            let left = try decodedPNG(image.left.bytes)
            if image.left.treatment == .passed {
                #expect(left == decoded, "\(image.name)")
                #expect(after == before, "\(image.name)")
            } else {
                // Of an index past the palette not all decoders think the same, so such an image is drawn anew.
                #expect(left.rgba == decoded.rgba, "\(image.name)")
            }
            let seen = try #require(after, "\(image.name)")
            #expect(decoded.rgba.isNear(seen.rgba, tolerance: 0), "\(image.name)")
        }
    }

    /// Chunks that shape the pixels, of every count from none to too many, in every place, once and twice.
    @Test(arguments: [0, 3] as [UInt8], ["PLTE", "tRNS"])
    func `palettes and transparency lie in vain`(colorType: UInt8, name: String) async throws {
        let counts = [0, 1, 2, 3, 4, 5, 6, 7, 9, 12, 255, 256, 257, 768, 769, 771, 5000]
        var images: [(String, [UInt8])] = []
        let palette = colorType == 3 ? SampleImages.pngChunk("PLTE", (0..<12).map { UInt8($0 * 20) }) : []
        for count in counts {
            let chunk = chunk(name, count, 2)
            let body = [palette, data]
            for place in 0...2 {
                var parts = body
                parts.insert(chunk, at: place)
                images.append(("\(count) at \(place)", header(colorType) + parts.joined() + end))
                parts.insert(chunk, at: place)
                images.append(("\(count) twice at \(place)", header(colorType) + parts.joined() + end))
            }
            if name == "PLTE" { images.append(("only \(count)", header(colorType) + chunk + data + end)) }
        }
        try await check(images)
    }

    @Test func `every ancillary chunk of every length is harmless`() async throws {
        var images: [(String, [UInt8])] = []
        let names = [
            "gAMA", "cHRM", "sRGB", "iCCP", "sBIT", "bKGD", "hIST", "pHYs", "sPLT", "tIME", "tEXt", "zTXt", "iTXt",
            "eXIf",
            "oFFs", "pCAL", "sCAL", "sTER", "acTL", "fcTL", "fdAT", "cICP", "mDCV", "cLLI", "vpAg", "abCd",
        ]
        for name in names {
            for count in [0, 1, 3, 4, 5, 8, 9, 26, 32, 33, 100] {
                for byte in [0, 0xFF] as [UInt8] {
                    let chunk = chunk(name, count, byte)
                    images.append(("\(name) \(count)", header(0) + chunk + data + end))
                    images.append(("\(name) \(count) late", header(0) + data + chunk + end))
                    images.append(("\(name) \(count) twice", header(0) + chunk + chunk + data + chunk + end))
                }
            }
        }
        // Gamma of another kind is shown by us and not by the reference, and the reference trips over what we leave out.
        let admitted = images.filter { (try? admit($0.1)) != nil }
        #expect(admitted.count == images.count)
        for (name, bytes) in images {
            let left = try admit(bytes).bytes
            #expect(try decodedPNG(left) == decodedPNG(bytes), "\(name)")
            #expect(
                try Set(chunkNames(left)).isSubset(of: ["IHDR", "gAMA", "cHRM", "sRGB", "pHYs", "IDAT", "IEND"]),
                "\(name)")
        }
    }

    @Test func `lengths that lead elsewhere are rejected`() throws {
        let png = header(0) + data + end
        for chunk in try PNGChunkList(png, checkHeader: { _ in }).chunks {
            for length in [0, 1, 12, 13, 14, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFF4, 0xFFFF_FFFF]
            where length != chunk.data.count {
                var bytes = png
                let start = chunk.range.lowerBound
                bytes.replaceSubrange(start..<start + 4, with: SampleImages.bigEndian(length))
                #expect(rejection(bytes) != nil, "\(chunk.name) \(length)")
            }
        }
    }

    @Test func `every order of the chunks is right or rejected`() {
        let parts = [
            chunk("gAMA", 4, 1), data, end, SampleImages.pngChunk("IHDR", SampleImages.header(4, 4, colorType: 0)),
        ]
        func orders(_ rest: [[UInt8]]) -> [[[UInt8]]] {
            guard rest.count > 1 else { return [rest] }
            return rest.indices.flatMap { first in
                var others = rest
                let part = others.remove(at: first)
                return orders(others).map { [part] + $0 }
            }
        }
        let admitted = orders(parts).filter { rejection(SampleImages.pngSignature + $0.joined()) == nil }
        // gAMA before or after the data, or after the end.
        #expect(admitted.count == 3)
    }

    @Test func `chunks without end are refused`() throws {
        let many = Array(repeating: chunk("tEXt", 0), count: 70_000).joined()
        #expect(rejection(header(0) + many + data + end) == .malformed(.png, why: "PNG has over 65536 chunks"))
        // The first one counts, and it is none.
        let profile = SampleImages.pngChunk("iCCP", Array("a\0\0".utf8) + deflated(zeros: 8192))
        let profiles = Array(repeating: profile, count: 60_000).joined()
        #expect(try admit(header(0) + profiles + data + end).bytes == header(0) + data + end)
    }

    @Test func `what inflates inside a chunk stays small`() throws {
        let bomb = deflated(zeros: 100 << 20)
        #expect(bomb.count < 200 << 10)
        for (name, prefix) in [("zTXt", "k\0\0"), ("iTXt", "k\0\u{1}\0\0\0"), ("iCCP", "k\0\0")] {
            let chunk = SampleImages.pngChunk(name, Array(prefix.utf8) + bomb)
            let image = try admit(header(0) + chunk + data + chunk + end)
            #expect(image.bytes == header(0) + data + end)
        }
        // All of the data of a small image; the rest is what the header does not promise.
        let whole = header(0) + SampleImages.pngChunk("IDAT", bomb) + end
        #expect(isMalformed(rejection(whole)))
        let pieces = stride(from: 0, to: bomb.count, by: 1000).flatMap { start in
            SampleImages.pngChunk("IDAT", Array(bomb[start..<min(start + 1000, bomb.count)]))
        }
        #expect(isMalformed(rejection(header(0) + pieces + end)))
        // What follows the last row begins with empty blocks, in a chunk of their own.
        let blocks = Self.rows.dropFirst(2).dropLast(4)
        let open: [UInt8] = [0x78, 0x01, 0] + blocks.dropFirst()
        let empty = Array(repeating: [0, 0, 0, 0xFF, 0xFF] as [UInt8], count: 4000).flatMap { $0 }
        let tail = [open, empty, Array(bomb.dropFirst(2))].flatMap { SampleImages.pngChunk("IDAT", $0) }
        #expect(isMalformed(rejection(header(0) + tail + end)))
    }

    @Test func `a PNG that is something else, too, is only a PNG afterwards`() throws {
        let plain = header(0) + data + end
        let archive = Array("PK\u{3}\u{4}".utf8) + Array(repeating: 7, count: 50) + Array("PK\u{5}\u{6}".utf8)
        for name in ["tEXt", "zzZz", "iCCP", "eXIf"] {
            let carried = SampleImages.pngChunk(name, archive)
            #expect(try admit(header(0) + carried + data + end).bytes == plain)
        }
        #expect(try admit(plain + archive).bytes == plain)
        for other in ["%PDF-1.7\n", "<!DOCTYPE html><html>", "BM", "RIFF\0\0\0\0WAVE", "\u{0}\u{0}\u{1}\u{0}"] {
            #expect(rejection(Array(other.utf8) + plain) == .unknownType)
        }
        for (other, type) in [("GIF89a/*", ImageType.gif), ("RIFF\0\0\0\0WEBPVP8 ", .webp)] {
            #expect(rejection(Array(other.utf8) + plain) == .typeMismatch(claimed: .png, actual: type))
        }
        // A page that shows a drawing is no drawing.
        let page = Array("<html><body><svg xmlns='http://www.w3.org/2000/svg'/><script>x()</script></body></html>".utf8)
        #expect(rejection(page, .svg) == .malformed(.svg, why: "the root element is not svg"))
    }

    /// A zlib stream of zeros, in kilobytes.
    private func deflated(zeros count: Int) -> [UInt8] {
        // One run of zeros as PNG's own encoder makes it, without the filters' bytes: a row of that many pixels.
        var facts = (count: 0, rows: UInt32(0))
        var out = [UInt8](repeating: 0, count: count / 500 + 4096)
        let pixels = [UInt8](repeating: 0, count: count)
        let status = pixels.withUnsafeBufferPointer { pixels in
            pixels.baseAddress.map { base in
                var picture = cimage_png_picture(
                    pixels: base, width: 1024, height: UInt32(count / 1024), channels: 1, bit_depth: 8, palette: nil,
                    palette_count: 0, filter: .none, level: 9)
                return cimage_png_write(&picture, &out, out.count, &facts.count, &facts.rows)
            }
        }
        precondition(status == .ok)
        let chunks = try? PNGChunkList(Array(out[..<facts.count])) { _ throws(ImageGateError) in }
        return (chunks?.chunks ?? []).filter { $0.name == "IDAT" }.flatMap { out[$0.data] }
    }
}

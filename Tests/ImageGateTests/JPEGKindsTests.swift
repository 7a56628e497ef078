import CTurboJPEG
import Foundation
import Testing
import TestSupport

@testable import ImageGate

/// Kinds of JPEG: those that viewers show have the right pixels, the others are refused with the reason.
@Suite(.timeLimit(.minutes(10)))
struct JPEGKindsTests {
    private static let picture = Bitmap(40, 24, .rgb) { x, y in [UInt8(x * 6), UInt8(y * 10), UInt8((x + y) * 4)] }

    @Test func `what Pillow makes looks as Pillow sees it`() async throws {
        let images = try await Script.run("jpegs.py").map { line -> (name: String, bytes: [UInt8]) in
            let fields = line.split(separator: " ")
            return (String(fields[0]), [UInt8](try #require(Data(base64Encoded: String(fields[1])))))
        }
        let references = try await Reference.decode(images.map(\.bytes))
        #expect(images.count == 30)
        for (image, reference) in zip(images, references) {
            let reference = try #require(reference, "\(image.name)")
            #expect(try decodedJPEG(image.bytes).rgba.isNear(reference.rgba, tolerance: 1), "\(image.name)")
            let admitted = try admit(image.bytes, .jpeg)
            let isInk = image.name.hasPrefix("ink")
            #expect(admitted.treatment == (isInk ? .thumbnailed : .passed), "\(image.name)")
            let shown = try decodedJPEG(admitted.bytes)
            #expect(shown.rgba.isNear(reference.rgba, tolerance: isInk ? 12 : 1), "\(image.name)")
            // An eighth, a quarter, a half: what the decoder leaves is averaged to the box.
            for side in [3, 6, 12] {
                let small = try admit(image.bytes, .jpeg, policy: .box(side, 99))
                #expect(min(small.width, small.height) == side && small.originalWidth == 53, "\(image.name)")
            }
        }
    }

    /// Four components, with what Adobe's marker says of them: 0 is CMYK, 2 is YCCK.
    @Test(arguments: [0, 2] as [UInt8]) func `ink is inverted where Adobe's marker is`(transform: UInt8) throws {
        let ink = Array(repeating: [40, 90, 200, 230] as [UInt8], count: 256).flatMap { $0 }
        var bytes = turboJPEG(ink, PixelSize(width: 16, height: 16), TJPF_CMYK, TJSAMP_444, 100, 0)
        let marker = try #require(try JPEGSegments(bytes) { _ in }.segments.first { $0.marker == 0xEE })
        #expect(bytes[marker.payload.upperBound - 1] == 2)
        bytes[marker.payload.upperBound - 1] = transform
        var expected = [40 * 230 / 255, 90 * 230 / 255, 200 * 230 / 255]
        if transform == 0 {
            // The stored luminance and chrominance, taken for inks.
            let (red, green, blue) = (255 - 40.0, 255 - 90.0, 255 - 200.0)
            let stored = [
                0.299 * red + 0.587 * green + 0.114 * blue, 128 - 0.168736 * red - 0.331264 * green + 0.5 * blue,
                128 + 0.5 * red - 0.418688 * green - 0.081312 * blue,
            ]
            expected = stored.map { Int($0 * 230 / 255) }
        }
        let seen = try decodedJPEG(bytes)[5, 5]
        #expect(zip(seen, expected).allSatisfy { abs($0 - $1) <= 3 }, "\(seen) \(expected)")
        // Browsers take the samples as inverted without the marker as well, but then for inks in any case.
        bytes.removeSubrange(marker.range)
        #expect(try (decodedJPEG(bytes)[5, 5] == seen) == (transform == 0))
        #expect(try admit(bytes, .jpeg).treatment == .thumbnailed)
    }

    @Test(arguments: [TJSAMP_444, TJSAMP_422, TJSAMP_420, TJSAMP_440, TJSAMP_411].map(\.rawValue), [false, true])
    func `every subsampling passes`(subsampling: UInt32, isProgressive: Bool) throws {
        let flags = isProgressive ? TJFLAG_PROGRESSIVE : 0
        let bytes = turboJPEG(
            Self.picture.samples, Self.picture.size, TJPF_RGB, TJSAMP(rawValue: subsampling), 90, flags)
        #expect(try admit(bytes, .jpeg).bytes == bytes)
        let seen = try decodedJPEG(bytes)
        #expect(zip(seen.samples, Self.picture.samples).allSatisfy { abs(Int($0) - Int($1)) < 60 })
    }

    @Test func `kinds of subsampling without a name are shown`() throws {
        // Of one colour, so that the blocks are the same in any order.
        let flat = Bitmap(96, 96, .rgb) { _, _ in [40, 120, 200] }
        let bytes = turboJPEG(flat.samples, flat.size, TJPF_RGB, TJSAMP_444, 90, 0)
        let frame = try #require(try JPEGSegments(bytes) { _ in }.segments.first { $0.marker == 0xC0 })
        for factors in [[0x13, 0x11, 0x11], [0x22, 0x12, 0x21], [0x22, 0x21, 0x11], [0x31, 0x11, 0x11]] as [[UInt8]] {
            var odd = bytes
            for (index, factor) in factors.enumerated() { odd[frame.payload.lowerBound + 7 + 3 * index] = factor }
            // The data is too short or too long for such blocks, so only what the header says is looked at here.
            if case .malformed(_, let why)? = rejection(odd, .jpeg) { #expect(!why.contains("subsampling"), "\(why)") }
        }
    }

    @Test func `Adobe's marker keeps its meaning in any length`() throws {
        // Red, green and blue as they are, which only the marker tells.
        let bytes = jpeg(Self.picture)
        let adobe: [UInt8] = Array("Adobe".utf8) + [0, 100, 0, 0, 0, 0, 0]
        let segments = try JPEGSegments(bytes) { _ in }.segments
        var plain = bytes
        if let jfif = segments.first(where: { $0.marker == 0xE0 }) { plain.removeSubrange(jfif.range) }
        let marked = inserting(0xEE, adobe, into: plain)
        let image = try admit(marked, .jpeg)
        #expect(image.bytes == marked)
        let longer = inserting(0xEE, adobe + Array("more".utf8), into: plain)
        #expect(try admit(longer, .jpeg).bytes == marked)
        #expect(try decodedJPEG(admit(longer, .jpeg).bytes) == decodedJPEG(longer))
    }

    /// Blocks that were encoded alone, one after each restart: every one has its own grey.
    @Test func `restarts begin anew`() throws {
        let greys: [UInt8] = [10, 240, 90, 128, 200, 33, 77, 160, 250, 5]
        let alone = greys.map { grey in jpeg(Bitmap(8, 8, .grey) { _, _ in [grey] }) }
        let segments = try JPEGSegments(alone[0]) { _ in }.segments
        let scan = try #require(segments.first { $0.marker == 0xDA })
        var bytes = alone[0][..<scan.payload.upperBound]
        let frame = try #require(segments.first { $0.marker == 0xC0 })
        bytes[frame.payload.lowerBound + 4] = UInt8(8 * greys.count)
        bytes.insert(contentsOf: [0xFF, 0xDD, 0, 4, 0, 1], at: 2)
        let blocks = alone.map { $0[scan.payload.upperBound..<($0.count - 2)] }
        func whole(_ first: UInt8) -> [UInt8] {
            let restarts = blocks.enumerated().map { index, block in
                index == 0 ? Array(block) : [0xFF, 0xD0 + (first + UInt8(index) - 1) % 8] + block
            }
            return bytes + restarts.joined() + [0xFF, 0xD9]
        }
        let seen = try decodedJPEG(try admit(whole(0), .jpeg).bytes)
        for (index, grey) in greys.enumerated() { #expect(abs(seen[8 * index + 4, 4][0] - Int(grey)) <= 2) }
        for first in 1...7 as ClosedRange<UInt8> { #expect(isMalformed(rejection(whole(first), .jpeg)), "\(first)") }
    }

    @Test(
        arguments: [
            (0xC3, "lossless"), (0xC5, "hierarchical"), (0xC6, "hierarchical"), (0xC7, "hierarchical"),
            (0xC9, "arithmetic-coded"), (0xCA, "arithmetic-coded"), (0xCB, "lossless"), (0xCC, "arithmetic-coded"),
            (0xCD, "hierarchical"), (0xCE, "hierarchical"), (0xCF, "hierarchical"),
        ] as [(UInt8, String)])
    func `kinds that viewers do not show are refused by name`(marker: UInt8, kind: String) throws {
        var bytes = jpeg(Self.picture)
        let frame = try #require(try JPEGSegments(bytes) { _ in }.segments.first { $0.marker == 0xC0 })
        bytes[frame.range.lowerBound + 1] = marker
        #expect(rejection(bytes, .jpeg) == .malformed(.jpeg, why: "JPEG is \(kind), which viewers do not show"))
    }

    @Test(arguments: [0, 1, 7, 9, 12, 16, 255] as [UInt8])
    func `samples of other than 8 bits are refused`(bits: UInt8) throws {
        for isProgressive in [false, true] {
            var bytes = jpeg(Self.picture, isProgressive: isProgressive)
            let frame = try #require(
                try JPEGSegments(bytes) { _ in }.segments.first { JPEGSegments.Marker.frames.contains($0.marker) })
            bytes[frame.payload.lowerBound] = bits
            #expect(
                rejection(bytes, .jpeg)
                    == .malformed(.jpeg, why: "JPEG has \(bits) bits a sample, which viewers do not show"))
        }
    }
}

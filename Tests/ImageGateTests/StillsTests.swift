import Foundation
import Testing

@testable import ImageGate

/// GIF and WebP as Pillow makes them: what becomes of them, compared with what Pillow sees in them.
@Suite(.timeLimit(.minutes(10)))
struct StillsTests {
    private struct Still {
        let name: String
        let isAnimated: Bool
        let bytes: [UInt8]

        var type: ImageType { name.hasPrefix("gif") ? .gif : .webp }

        init(_ line: Substring) throws {
            let fields = line.split(separator: " ")
            name = String(fields[0])
            isAnimated = fields[1] == "1"
            bytes = [UInt8](try #require(Data(base64Encoded: String(fields[2]))))
        }
    }

    private let stills: [Still]

    init() async throws { stills = try await Script.run("stills.py").map { try Still($0) } }

    @Test func `the first frame is shown as it is, as PNG`() async throws {
        let references = try await Reference.decode(stills.map(\.bytes))
        #expect(stills.count > 30 && references.count == stills.count)
        for (still, reference) in zip(stills, references) {
            let reference = try #require(reference, "\(still.name)")
            let image = try admit(still.bytes, still.type)
            #expect(image.type == .png, "\(still.name)")
            #expect((image.width, image.height) == (reference.width, reference.height), "\(still.name)")
            #expect(
                image.treatment == (still.isAnimated ? .firstFrame(of: still.type) : .converted(from: still.type)),
                "\(still.name)")
            #expect(try decodedPNG(image.bytes).rgba.isNear(reference.rgba, tolerance: 0), "\(still.name)")
        }
    }

    @Test func `what is larger than the box is averaged`() throws {
        for still in stills {
            let image = try admit(still.bytes, still.type, policy: .box(9, 12))
            let original = PixelSize(width: image.originalWidth, height: image.originalHeight)
            let whole = try decodedPNG(try admit(still.bytes, still.type).bytes)
            #expect(whole.size == original, "\(still.name)")
            let fitted = original.fitted(shortSide: 9, longSide: 12)
            #expect(PixelSize(width: image.width, height: image.height) == fitted, "\(still.name)")
            #expect(
                try decodedPNG(image.bytes).rgba.isNear(whole.scaled(to: fitted).rgba, tolerance: 1), "\(still.name)")
        }
    }

    @Test func `a decoder that averages by itself is near`() throws {
        for still in stills where still.name.hasPrefix("webp-loss") && !still.name.contains("grey") {
            let file = try WebPFile(still.bytes) { _ in }
            try still.bytes.withUnsafeBufferPointer { buffer in
                let reader = try WebPReader(UnsafeBufferPointer(rebasing: buffer[file.first.image]))
                let half = reader.size.scaled(by: 0.5)
                let (seen, expected) = (try reader.bitmap(half), try reader.bitmap(reader.size).scaled(to: half))
                #expect(seen.size == half && seen.layout == expected.layout, "\(still.name)")
                // It does not go by light, and the pictures are full of edges.
                let difference = zip(seen.samples, expected.samples).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
                #expect(difference < 16 * seen.samples.count, "\(still.name)")
            }
        }
    }

    @Test func `every truncation is rejected`() {
        for still in stills where still.bytes.count < 1500 {
            for count in 0..<still.bytes.count {
                let rejection = rejection(Array(still.bytes.prefix(count)), still.type)
                let expected: ImageGateError = count == 0 ? .empty : count < 4 ? .unknownType : .truncated(still.type)
                #expect(rejection == expected, "\(still.name), \(count) bytes")
            }
        }
    }

    @Test func `what follows the end is cut off`() throws {
        let script = Array("<script>alert(1)</script>".utf8)
        for still in stills {
            let image = try admit(still.bytes, still.type)
            for tail in [[0], script, still.bytes] {
                #expect(try admit(still.bytes + tail, still.type) == image, "\(still.name)")
            }
        }
    }

    /// Two frames and more colours than are used, so that many a flip leaves an image.
    private static let smallGIFs: [(name: String, bytes: [UInt8])] = [false, true].map { isInterlaced in
        var gif = SampleGIF.picture(9, 7, codeWidth: 3, isInterlaced: isInterlaced) { x, y in UInt8((x + y) % 7) }
        gif.frames.append(SampleGIF.Frame(width: 4, height: 3))
        return ("gif", gif.bytes)
    }

    @Test func `flipped bits give another image or a rejection`() async throws {
        var policy = ImagePolicy.box(64, 64)
        policy.pixelLimit = 1 << 12
        let webps = stills.filter { $0.type == .webp && $0.bytes.count < 600 }.map { (name: $0.name, bytes: $0.bytes) }
        var admitted: [(name: String, bytes: [UInt8], image: AdmittedImage)] = []
        for (name, bytes) in Self.smallGIFs + webps {
            // Of the larger ones one bit a byte.
            for bit in 0..<bytes.count * 8 where bytes.count < 200 || bit % 9 == 0 {
                var flipped = bytes
                flipped[bit / 8] ^= 1 << UInt8(bit % 8)
                guard let image = try? admit(flipped, name.hasPrefix("gif") ? .gif : .webp, policy: policy) else {
                    continue
                }
                #expect(image.width <= 64 && image.height <= 64 && image.bytes.count <= policy.byteBudget)
                if (image.originalWidth, image.originalHeight) == (image.width, image.height) {
                    admitted.append((name, flipped, image))
                }
            }
        }
        // Not stricter than what shows: colours may be anything.
        #expect(admitted.count > 800)
        let references = try await Reference.decode(admitted.map(\.bytes))
        for (flip, reference) in zip(admitted, references) {
            // Pillow paints what a frame leaves free, and refuses metadata that it cannot read.
            let pixels = try decodedPNG(flip.image.bytes).rgba
            let isWhole =
                flip.name != "gif" || stride(from: 3, to: pixels.count, by: 4).allSatisfy { pixels[$0] == 255 }
            guard let reference, isWhole else { continue }
            #expect(pixels.isNear(reference.rgba, tolerance: 0), "\(flip.name) \(flip.bytes)")
        }
    }

    @Test func `a lie is told by name`() throws {
        let gif = try #require(stills.first { $0.type == .gif }).bytes
        let webp = try #require(stills.first { $0.type == .webp }).bytes
        #expect(rejection(gif, .png) == .typeMismatch(claimed: .png, actual: .gif))
        #expect(rejection(webp, .gif)?.description == "it says GIF and is WebP")
        #expect(rejection(Array("RIFF\u{4}\0\0\0WAVE".utf8), .webp) == .unknownType)
        #expect(rejection(Array("GIF90a".utf8), .gif) == .unknownType)
    }

    @Test func `limits are the header's`() throws {
        var policy = ImagePolicy()
        policy.pixelLimit = 37 * 29
        for still in stills {
            let image = try? admit(still.bytes, still.type, policy: policy)
            let size = try admit(still.bytes, still.type)
            #expect((image != nil) == (size.width * size.height <= policy.pixelLimit), "\(still.name)")
        }
        policy.pixelLimit -= 1
        for still in stills where try admit(still.bytes, still.type).width == 37 {
            #expect(
                rejection(still.bytes, still.type, policy: policy)
                    == .tooManyPixels(width: 37, height: 29, limit: policy.pixelLimit), "\(still.name)")
        }
    }
}

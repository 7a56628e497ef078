import CTurboJPEG
import Foundation
import Testing
import TestSupport

@testable import ImageGate

/// Images inside drawings are images, too.
@Suite(.timeLimit(.minutes(10)))
struct SVGEmbeddedImageTests {
    private static let png = SampleImages.png(width: 6, height: 5)
    private static let photograph = jpeg(Bitmap(16, 16, .rgb) { x, y in [UInt8(x * 16), UInt8(y * 16), 7] })

    private func image(_ type: String, _ bytes: [UInt8]) -> String {
        "<image href=\"data:image/\(type);base64,\(Data(bytes).base64EncodedString())\"/>"
    }

    @Test func `what decodes is kept, without what does not show`() throws {
        let secret = SampleImages.pngChunk("tEXt", Array("Author\0somebody".utf8))
        let talkative = Array(Self.png[..<33]) + secret + Self.png[33...]
        #expect(try sanitisedContent(image("png", Self.png)) == image("png", Self.png))
        #expect(try sanitisedContent(image("png", talkative)) == image("png", Self.png))
        let commented = inserting(0xFE, Array("somebody".utf8), into: Self.photograph)
        #expect(try sanitisedContent(image("jpeg", Self.photograph)) == image("jpeg", Self.photograph))
        #expect(try sanitisedContent(image("jpg", commented)) == image("jpeg", Self.photograph))
    }

    /// The pixels that a drawing shows of an image over all of it, which is 100 wide and high.
    private func shown(_ type: String, _ bytes: [UInt8]) throws -> Bitmap {
        let url = "data:image/\(type);base64,\(Data(bytes).base64EncodedString())"
        let image = "<image width='100' height='100' preserveAspectRatio='none' href='\(url)'/>"
        let clean = try sanitised(svg(image))
        #expect(try sanitised(Array(clean.utf8)) == clean)
        return try decodedPNG(admit(svg(image), .svg, policy: ImagePolicy()).bytes)
    }

    @Test func `images are turned and have the colours that they say`() throws {
        // Exif with the orientation 6: the left side is shown above.
        let exif: [UInt8] = Array("MM\0*\0\0\0\u{8}\0\u{1}\u{1}\u{12}\0\u{3}\0\0\0\u{1}\0\u{6}\0\0\0\0\0\0".utf8)
        let isLeft = { (x: Int) in x < 8 }
        let png = SampleImages.png(
            width: 16, height: 16, colorType: 2, bitDepth: 8, extra: SampleImages.pngChunk("eXIf", exif)
        ) { x, _ in isLeft(x) ? [255, 0, 0] : [0, 0, 255] }
        let photograph = inserting(
            0xE1, Array("Exif\0\0".utf8) + exif,
            into: jpeg(Bitmap(16, 16, .rgb) { x, _ in isLeft(x) ? [255, 0, 0] : [0, 0, 255] }))
        for (type, bytes) in [("png", png), ("jpeg", photograph)] {
            let bitmap = try shown(type, bytes)
            for (x, y) in [(10, 10), (90, 10)] {
                #expect(bitmap.rgba(x, y)[0] > 240 && bitmap.rgba(x, y)[2] < 20, "\(type)")
            }
            for (x, y) in [(10, 90), (90, 90)] {
                #expect(bitmap.rgba(x, y)[2] > 240 && bitmap.rgba(x, y)[0] < 20, "\(type)")
            }
        }
        let codes = SampleImages.pngChunk("cICP", [9, 16, 0, 1])
        let gamma = SampleImages.pngChunk("gAMA", SampleImages.bigEndian(100_000))
        for (chunk, expected) in [(codes, 187), (gamma, 200)] {
            let grey = SampleImages.png(width: 4, height: 4, colorType: 2, bitDepth: 8, extra: chunk) { _, _ in
                [148, 148, 148]
            }
            #expect(try abs(shown("png", grey).rgba(50, 50)[1] - expected) <= 3)
        }
        let cmyk = turboJPEG(
            (0..<256).flatMap { _ -> [UInt8] in [255, 0, 0, 255] }, PixelSize(width: 16, height: 16), TJPF_CMYK,
            TJSAMP_444, 95, 0)
        let red = try shown("jpeg", cmyk).rgba(50, 50)
        #expect(red[0] > 240 && red[1] < 20 && red[2] < 20)
    }

    @Test func `an image with transparency gets no ground of its own`() throws {
        var gif = SampleGIF()
        (gif.palette[1], gif.width, gif.height) = ([0, 0, 0], 8, 6)
        let url = "data:image/gif;base64,\(Data(gif.bytes).base64EncodedString())"
        let bitmap = try decodedPNG(
            admit(
                svg("<rect width='100' height='100' fill='blue'/><image width='100' height='100' href='\(url)'/>"),
                .svg,
                policy: ImagePolicy()
            ).bytes)
        #expect(bitmap.rgba(90, 80) == [0, 0, 255, 255])
    }

    @Test func `what does not decode or ends early is dropped, and what follows the end is cut off`() throws {
        for (type, bytes) in [("png", Self.png), ("jpeg", Self.photograph)] {
            for count in stride(from: 0, to: bytes.count, by: 7) {
                #expect(try sanitisedContent(image(type, Array(bytes[..<count]))) == "")
            }
            for tail in ["PK\u{3}\u{4}", "<html>", "\0"] {
                #expect(try sanitisedContent(image(type, bytes + Array(tail.utf8))) == image(type, bytes))
            }
        }
        var damaged = Self.png
        damaged[60] ^= 1
        #expect(try sanitisedContent(image("png", damaged)) == "")
        let header = SampleImages.header(100, 100)
        let bomb = SampleImages.png(header: header, data: SampleImages.zlibStored(Array(repeating: 0, count: 40_000)))
        #expect(try sanitisedContent(image("png", bomb)) == "")
    }

    @Test func `a drawing inside a drawing is cleaned as well, and dropped where it is too deep`() throws {
        var policy = ImagePolicy()
        policy.svg = .sanitise
        var inner =
            "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><script>alert(1)</script><rect/></svg>"
        for _ in 0..<6 {
            let data = Data(inner.utf8).base64EncodedString()
            let content = "<image href='data:image/svg+xml;base64,\(data)'/>"
            var clean = String(decoding: try SVGImage(sanitising: svg(content), policy: policy).bytes, as: UTF8.self)
            var depth = 0
            // Each is inside the one before.
            while let start = clean.firstRange(of: "data:image/svg+xml;base64,") {
                let data = clean[start.upperBound...].prefix { $0 != "\"" }
                clean = String(decoding: try #require(Data(base64Encoded: String(data))), as: UTF8.self)
                depth += 1
            }
            #expect(depth <= SVGEmbeddedImage.levels && !clean.contains("script"))
            for type in ["png", "jpeg"] {
                #expect(try sanitisedContent("<image href='data:image/\(type);base64,\(data)'/>") == "")
            }
            #expect(try sanitisedContent("<use href='data:image/svg+xml;base64,\(data)#a'/>") == "")
            inner = "<svg xmlns='http://www.w3.org/2000/svg'><image href='data:image/svg+xml;base64,\(data)'/></svg>"
        }
    }

    @Test func `a waiting decode in a drawing can be cancelled`() {
        let cancellation = Cancellation()
        cancellation.cancel()
        #expect(throws: ImageGateError.cancelled) {
            try SVGImage(
                sanitising: svg(image("png", Self.png)), policy: ImagePolicy(), cancellation: cancellation)
        }
    }
}

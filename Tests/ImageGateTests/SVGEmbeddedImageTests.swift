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

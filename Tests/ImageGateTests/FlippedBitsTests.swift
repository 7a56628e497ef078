import Foundation
import Testing
import TestSupport

@testable import ImageGate

/// Every bit of small images flipped, one at a time. A flip may leave a valid image, another one: then somebody else's decoder
/// has to see in it what the gate saw.
@Suite(.timeLimit(.minutes(10)))
struct FlippedBitsTests {
    private static let photograph = Bitmap(11, 9, .rgb) { x, y in [UInt8(x * 23), UInt8(y * 28), UInt8((x + y) * 12)] }

    private func flips(_ bytes: [UInt8]) -> [[UInt8]] {
        (0..<bytes.count * 8).map { bit in
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            return flipped
        }
    }

    /// - Returns: how many were admitted.
    @discardableResult
    private func check(
        _ images: [[UInt8]], _ type: ImageType, decoded: ([UInt8]) throws(ImageGateError) -> Bitmap
    ) async throws -> Int {
        // The limits of the reference decoder's memory are not the matter here.
        var policy = ImagePolicy()
        policy.pixelLimit = 1 << 16
        let admitted = images.compactMap { bytes in
            (try? admit(bytes, type, policy: policy)).map { (came: bytes, left: $0) }
        }
        let before = try await Reference.decode(admitted.map(\.came))
        let after = try await Reference.decode(admitted.map(\.left.bytes))
        #expect(before.count == admitted.count && after.count == admitted.count)
        for (image, (before, after)) in zip(admitted, zip(before, after)) where image.left.treatment == .passed {
            let bitmap = try decoded(image.came)
            let seen = try #require(before, "\(image.came)")
            // What left shows what came, and both are what the gate decoded.
            #expect(after == before, "\(image.came)")
            #expect(bitmap.size == PixelSize(width: seen.width, height: seen.height), "\(image.came)")
            #expect(bitmap.rgba.isNear(seen.rgba, tolerance: type == .jpeg ? 0 : 1), "\(image.came)")
        }
        return admitted.count
    }

    @Test(arguments: [
        PNGFormat(colorType: 3, bitDepth: 2, isInterlaced: true), .init(colorType: 2, bitDepth: 8, isInterlaced: false),
        .init(colorType: 4, bitDepth: 8, isInterlaced: true), .init(colorType: 6, bitDepth: 16, isInterlaced: false),
    ])
    func `in a PNG`(format: PNGFormat) async throws {
        let png = format.png(width: 7, height: 5)
        #expect(try await check(flips(png), .png) { bytes throws(ImageGateError) in try decodedPNG(bytes) } == 0)
    }

    @Test(arguments: [
        PNGFormat(colorType: 3, bitDepth: 2, isInterlaced: true), .init(colorType: 2, bitDepth: 8, isInterlaced: false),
        .init(colorType: 4, bitDepth: 8, isInterlaced: true), .init(colorType: 6, bitDepth: 16, isInterlaced: false),
    ])
    func `in a PNG whose CRCs are then right again`(format: PNGFormat) async throws {
        let png = format.png(width: 7, height: 5)
        let chunks = try PNGChunkList(png) { _ in }.chunks
        let images = chunks.flatMap { chunk in
            flips(Array(png[chunk.range.lowerBound + 4..<chunk.data.upperBound])).map { body in
                png[..<(chunk.range.lowerBound + 4)] + body + SampleImages.bigEndian(Int(SampleImages.crc32(body)))
                    + png[chunk.range.upperBound...]
            }
        }
        let admitted = try await check(images, .png) { bytes throws(ImageGateError) in try decodedPNG(bytes) }
        // A palette's colours are anything; everything else hangs together.
        if format.colorType == 3 { #expect(admitted >= 8 * 12) }
    }

    @Test(arguments: [false, true])
    func `in a JPEG`(isProgressive: Bool) async throws {
        let bytes = jpeg(Self.photograph, quality: 60, isProgressive: isProgressive)
        let admitted = try await check(flips(bytes), .jpeg) { bytes throws(ImageGateError) in try decodedJPEG(bytes) }
        #expect(admitted > 0)
    }

    @Test func `in a drawing`() throws {
        let document = svg(
            """
            <style>@import url(http://a.b/c);rect{fill:url(#g)}</style><script>alert(1)</script><rect id='r' onload='x()' \
            width='9' style='fill:url(http://a.b/c);stroke:red'/><use href='#r'/><use href='http://a.b/c#d'/>\
            <foreignObject><iframe/></foreignObject><image href='data:image/png;base64,\(redPNG)'/><a href='javascript:x()'>\
            <text>&#60;&amp;</text></a><animate/><filter id='g'><feImage href='http://a.b'/><feFlood/></filter>
            """)
        var admitted = 0
        for (number, flipped) in flips(document).enumerated() {
            guard let image = try? SVGImage(sanitising: flipped, policy: ImagePolicy()) else { continue }
            admitted += 1
            let text = String(decoding: image.bytes, as: UTF8.self)
            let outside = text.replacing("http://www.w3.org/2000/svg", with: "")
            for word in [
                "<script", "onload=", "@import", "url(h", "=\"http", "<iframe", "<foreignObject", "javascript:",
                "<animate",
            ] {
                #expect(!outside.contains(word), "bit \(number): \(text)")
            }
            #expect(text.ranges(of: "href=\"").count == text.ranges(of: /href="(#|data:image\/png;base64,)/).count)
            // Drawing takes longer than the rest: a few of them.
            if number.isMultiple(of: 97) { #expect(throws: Never.self) { try image.rasterised(policy: ImagePolicy()) } }
        }
        #expect(admitted > 1000)
    }

    @Test func `truncated, a drawing is no drawing`() {
        let document = svg("<g><image href='data:image/png;base64,\(redPNG)'/></g>")
        for count in 0..<document.count {
            #expect(rejection(Array(document[..<count]), .svg) != nil, "\(count) bytes")
        }
    }
}

import Foundation
import Testing

@testable import ImageGate

/// What a WebP's Exif says about where its top is.
struct WebPOrientationTests {
    /// Three by two pixels as libwebp writes them, lossless: red, green, blue; white, black, yellow.
    private let image: [UInt8]
    private static let colors = [
        [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255], [0, 0, 0], [255, 255, 0],
    ]

    init() throws {
        let file = try #require(
            Data(base64Encoded: "UklGRjIAAABXRUJQVlA4TCYAAAAvAkAAAC8gEEjaH3qN+RcQFPk/2vwHskXCBgVpG7C4e04W0f+4Fg=="))
        image = [UInt8](file.dropFirst(12))
    }

    /// - Parameter exif: what its chunk holds.
    private func turned(_ exif: [UInt8]) -> [UInt8] {
        WebP.file(WebP.header(3, 2, hasExif: true), image, WebP.chunk("EXIF", exif))
    }

    private func tiff(_ orientation: Int, isLittleEndian: Bool = true) -> [UInt8] {
        Array(JPEGTests.exif(orientation, isLittleEndian: isLittleEndian).dropFirst(6))
    }

    /// Which of the stored pixels are seen, by rows.
    private static let seen: [Orientation: [Int]] = [
        .upright: [0, 1, 2, 3, 4, 5], .mirrored: [2, 1, 0, 5, 4, 3], .turnedHalf: [5, 4, 3, 2, 1, 0],
        .flipped: [3, 4, 5, 0, 1, 2], .transposed: [0, 3, 1, 4, 2, 5], .turnedRight: [3, 0, 4, 1, 5, 2],
        .transversed: [5, 2, 4, 1, 3, 0], .turnedLeft: [2, 5, 1, 4, 0, 3],
    ]

    @Test(arguments: Orientation.allCases, [true, false])
    func `the image is turned as Exif says, and Exif is gone`(orientation: Orientation, isLittleEndian: Bool) throws {
        let exif = tiff(orientation.rawValue, isLittleEndian: isLittleEndian)
        let animation = WebP.file(
            WebP.header(3, 2, isAnimated: true, hasExif: true), WebP.frame(0, 0, image, width: 3, height: 2),
            WebP.chunk("EXIF", exif))
        // With what a JPEG has before it, too, as some writers have it.
        for bytes in [turned(exif), turned(Array("Exif\0\0".utf8) + exif), animation] {
            let image = try admit(bytes, .webp)
            #expect((image.width, image.height) == (orientation.swapsSides ? (2, 3) : (3, 2)))
            #expect((image.originalWidth, image.originalHeight) == (image.width, image.height))
            #expect(image.treatment == .converted(from: .webp))
            #expect(try !chunkNames(image.bytes).contains("eXIf"))
            let bitmap = try decodedPNG(image.bytes)
            let seen = (0..<6).map { Array(bitmap.rgba($0 % image.width, $0 / image.width).prefix(3)) }
            #expect(seen == Self.seen[orientation]?.map { Self.colors[$0] })
        }
    }

    @Test func `a turned image fits the box the way it is seen`() throws {
        let upright = try admit(turned(tiff(1)), .webp, policy: .box(1, 2))
        let turned = try admit(turned(tiff(6)), .webp, policy: .box(1, 2))
        #expect((upright.width, upright.height) == (2, 1))
        #expect((turned.width, turned.height) == (1, 2))
        #expect((turned.originalWidth, turned.originalHeight) == (2, 3))
    }

    @Test func `damaged Exif turns nothing, and is no reason to reject`() throws {
        let upright = try admit(WebP.file(image), .webp)
        let whole = tiff(6)
        for count in 0...whole.count {
            let image = try admit(turned(Array(whole.prefix(count))), .webp)
            if count < 8 { #expect(image == upright) }
        }
        for index in whole.indices {
            for value in [0, 1, 0x7F, 0xFF] as [UInt8] {
                var damaged = whole
                damaged[index] = value
                let image = try admit(turned(damaged), .webp)
                #expect(image.width * image.height == 6)
            }
        }
        for nonsense in [tiff(0), tiff(9), tiff(0xFFFF), Array("<script>".utf8), Array(repeating: 0, count: 1 << 17)] {
            #expect(try admit(turned(nonsense), .webp) == upright)
        }
    }

    @Test func `one chunk is asked, if the header announces it`() throws {
        let exif = WebP.chunk("EXIF", tiff(6))
        let upright = try admit(WebP.file(image), .webp)
        #expect(try admit(WebP.file(WebP.header(3, 2), image, exif), .webp) == upright)
        let first = WebP.file(WebP.header(3, 2, hasExif: true), image, WebP.chunk("EXIF", tiff(1)), exif)
        #expect(try admit(first, .webp) == upright)
        // Anywhere after the header.
        let early = WebP.file(WebP.header(3, 2, hasExif: true), exif, image)
        #expect(try admit(early, .webp).width == 2)
    }
}

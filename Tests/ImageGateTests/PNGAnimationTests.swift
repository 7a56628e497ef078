import Testing
import TestSupport

@testable import ImageGate

/// Animated PNGs, and those that are turned.
@Suite(.timeLimit(.minutes(10)))
struct PNGAnimationTests {
    private static func rows(_ width: Int, _ height: Int, _ color: [UInt8]) -> [UInt8] {
        SampleImages.zlibStored(
            (0..<height).flatMap { _ in [0] + Array(repeatElement(color, count: width).joined()) })
    }

    private static let header = SampleImages.pngSignature + SampleImages.pngChunk("IHDR", SampleImages.header(4, 3))
    private static let end = SampleImages.pngChunk("IEND", [])
    private static let red: [UInt8] = [255, 0, 0]
    private static let blue: [UInt8] = [0, 0, 255]

    private static func animation(frames: Int) -> [UInt8] {
        SampleImages.pngChunk("acTL", SampleImages.bigEndian(frames) + SampleImages.bigEndian(0))
    }

    private static func control(_ number: Int, _ fields: [Int]) -> [UInt8] {
        SampleImages.pngChunk(
            "fcTL", ([number] + fields).flatMap { SampleImages.bigEndian($0) } + [0, 1, 0, 10, 0, 0])
    }

    private static func data(_ number: Int, _ data: [UInt8]) -> [UInt8] {
        SampleImages.pngChunk("fdAT", SampleImages.bigEndian(number) + data)
    }

    private static let still = SampleImages.pngChunk("IDAT", rows(4, 3, red))

    @Test func `an animation passes as its first frame, which is said`() throws {
        let plain = Self.header + Self.still + Self.end
        let first = Self.control(0, [4, 3, 0, 0])
        let second = Self.control(1, [4, 3, 0, 0]) + Self.data(2, Self.rows(4, 3, Self.blue))
        let image = try admit(Self.header + Self.animation(frames: 2) + first + Self.still + second + Self.end)
        #expect(image.treatment == .firstFrame(of: .png) && image.bytes == plain)
        let single = try admit(Self.header + Self.animation(frames: 1) + first + Self.still + Self.end)
        #expect(single.treatment == .passed && single.bytes == plain)
    }

    @Test func `the first frame is shown, not the image for viewers without animations`() throws {
        let start = Self.header + Self.animation(frames: 2) + Self.still
        let frame = Self.control(0, [4, 3, 0, 0]) + Self.data(1, Self.rows(4, 3, Self.blue))
        let image = try admit(start + frame + Self.end)
        #expect(image.treatment == .firstFrame(of: .png))
        #expect(try decodedPNG(image.bytes).rgba(2, 1) == [0, 0, 255, 255])
        // A frame that leaves a part free, whose data is in pieces.
        let rows = Self.rows(2, 1, Self.blue)
        let part = Self.control(0, [2, 1, 1, 2]) + Self.data(1, Array(rows[..<5])) + Self.data(2, Array(rows[5...]))
        let placed = try decodedPNG(admit(start + part + Self.end).bytes)
        #expect(placed.size == PixelSize(width: 4, height: 3))
        #expect(placed.rgba(0, 0)[3] == 0 && placed.rgba(1, 2) == [0, 0, 255, 255] && placed.rgba(3, 2)[3] == 0)
    }

    @Test(arguments: [[0, 3, 0, 0], [4, 4, 0, 0], [4, 3, 1, 0], [2, 2, 0, 4_000_000_000]])
    func `a frame outside the image is none`(fields: [Int]) throws {
        let frame = Self.control(0, fields) + Self.data(1, Self.rows(4, 3, Self.blue))
        let image = try admit(Self.header + Self.animation(frames: 2) + Self.still + frame + Self.end)
        #expect(image.bytes == Self.header + Self.still + Self.end && image.treatment == .passed)
    }

    @Test func `a frame that does not decode is a rejection`() {
        for data in [[], [0, 0, 0, 1], Self.rows(4, 2, Self.blue), Self.rows(4, 4, Self.blue)] {
            let frame = Self.control(0, [4, 3, 0, 0]) + Self.data(1, data)
            #expect(isMalformed(rejection(Self.header + Self.animation(frames: 2) + Self.still + frame + Self.end)))
        }
    }

    @Test func `a PNG is turned as its Exif says`() throws {
        for orientation in Orientation.allCases {
            let exif: [UInt8] =
                Array("MM".utf8) + [
                    0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, UInt8(orientation.rawValue),
                ]
                + [0, 0, 0, 0, 0, 0]
            let upright = SampleImages.png(width: 4, height: 3)
            let bytes = upright[..<33] + SampleImages.pngChunk("eXIf", exif) + upright[33...]
            let image = try admit(Array(bytes))
            #expect(try decodedPNG(image.bytes) == decodedPNG(upright).oriented(orientation), "\(orientation)")
            #expect(try !chunkNames(image.bytes).contains("eXIf"))
        }
    }

    @Test func `a long chunk of a drawing program is taken out`() throws {
        let plain = SampleImages.png(width: 4, height: 3)
        let chunk = SampleImages.pngChunk("zTXt", Array(repeating: 65, count: 3 << 20))
        #expect(try admit(plain[..<33] + chunk + plain[33...]).bytes == plain)
        #expect(try decodedPNG(plain[..<33] + chunk + plain[33...]) == decodedPNG(plain))
    }
}

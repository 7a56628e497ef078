import CTurboJPEG
import Testing
import TestSupport

@testable import ImageGate

@Suite(.timeLimit(.minutes(10)))
struct JPEGTests {
    private static let picture = Bitmap(33, 21, .rgb) { x, y in [UInt8(x * 7), UInt8(y * 12), UInt8((x + y) * 4)] }

    static let kinds: [(String, [UInt8])] = [
        ("baseline", jpeg(picture)), ("progressive", jpeg(picture, isProgressive: true)),
        ("grey", jpeg(Bitmap(33, 21, .grey) { x, y in [UInt8(x * 7 + y)] })),
        ("subsampled", turboJPEG(picture.samples, picture.size, TJPF_RGB, TJSAMP_420, 85, 0)),
    ]

    @Test(arguments: kinds)
    func `every kind passes`(name: String, bytes: [UInt8]) throws {
        let image = try admit(bytes, .jpeg)
        #expect(image.treatment == .passed)
        #expect(image.bytes == bytes)
        #expect((image.width, image.height) == (33, 21))
    }

    @Test(arguments: kinds)
    func `every truncation is rejected`(name: String, bytes: [UInt8]) {
        #expect(rejection(bytes, .jpeg) == nil)
        for count in 2..<bytes.count {
            #expect(rejection(Array(bytes.prefix(count)), .jpeg) == .truncated(.jpeg), "\(count) bytes")
        }
    }

    @Test(arguments: kinds)
    func `data cut out of the middle is rejected`(name: String, bytes: [UInt8]) throws {
        // The markers are all there; only the decoder can see it.
        let scan = try #require(try JPEGSegments(bytes) { _ in }.segments.last { $0.marker == 0xDA })
        var cut = bytes
        cut.removeSubrange(scan.payload.upperBound + 4..<scan.range.upperBound)
        #expect(isMalformed(rejection(cut, .jpeg)))
    }

    @Test(arguments: kinds)
    func `flipped bits decode within limits or are rejected`(name: String, bytes: [UInt8]) {
        for bit in 16..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            guard let image = try? admit(flipped, .jpeg, policy: .box(64, 64)) else { continue }
            #expect(image.width <= 64 && image.height <= 64 && image.bytes.count <= 100_000)
        }
    }

    @Test func `what follows the end is cut off`() throws {
        let bytes = jpeg(Self.picture)
        for tail in [[0], bytes, Array("PK\u{3}\u{4}<script>".utf8)] {
            #expect(try admit(bytes + tail, .jpeg) == admit(bytes, .jpeg))
        }
        #expect(rejection(bytes, .png) == .typeMismatch(claimed: .png, actual: .jpeg))
    }

    @Test func `limits are the header's`() throws {
        var bytes = jpeg(Self.picture)
        let frame = try #require(try JPEGSegments(bytes) { _ in }.segments.first { $0.marker == 0xC0 })
        var policy = ImagePolicy()
        policy.pixelLimit = 33 * 21
        #expect(rejection(bytes, .jpeg, policy: policy) == nil)
        policy.pixelLimit -= 1
        #expect(rejection(bytes, .jpeg, policy: policy) == .tooManyPixels(width: 33, height: 21, limit: 33 * 21 - 1))
        bytes.replaceSubrange(
            frame.payload.lowerBound + 1..<frame.payload.lowerBound + 5, with: [0xFF, 0xFF, 0xFF, 0xFF])
        #expect(rejection(bytes, .jpeg) == .tooManyPixels(width: 65535, height: 65535, limit: 100_000_000))
        bytes.replaceSubrange(frame.payload.lowerBound + 1..<frame.payload.lowerBound + 5, with: [0, 0, 0, 9])
        #expect(isMalformed(rejection(bytes, .jpeg)))
    }

    @Test func `a progressive image too large to hold is refused before it is decoded`() throws {
        var bytes = jpeg(Self.picture, isProgressive: true)
        let frame = try #require(try JPEGSegments(bytes) { _ in }.segments.first { $0.marker == 0xC2 })
        bytes.replaceSubrange(
            frame.payload.lowerBound + 1..<frame.payload.lowerBound + 5, with: [0x27, 0x10, 0x27, 0x10])
        #expect(rejection(bytes, .jpeg) == .forbidden(.jpeg, what: "several scans, too large to hold"))
    }

    @Test func `many scans of a large image are refused`() throws {
        var bytes = jpeg(Self.picture, isProgressive: true)
        let segments = try JPEGSegments(bytes) { _ in }.segments
        let frame = try #require(segments.first { $0.marker == 0xC2 })
        let scan = try #require(segments.last { $0.marker == 0xDA })
        let more = (0..<40).flatMap { _ in bytes[scan.range] }
        bytes.insert(contentsOf: more, at: scan.range.upperBound)
        bytes.replaceSubrange(
            frame.payload.lowerBound + 1..<frame.payload.lowerBound + 5, with: [0x12, 0x00, 0x12, 0x00])
        #expect(rejection(bytes, .jpeg) == .forbidden(.jpeg, what: "too many scans for its size"))
    }

    @Test func `too many scans are refused`() throws {
        let bytes = jpeg(Self.picture, isProgressive: true)
        let segments = try JPEGSegments(bytes) { _ in }.segments
        let scan = try #require(segments.last { $0.marker == 0xDA })
        let bomb = bytes[..<scan.range.upperBound] + (0..<80).flatMap { _ in bytes[scan.range] } + [0xFF, 0xD9]
        #expect(rejection(Array(bomb), .jpeg) == .malformed(.jpeg, why: "JPEG has over 64 scans"))
    }

    @Test func `a large image is shrunk while it is decoded`() throws {
        let source = PixelSize(width: 1700, height: 1100)
        let bytes = jpeg(
            Bitmap(source.width, source.height, .rgb) { x, y in [UInt8(x * 255 / 1699), UInt8(y * 255 / 1099), 60] })
        let image = try admit(bytes, .jpeg, policy: .box(80, 200))
        #expect((image.width, image.height) == (124, 80))
        #expect((image.originalWidth, image.originalHeight) == (1700, 1100))
        let bitmap = try decodedJPEG(image.bytes)
        for (x, y) in [(0, 0), (123, 0), (60, 40), (0, 79), (123, 79)] {
            let expected = [(x * 2 + 1) * 255 / 248, (y * 2 + 1) * 255 / 160, 60]
            for channel in 0..<3 { #expect(abs(bitmap[x, y][channel] - expected[channel]) <= 4) }
        }
    }

    @Test func `ink becomes light`() throws {
        // Adobe's files say how much ink is missing: 255 is none.
        let ink = Array(repeating: [255, 0, 0, 255] as [UInt8], count: 64 * 64).flatMap { $0 }
        let bytes = turboJPEG(ink, PixelSize(width: 64, height: 64), TJPF_CMYK, TJSAMP_444, 95, 0)
        let image = try admit(bytes, .jpeg)
        #expect(image.treatment == .thumbnailed)
        #expect(try JPEGSegments(image.bytes) { _ in }.frame.sampling.count == 3)
        let red = try decodedJPEG(image.bytes)[8, 8]
        #expect(red[0] > 250 && red[1] < 5 && red[2] < 5)
    }

    static func exif(_ orientation: Int, isLittleEndian: Bool) -> [UInt8] {
        func number(_ value: Int, _ count: Int) -> [UInt8] {
            let bytes = (0..<count).map { UInt8(value >> (8 * $0) & 255) }
            return isLittleEndian ? bytes : bytes.reversed()
        }
        return Array("Exif\0\0".utf8) + Array((isLittleEndian ? "II" : "MM").utf8) + number(42, 2) + number(8, 4)
            + number(2, 2) + number(0x010F, 2) + number(2, 2) + number(4, 4) + number(0, 4) + number(0x0112, 2)
            + number(3, 2) + number(1, 4) + number(orientation, 2) + number(0, 2) + number(0, 4)
    }

    @Test(arguments: Orientation.allCases, [true, false])
    func `the image is turned as Exif says, and Exif is gone`(orientation: Orientation, isLittleEndian: Bool) throws {
        // Where the corners of the stored image (red, green, blue, white; by rows) are seen.
        let seen: [Orientation: [Int]] = [
            .upright: [0, 1, 2, 3], .mirrored: [1, 0, 3, 2], .turnedHalf: [3, 2, 1, 0], .flipped: [2, 3, 0, 1],
            .transposed: [0, 2, 1, 3], .turnedRight: [2, 0, 3, 1], .transversed: [3, 1, 2, 0],
            .turnedLeft: [1, 3, 0, 2],
        ]
        let colors: [[UInt8]] = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]
        let stored = jpeg(Bitmap(48, 32, .rgb) { x, y in colors[(y < 16 ? 0 : 2) + (x < 24 ? 0 : 1)] })
        let bytes = inserting(0xE1, Self.exif(orientation.rawValue, isLittleEndian: isLittleEndian), into: stored)
        let image = try admit(bytes, .jpeg)
        #expect(image.treatment == (orientation == .upright ? .passed : .thumbnailed))
        #expect((image.width, image.height) == (orientation.swapsSides ? (32, 48) : (48, 32)))
        #expect((image.originalWidth, image.originalHeight) == (image.width, image.height))
        #expect(try JPEGSegments(image.bytes) { _ in }.segments.allSatisfy { $0.marker != 0xE1 })
        let bitmap = try decodedJPEG(image.bytes)
        let corners = [(4, 4), (image.width - 5, 4), (4, image.height - 5), (image.width - 5, image.height - 5)]
        for (corner, color) in zip(corners, try #require(seen[orientation])) {
            let actual = bitmap[corner.0, corner.1]
            for channel in 0..<3 { #expect(abs(actual[channel] - Int(colors[color][channel])) < 12) }
        }
    }

    @Test func `damaged Exif turns nothing`() {
        let whole = Self.exif(6, isLittleEndian: true)
        #expect(Orientation(exif: whole[...]) == .turnedRight)
        for count in 0..<whole.count { _ = Orientation(exif: whole[..<count]) }
        for index in whole.indices {
            for value in [0, 1, 0x7F, 0xFF] as [UInt8] {
                var damaged = whole
                damaged[index] = value
                _ = Orientation(exif: damaged[...])
            }
        }
        #expect(Orientation(exif: Self.exif(9, isLittleEndian: true)[...]) == nil)
    }
}

import Testing
import TestSupport

@testable import ImageGate

struct PNGFormat: CustomStringConvertible, Sendable {
    let colorType: UInt8
    let bitDepth: Int
    let isInterlaced: Bool

    var description: String { "type \(colorType), \(bitDepth) bits\(isInterlaced ? ", interlaced" : "")" }

    static let all: [PNGFormat] = [
        (0, [1, 2, 4, 8, 16]), (2, [8, 16]), (3, [1, 2, 4, 8]), (4, [8, 16]), (6, [8, 16]),
    ]
    .flatMap { type, depths in
        depths.flatMap { depth in
            [false, true].map { .init(colorType: UInt8(type), bitDepth: depth, isInterlaced: $0) }
        }
    }

    var channels: Int { [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][colorType] ?? 1 }

    /// Samples without a pattern that a filter or a wrong order could survive.
    func samples(_ x: Int, _ y: Int) -> [Int] {
        (0..<channels).map { (x * 37 + y * 101 + $0 * 59 + x * y * 13) * 2_654_435 >> 7 & (1 << bitDepth - 1) }
    }

    static let paletteAlphas: [UInt8] = [0, 128, 255]

    static func paletteColor(_ index: Int) -> [UInt8] {
        [UInt8(index * 7 & 255), UInt8(index * 31 & 255), UInt8(255 - index)]
    }

    func png(width: Int, height: Int) -> [UInt8] {
        var extra: [UInt8] = []
        if colorType == 3 {
            extra += SampleImages.pngChunk("PLTE", (0..<1 << bitDepth).flatMap { Self.paletteColor($0) })
            extra += SampleImages.pngChunk("tRNS", Array(Self.paletteAlphas.prefix(1 << bitDepth)))
        }
        return SampleImages.png(
            width: width, height: height, colorType: colorType, bitDepth: bitDepth, isInterlaced: isInterlaced,
            extra: extra, pixel: samples)
    }

    /// What a viewer shows, 0...1 for each channel.
    func rgba(_ x: Int, _ y: Int) -> [Double] {
        let samples = samples(x, y)
        let unit = samples.map { Double($0) / Double(1 << bitDepth - 1) }
        switch colorType {
        case 0: return [unit[0], unit[0], unit[0], 1]
        case 2: return unit + [1]
        case 3:
            let alpha = samples[0] < 3 ? Self.paletteAlphas[samples[0]] : 255
            return (Self.paletteColor(samples[0]) + [alpha]).map { Double($0) / 255 }
        case 4: return [unit[0], unit[0], unit[0], unit[1]]
        default: return unit
        }
    }
}

@Suite(.timeLimit(.minutes(10)))
struct PNGPixelsTests {
    @Test(arguments: PNGFormat.all)
    func `every format decodes to the right pixels`(format: PNGFormat) throws {
        for (width, height) in [(13, 11), (1, 9), (9, 1), (1, 1), (3, 2)] {
            let bitmap = try decodedPNG(format.png(width: width, height: height))
            for y in 0..<height {
                for x in 0..<width {
                    let expected = format.rgba(x, y).map { Int(($0 * 255).rounded()) }
                    let actual = bitmap.rgba(x, y)
                    #expect(actual[3] == expected[3])
                    // Colour that cannot be seen may be anything.
                    if expected[3] == 0 { continue }
                    for channel in 0..<3 {
                        #expect(abs(actual[channel] - expected[channel]) <= (format.bitDepth == 16 ? 1 : 0))
                    }
                }
            }
        }
    }

    /// More rows than are inflated at a time, each with another filter, in pieces of which some are empty.
    @Test(arguments: [(0, 1), (2, 3), (6, 4), (4, 2)])
    func `rows with filters are the same rows`(colorType: Int, channels: Int) throws {
        let size = PixelSize(width: 331, height: 400)
        var noise = Noise(UInt64(colorType) + 1)
        let count = size.width * channels
        let rows = (0..<size.height).map { _ in noise.bytes(count) }
        var raw: [UInt8] = []
        for (index, row) in rows.enumerated() {
            let filter = UInt8(noise.number(5))
            let above = index > 0 ? rows[index - 1] : Array(repeating: 0, count: count)
            raw.append(filter)
            for place in row.indices {
                let left = place < channels ? 0 : Int(row[place - channels])
                let corner = place < channels ? 0 : Int(above[place - channels])
                let up = Int(above[place])
                let nearest = [left, up, corner].min { abs(left + up - corner - $0) < abs(left + up - corner - $1) }
                let guess = [0, left, up, (left + up) / 2, nearest ?? 0][Int(filter)]
                raw.append(row[place] &- UInt8(guess))
            }
        }
        let data = SampleImages.zlibStored(raw)
        var pieces: [UInt8] = []
        var rest = data[...]
        while !rest.isEmpty {
            let piece = rest.prefix(noise.number(3) == 0 ? 1 + noise.number(8) : noise.number(20_000))
            pieces += SampleImages.pngChunk("IDAT", Array(piece))
            rest = rest.dropFirst(piece.count)
        }
        let png =
            SampleImages.pngSignature
            + SampleImages.pngChunk(
                "IHDR", SampleImages.header(size.width, size.height, colorType: UInt8(colorType)))
            + pieces + SampleImages.pngChunk("IEND", [])
        let bitmap = try decodedPNG(png)
        for (y, row) in rows.enumerated() {
            for x in stride(from: 0, to: size.width, by: 7) {
                let pixel = Array(row[x * channels..<(x + 1) * channels]).map { Int($0) }
                let expected =
                    channels > 2
                    ? pixel + (channels == 3 ? [255] : [])
                    : Array(repeating: pixel[0], count: 3) + [channels == 2 ? pixel[1] : 255]
                guard bitmap.rgba(x, y) == expected else {
                    Issue.record("\(x), \(y): \(bitmap.rgba(x, y)) in place of \(expected)")
                    return
                }
            }
        }
        // The checksum is of all of it.
        var wrong = data
        wrong[wrong.count - 1] ^= 1
        #expect(
            rejection(
                SampleImages.png(
                    header: SampleImages.header(size.width, size.height, colorType: UInt8(colorType)), data: wrong))
                != nil)
    }

    @Test(arguments: PNGFormat.all)
    func `every format is averaged in linear light`(format: PNGFormat) throws {
        let source = PixelSize(width: 53, height: 41)
        let target = PixelSize(width: 17, height: 9)
        let bitmap = try decodedPNG(format.png(width: source.width, height: source.height), to: target)
        #expect(bitmap.size == target)
        expect(bitmap, near: averaged(source, to: target, format.rgba))
    }

    @Test(arguments: PNGFormat.all)
    func `an image that fits passes with its data untouched`(format: PNGFormat) throws {
        let png = format.png(width: 20, height: 10)
        let image = try admit(png)
        #expect(image.treatment == .passed)
        #expect(image.bytes == png)
        #expect((image.width, image.height) == (20, 10))
    }

    @Test func `a transparent colour makes alpha`() throws {
        let grey = SampleImages.png(
            width: 4, height: 1, colorType: 0, bitDepth: 8, extra: SampleImages.pngChunk("tRNS", [0, 100])
        ) { x, _ in [98 + x] }
        let bitmap = try decodedPNG(grey)
        #expect((0..<4).map { bitmap.rgba($0, 0)[3] } == [255, 255, 0, 255])
    }

    @Test func `gamma is applied`() throws {
        // Light itself: half of it is sample 188 in sRGB.
        let gamma = SampleImages.pngChunk("gAMA", SampleImages.bigEndian(100_000))
        let png = SampleImages.png(width: 8, height: 8, colorType: 0, bitDepth: 8, extra: gamma) { _, _ in [128] }
        #expect(try decodedPNG(png).samples.allSatisfy { $0 == 188 })
        let sRGB = SampleImages.pngChunk("sRGB", [0])
        let overruled = SampleImages.png(width: 8, height: 8, colorType: 0, bitDepth: 8, extra: gamma + sRGB) { _, _ in
            [128]
        }
        #expect(try decodedPNG(overruled).samples.allSatisfy { $0 == 128 })
    }

    @Test func `invisible pixels lend no colour`() throws {
        // Red that shows beside green that does not.
        let png = SampleImages.png(width: 4, height: 4, colorType: 6, bitDepth: 8) { x, _ in
            x % 2 == 0 ? [255, 0, 0, 255] : [0, 255, 0, 0]
        }
        let bitmap = try decodedPNG(png, to: PixelSize(width: 1, height: 1))
        #expect(bitmap[0, 0] == [255, 0, 0, 128])
    }

    @Test func `black and white average to half of the light`() throws {
        let png = SampleImages.png(width: 64, height: 64, colorType: 0, bitDepth: 8) { x, y in [(x + y) % 2 * 255] }
        let bitmap = try decodedPNG(png, to: PixelSize(width: 16, height: 16))
        #expect(bitmap.samples.allSatisfy { $0 == 188 })
    }
}

/// A slow, plain average to compare with: sRGB, 0...255 for each channel of each pixel.
func averaged(_ source: PixelSize, to target: PixelSize, _ pixel: (Int, Int) -> [Double]) -> [[Double]] {
    func overlaps(_ index: Int, _ source: Int, _ target: Int) -> [(Int, Double)] {
        let low = Double(index * source) / Double(target), high = Double((index + 1) * source) / Double(target)
        return (Int(low)..<min(source, Int(high.rounded(.up)))).map {
            ($0, min(Double($0 + 1), high) - max(Double($0), low))
        }
    }
    var result: [[Double]] = []
    for targetY in 0..<target.height {
        for targetX in 0..<target.width {
            var sums = [0.0, 0, 0, 0]
            var area = 0.0
            for (y, height) in overlaps(targetY, source.height, target.height) {
                for (x, width) in overlaps(targetX, source.width, target.width) {
                    let rgba = pixel(x, y)
                    let weight = width * height
                    for channel in 0..<3 { sums[channel] += decoded(rgba[channel]) * rgba[3] * weight }
                    sums[3] += rgba[3] * weight
                    area += weight
                }
            }
            let colors = sums.prefix(3).map { sums[3] > 0 ? encoded($0 / sums[3]) * 255 : 0 }
            result.append(colors + [sums[3] / area * 255])
        }
    }
    return result
}

func expect(_ bitmap: Bitmap, near expected: [[Double]], sourceLocation: SourceLocation = #_sourceLocation) {
    var worst = 0.0
    for y in 0..<bitmap.size.height {
        for x in 0..<bitmap.size.width {
            let actual = bitmap.rgba(x, y)
            let wanted = expected[y * bitmap.size.width + x]
            worst = max(worst, abs(Double(actual[3]) - wanted[3]))
            // The fainter a pixel is, the less its colour is known.
            if wanted[3] > 16 {
                for channel in 0..<3 { worst = max(worst, abs(Double(actual[channel]) - wanted[channel])) }
            }
        }
    }
    #expect(worst <= 1.01, sourceLocation: sourceLocation)
}

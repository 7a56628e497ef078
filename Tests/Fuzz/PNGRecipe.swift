import TestSupport

@testable import ImageGate

/// PNGs whose sums are right, of bytes that know nothing of sums.
///
/// Four bytes are format, width, height and palette; the rest is filters and samples, as long as it lasts.
enum PNGRecipe {
    private static let formats: [(colorType: UInt8, bitDepth: Int, channels: Int)] = [
        (0, 1, 1), (0, 2, 1), (0, 4, 1), (0, 8, 1), (0, 16, 1), (2, 8, 3), (2, 16, 3), (3, 1, 1), (3, 2, 1), (3, 4, 1),
        (3, 8, 1), (4, 8, 2), (4, 16, 2), (6, 8, 4), (6, 16, 4),
    ]

    static func png(_ bytes: [UInt8]) -> [UInt8] {
        var rest = bytes[...]
        func next() -> Int { Int(rest.popFirst() ?? 0) }
        let kind = next()
        let (colorType, bitDepth, channels) = formats[(kind >> 1) % formats.count]
        let isInterlaced = kind & 1 == 1
        let size = PixelSize(width: 1 + next() % 64, height: 1 + next() % 64)
        let choice = next()
        var extra: [UInt8] = []
        if colorType == 3 {
            let colors = UInt8(clamping: choice)
            extra += SampleImages.pngChunk("PLTE", (0...colors).flatMap { [$0, $0 &* 7, $0 &* 31] })
        }
        if choice & 1 == 1 {
            let count = [0: 2, 2: 6, 3: 1][colorType] ?? 0
            if count > 0 { extra += SampleImages.pngChunk("tRNS", (0..<count).map { _ in UInt8(next()) }) }
        }
        var raw: [UInt8] = []
        for pass in isInterlaced ? PNGReader.Pass.all(of: size).map(\.size) : [size] {
            let rowBytes = (pass.width * channels * bitDepth + 7) / 8
            for _ in 0..<pass.height {
                raw.append(UInt8(next() % 5))
                for _ in 0..<rowBytes { raw.append(UInt8(next())) }
            }
        }
        // A byte too many, now and then.
        if choice == 0x5A { raw.append(0) }
        return SampleImages.png(
            header: SampleImages.header(
                size.width, size.height, bitDepth: bitDepth, colorType: colorType, isInterlaced: isInterlaced),
            extra: extra, data: SampleImages.zlibStored(raw))
    }

    /// As far as there are whole chunks.
    static func withRightCRCs(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        var start = 8
        while start + 12 <= bytes.count {
            let length = bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
            let end = start + 8 + length
            guard end + 4 <= bytes.count else { break }
            let sum = SampleImages.crc32(Array(bytes[start + 4..<end]))
            bytes.replaceSubrange(end..<end + 4, with: SampleImages.bigEndian(Int(sum)))
            start = end + 4
        }
        return bytes
    }
}

/// Images made without any image library: what the code under test believes about a format cannot hide in them.
package enum SampleImages {
    /// A valid RGB PNG with a gradient. Its data is stored, not compressed: about 3 × width × height bytes.
    package static func png(width: Int, height: Int) -> [UInt8] {
        png(width: width, height: height, colorType: 2, bitDepth: 8) { x, y in
            [x * 255 / max(width - 1, 1), y * 255 / max(height - 1, 1), 128]
        }
    }

    /// - Parameters:
    ///   - colorType: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA.
    ///   - extra: whole chunks between IHDR and IDAT.
    ///   - pixel: the samples at a column and a row, `bitDepth` bits each.
    package static func png(
        width: Int, height: Int, colorType: UInt8, bitDepth: Int, isInterlaced: Bool = false, extra: [UInt8] = [],
        pixel: (Int, Int) -> [Int]
    ) -> [UInt8] {
        var raw: [UInt8] = []
        let passes =
            isInterlaced
            ? [(0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2)]
            : [(0, 1, 0, 1)]
        for (column, columnStep, row, rowStep) in passes where column < width {
            for y in stride(from: row, to: height, by: rowStep) {
                raw.append(0)
                raw += packed(stride(from: column, to: width, by: columnStep).flatMap { pixel($0, y) }, bitDepth)
            }
        }
        return png(
            header: header(width, height, bitDepth: bitDepth, colorType: colorType, isInterlaced: isInterlaced),
            extra: extra, data: zlibStored(raw))
    }

    /// Signature, header, whole chunks, an IDAT of `data`, IEND.
    package static func png(header: [UInt8], extra: [UInt8] = [], data: [UInt8]) -> [UInt8] {
        pngSignature + pngChunk("IHDR", header) + extra + pngChunk("IDAT", data) + pngChunk("IEND", [])
    }

    package static let pngSignature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    /// The data of IHDR.
    package static func header(
        _ width: Int, _ height: Int, bitDepth: Int = 8, colorType: UInt8 = 2, isInterlaced: Bool = false
    ) -> [UInt8] {
        bigEndian(width) + bigEndian(height) + [UInt8(bitDepth), colorType, 0, 0, isInterlaced ? 1 : 0]
    }

    package static func pngChunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + data
        return bigEndian(data.count) + body + bigEndian(Int(crc32(body)))
    }

    /// RFC 1950 around stored blocks of RFC 1951.
    package static func zlibStored(_ raw: [UInt8]) -> [UInt8] {
        var result: [UInt8] = [0x78, 0x01]
        result.reserveCapacity(raw.count + raw.count / 10_000 + 16)
        var start = 0
        repeat {
            let end = min(start + 65535, raw.count)
            let count = end - start
            result.append(end == raw.count ? 1 : 0)
            result += [UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8(~count >> 8 & 255)]
            result += raw[start..<end]
            start = end
        } while start < raw.count
        return result + bigEndian(Int(adler32(raw)))
    }

    package static func bigEndian(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    private static func packed(_ samples: [Int], _ bitDepth: Int) -> [UInt8] {
        switch bitDepth {
        case 16: return samples.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
        case 8: return samples.map { UInt8($0) }
        default:
            let perByte = 8 / bitDepth
            return stride(from: 0, to: samples.count, by: perByte).map { start in
                (0..<perByte).reduce(0) { byte, index in
                    byte << UInt8(bitDepth) | (start + index < samples.count ? UInt8(samples[start + index]) : 0)
                }
            }
        }
    }

    private static let crcTable: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    }

    package static func crc32(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0) { crcTable[Int(($0 ^ UInt32($1)) & 255)] ^ ($0 >> 8) }
    }

    private static func adler32(_ bytes: [UInt8]) -> UInt32 {
        var (low, high): (UInt32, UInt32) = (1, 0)
        for byte in bytes {
            low = (low + UInt32(byte)) % 65521
            high = (high + low) % 65521
        }
        return high << 16 | low
    }
}

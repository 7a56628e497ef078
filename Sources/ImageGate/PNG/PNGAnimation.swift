internal import CImage

/// The first frame of an animated PNG (PNG Third Edition, section 4.9).
struct PNGAnimation {
    struct Frame {
        let size: PixelSize
        let left: Int
        let top: Int
        /// The chunks of its data, each of which begins with a number.
        let data: ArraySlice<PNGChunkList.Chunk>
    }

    /// The first frame; nil if it is the image that all viewers show.
    let first: Frame?

    /// Reads an animation of two frames at least; nil for all other images. Without a valid frame there is none either,
    /// because viewers then show the image as it is.
    init?(_ chunks: PNGChunkList, _ bytes: [UInt8]) {
        let all = chunks.chunks
        guard let data = all.firstIndex(where: { $0.name == "IDAT" }),
            let control = all[..<data].first(where: { $0.name == "acTL" }), control.data.count == 8,
            bytes.bigEndian32(at: control.data.lowerBound) > 1,
            let frame = all.firstIndex(where: { $0.name == "fcTL" })
        else { return nil }
        guard frame > data else {
            first = nil
            return
        }
        let fields = all[frame].data
        guard fields.count == 26 else { return nil }
        func number(_ index: Int) -> Int { Int(bytes.bigEndian32(at: fields.lowerBound + 4 * index)) }
        let size = PixelSize(width: number(1), height: number(2))
        let whole = chunks.header.size
        let pieces = all[(frame + 1)...].prefix { $0.name == "fdAT" }
        guard size.width > 0, size.height > 0, number(3) + size.width <= whole.width,
            number(4) + size.height <= whole.height, !pieces.isEmpty, pieces.allSatisfy({ $0.data.count >= 4 })
        else { return nil }
        first = Frame(size: size, left: number(3), top: number(4), data: pieces)
    }

    /// The first frame as an image of its own, with the colours of the animation.
    func still(_ chunks: PNGChunkList, _ bytes: [UInt8]) -> [UInt8] {
        guard let first else { return bytes }
        var still = Array(bytes[..<8])
        for chunk in chunks.essentials(bytes) {
            switch chunk.name {
            case "IHDR":
                var header = Array(bytes[chunk.data])
                header.replaceSubrange(
                    0..<8, with: Self.bigEndian(first.size.width) + Self.bigEndian(first.size.height))
                Self.append("IHDR", header[...], to: &still)
            case "IDAT", "IEND": break
            default: still += bytes[chunk.range]
            }
        }
        for piece in first.data { Self.append("IDAT", bytes[piece.data].dropFirst(4), to: &still) }
        Self.append("IEND", [], to: &still)
        return still
    }

    private static func append(_ name: StaticString, _ data: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
        bytes += bigEndian(data.count)
        let start = bytes.count
        name.withUTF8Buffer { bytes += $0 }
        bytes += data
        let crc = bytes[start...].withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { cimage_crc32(0, $0, buffer.count) } ?? 0
        }
        bytes += bigEndian(Int(crc))
    }

    private static func bigEndian(_ number: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }
}

extension Bitmap {
    /// A pixel in four samples, whatever the layout is.
    func rgba(row: Int, column: Int) -> [UInt8] {
        let start = row * rowBytes + column * layout.channels
        switch layout {
        case .grey: return [samples[start], samples[start], samples[start], 255]
        case .rgb: return samples[start..<start + 3] + [255]
        case .rgba: return Array(samples[start..<start + 4])
        }
    }
}

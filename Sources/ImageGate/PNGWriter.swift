internal import CImage

/// Writes bitmaps as PNGs: grey, palette or true colour, whichever the pixels allow and is smallest.
struct PNGWriter: Sendable {
    enum Outcome: Equatable {
        case written([UInt8])
        /// The limit was reached; at this pace the whole would take about so many bytes.
        case tooLarge(estimate: Int)
    }

    /// Bytes. Encoding stops there: a try that fails costs no more than its bytes.
    let limit: Int

    func write(_ bitmap: Bitmap) throws(ImageRejection) -> Outcome {
        let reduced = bitmap.reduced()
        if let indexed = IndexedBitmap(reduced) { return try write(indexed) }
        return try encode(reduced.samples, bitmap.size, channels: reduced.layout.channels, filter: .adaptive)
    }

    /// Few colours are mostly flat areas: filters would only hide their repetitions from zlib.
    private func write(_ bitmap: IndexedBitmap) throws(ImageRejection) -> Outcome {
        try encode(
            bitmap.indices, bitmap.size, channels: 1, filter: .none, bitDepth: bitmap.bitDepth, palette: bitmap.palette)
    }

    private func encode(
        _ samples: [UInt8], _ size: PixelSize, channels: Int, filter: cimage_png_filter, bitDepth: Int = 8,
        palette: [UInt8]? = nil
    ) throws(ImageRejection) -> Outcome {
        var status = cimage_status.ok
        var rows: UInt32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: max(limit, 1)) { out, count in
            samples.withUnsafeBufferPointer { samples in
                (palette ?? []).withUnsafeBufferPointer { entries in
                    guard let pixels = samples.baseAddress, let out = out.baseAddress else { return }
                    var picture = cimage_png_picture(
                        pixels: pixels, width: UInt32(size.width), height: UInt32(size.height),
                        channels: UInt8(channels), bit_depth: UInt8(bitDepth),
                        palette: palette == nil ? nil : entries.baseAddress,
                        palette_count: UInt16(entries.count / 4), filter: filter, level: 6)
                    status = cimage_png_write(&picture, out, limit, &count, &rows)
                }
            }
        }
        switch status {
        case .ok: return .written(bytes)
        case .too_large: return .tooLarge(estimate: limit * size.height / max(1, Int(rows)))
        case .out_of_memory, .malformed: throw .outOfMemory
        }
    }
}

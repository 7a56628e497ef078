internal import CImage

/// Writes bitmaps as PNGs in grey, with a palette or in true colour, depending on the pixels.
///
/// The filter is chosen on a sample of the rows, with zlib at a fast level. Then the whole image is encoded once or
/// twice.
struct PNGWriter: Sendable {
    enum WriteResult: Equatable {
        case written([UInt8])
        /// The image does not fit. The estimate is the number of bytes that it would take.
        case tooLarge(estimate: Int)
    }

    /// The largest number of bytes. Encoding stops there, so that a failed attempt costs no more than the limit.
    let limit: Int

    func write(_ bitmap: Bitmap) throws(ImageGateError) -> WriteResult {
        let input = Input(bitmap.reduced())
        let (filter, estimate) = try bestFilter(for: input)
        // At a slow level zlib saves a fifth of the bytes of a fast level, and a third in flat pictures. An image that
        // is further over the limit is not encoded.
        if estimate > limit * 3 / 2 { return .tooLarge(estimate: estimate) }
        // The slow level saves a tenth of the bytes, and takes as long as everything else together. That is not
        // worthwhile if the image fits easily.
        let level: UInt8 = estimate <= limit / 2 ? 3 : 6
        let result = try encode(input, filter: filter, level: level, limit: limit)
        // The slowest level saves another tenth of the bytes at most.
        guard case .tooLarge(let estimate) = result, estimate < limit * 11 / 10 else { return result }
        return try encode(input, filter: filter, level: 9, limit: limit)
    }

    /// Writes a bitmap with a palette. No filter is used, because neighbouring indices are unrelated numbers.
    func write(_ indexed: IndexedBitmap, level: UInt8) throws(ImageGateError) -> WriteResult {
        try encode(Input(indexed), filter: .none, level: level, limit: limit)
    }

    /// Chooses the filter on a sample of the rows.
    ///
    /// - Returns: the filter, and an estimate of the bytes that the whole input takes.
    private func bestFilter(for input: Input) throws(ImageGateError) -> (cimage_png_filter, estimate: Int) {
        let sample = input.sampled()
        // Filters store differences to neighbours, which are of no use for indices.
        let hasShades = input.palette == nil && input.bitDepth == 8
        let filters: [cimage_png_filter] = hasShades ? [.adaptive, .none, .sub, .up] : [.none]
        var best = (filter: cimage_png_filter.none, count: sample.samples.count + 4096)
        var estimate: Int { best.count * input.size.height / sample.size.height }
        for filter in filters {
            // A single filter for all rows saves little compared with the best filter for each row, so it is not tried
            // if the input is three times too large.
            if filter == .sub, estimate > limit * 3 { break }
            if case .written(let bytes) = try encode(sample, filter: filter, level: 2, limit: best.count) {
                best = (filter, bytes.count)
            }
        }
        return (best.filter, estimate)
    }

    private func encode(
        _ input: Input, filter: cimage_png_filter, level: UInt8, limit: Int
    ) throws(ImageGateError) -> WriteResult {
        var status = cimage_status.ok
        var rows: UInt32 = 0
        var needed = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: max(limit, 1)) { out, count in
            input.samples.withUnsafeBufferPointer { samples in
                (input.palette ?? []).withUnsafeBufferPointer { entries in
                    guard let pixels = samples.baseAddress, let out = out.baseAddress else { return }
                    var facts = cimage_png_picture(
                        pixels: pixels, width: UInt32(input.size.width), height: UInt32(input.size.height),
                        channels: UInt8(input.channels), bit_depth: UInt8(input.bitDepth),
                        palette: input.palette == nil ? nil : entries.baseAddress,
                        palette_count: UInt16(entries.count / 4), filter: filter, level: level)
                    status = cimage_png_write(&facts, out, limit, &needed, &rows)
                    count = status == .ok ? needed : 0
                }
            }
        }
        switch status {
        case .ok: return .written(bytes)
        case .too_large: return .tooLarge(estimate: needed * input.size.height / max(1, Int(rows)))
        case .out_of_memory, .malformed: throw .outOfMemory
        }
    }
}

extension PNGWriter {
    /// The input of the encoder: samples, or indices into a palette.
    private struct Input {
        var size: PixelSize
        var samples: [UInt8]
        var channels: Int
        var bitDepth: Int
        /// The palette as RGBA.
        var palette: [UInt8]?

        init(_ bitmap: Bitmap) {
            if let indexed = IndexedBitmap(bitmap) {
                self.init(indexed)
            } else {
                self.init(size: bitmap.size, samples: bitmap.samples, channels: bitmap.layout.channels)
            }
        }

        init(_ indexed: IndexedBitmap) {
            self.init(
                size: indexed.size, samples: indexed.indices, channels: 1, bitDepth: indexed.bitDepth,
                palette: indexed.palette)
        }

        private init(size: PixelSize, samples: [UInt8], channels: Int, bitDepth: Int = 8, palette: [UInt8]? = nil) {
            self.size = size
            self.samples = samples
            self.channels = channels
            self.bitDepth = bitDepth
            self.palette = palette
        }

        func sampled() -> Input {
            let rowBytes = size.width * channels
            guard let rows = RowSample.rows(of: samples, rowBytes: rowBytes, height: size.height) else { return self }
            var sample = self
            sample.samples = rows
            sample.size.height = rows.count / rowBytes
            return sample
        }
    }
}

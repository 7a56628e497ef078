internal import CImage

extension Admission {
    func admitPNG(_ bytes: [UInt8]) throws(ImageGateError) -> AdmittedImage {
        let chunks = try PNGChunkList(bytes) { header throws(ImageGateError) in try checkSize(header.size, of: .png) }
        let size = chunks.header.size
        let fitted = size.fitted(shortSide: policy.shortSide, longSide: policy.longSide)
        let stripped = fitted == size ? chunks.stripped(bytes) : []
        if fitted == size, stripped.count <= policy.byteBudget {
            try validate(bytes, chunks)
            return AdmittedImage(
                bytes: stripped, type: .png, width: size.width, height: size.height,
                originalWidth: size.width, originalHeight: size.height, treatment: .passed)
        }
        let bitmap = try bitmap(of: bytes, chunks, size: fitted)
        let search = BudgetSearch(budget: policy.byteBudget, cancellation: cancellation)
        return try search.thumbnail(of: bitmap, originalSize: size)
    }

    /// Checks a PNG that is embedded in a drawing by decoding all of it, and removes metadata. The image is never made
    /// smaller.
    func strippedPNG(_ bytes: [UInt8]) throws(ImageGateError) -> [UInt8] {
        let chunks = try PNGChunkList(bytes) { header throws(ImageGateError) in try checkSize(header.size, of: .png) }
        try validate(bytes, chunks)
        return chunks.stripped(bytes)
    }

    /// Decodes all rows as far as is needed to know that they are valid, and keeps no row.
    private func validate(_ bytes: [UInt8], _ chunks: PNGChunkList) throws(ImageGateError) {
        let header = chunks.header
        try bytes.withUnsafeBufferPointer { buffer throws(ImageGateError) in
            let reader = try PNGReader(buffer, header: header, form: .stored)
            try cancellation.check()
            guard header.hasPalette else { return try reader.checkRows(header) }
            var rows = header.passes.reduce(0) { $0 + $1.height }
            while rows > 0 {
                try cancellation.check()
                let batch = min(rows, 256)
                try reader.read(batch, into: nil)
                rows -= batch
            }
            try reader.finish(chunks)
        }
    }

    /// Decodes all rows into a bitmap of `size`, which is at most the image's.
    func bitmap(of bytes: [UInt8], _ chunks: PNGChunkList, size: PixelSize) throws(ImageGateError) -> Bitmap {
        let gamma = chunks.unusualGamma(bytes)
        return try bytes.withUnsafeBufferPointer { buffer throws(ImageGateError) in
            try bitmap(of: buffer, chunks, gamma: gamma, size: size)
        }
    }

    private func bitmap(
        of bytes: UnsafeBufferPointer<UInt8>, _ chunks: PNGChunkList, gamma: Double?, size: PixelSize
    ) throws(ImageGateError) -> Bitmap {
        let reader = try PNGReader(bytes, header: chunks.header, form: .samples)
        guard let layout = Bitmap.Layout(rawValue: Int(reader.layout.channels)) else {
            throw .malformed(.png, why: "PNG has \(reader.layout.channels) channels")
        }
        let target = ThumbnailTarget(size: size, layout: layout, cancellation: cancellation)
        switch reader.layout.bits_per_sample {
        case 16:
            let light = gamma.map { .power($0, sampleLimit: 65535) } ?? LinearLight.sRGB16
            return try target.draw(reader, chunks, light, UInt16.self)
        default:
            let light = gamma.map { .power($0, sampleLimit: 255) } ?? LinearLight.sRGB8
            return try target.draw(reader, chunks, light, UInt8.self)
        }
    }
}

/// Streams a reader's rows into a scaler.
private struct ThumbnailTarget {
    let size: PixelSize
    let layout: Bitmap.Layout
    let cancellation: Cancellation

    func draw<Sample: ImageSample>(
        _ reader: borrowing PNGReader, _ chunks: PNGChunkList, _ light: LinearLight, _: Sample.Type
    ) throws(ImageGateError) -> Bitmap {
        let header = chunks.header
        let rowBytes = reader.layout.row_bytes
        // A batch stays in the second-level cache between libpng and the scaler.
        let batch = header.isInterlaced ? 1 : min(max(1, (128 << 10) / rowBytes), header.size.height)
        let rows = UnsafeMutableRawPointer.allocate(byteCount: rowBytes * batch, alignment: 16)
        defer { rows.deallocate() }
        let samples = rows.bindMemory(to: Sample.self, capacity: rowBytes * batch / MemoryLayout<Sample>.size)
        let bytes = UnsafeMutableRawPointer(samples).assumingMemoryBound(to: UInt8.self)

        if header.isInterlaced {
            var scaler = InterlacedBoxScaler(from: header.size, to: size, layout: layout, light: light)
            for pass in PNGReader.Pass.all(of: header.size) {
                for row in 0..<pass.size.height {
                    if row.isMultiple(of: 64) { try cancellation.check() }
                    try reader.read(1, into: bytes)
                    scaler.add(samples, row: row, of: pass)
                }
            }
            try reader.finish(chunks)
            return scaler.bitmap()
        }
        var scaler = BoxScaler(from: header.size, to: size, layout: layout, light: light)
        var left = header.size.height
        while left > 0 {
            try cancellation.check()
            let count = min(left, batch)
            try reader.read(count, into: bytes)
            scaler.add(samples, rows: count)
            left -= count
        }
        try reader.finish(chunks)
        return scaler.bitmap
    }
}

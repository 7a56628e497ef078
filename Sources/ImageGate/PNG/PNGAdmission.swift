internal import CImage

extension Admission {
    func admitPNG(_ bytes: [UInt8]) throws(ImageGateError) -> AdmittedImage {
        let chunks = try checkedChunks(bytes)
        guard let animation = PNGAnimation(chunks, bytes) else { return try admitStill(bytes, chunks, nil) }
        // The image that viewers show which know no animations need not be the first frame.
        guard let frame = animation.first else {
            return try admitStill(bytes, chunks, .firstFrame(of: .png))
        }
        try validate(bytes, chunks)
        let still = animation.still(chunks, bytes)
        let stillChunks = try checkedChunks(still)
        let canvas = Canvas(size: chunks.header.size, left: frame.left, top: frame.top, frame: frame.size)
        guard !canvas.isCovered else { return try admitStill(still, stillChunks, .firstFrame(of: .png)) }
        let bitmap = try bitmap(of: still, stillChunks, size: frame.size).converted(from: chunks.profile(bytes))
        let placed = try canvas.bitmap(.rgba, fittedTo: policy, cancellation) { row, samples in
            for column in 0..<frame.size.width { samples += bitmap.rgba(row: row, column: column) }
        }
        return try thumbnail(of: placed, originalSize: canvas.size, .firstFrame(of: .png))
    }

    /// - Parameter treatment: nil for what the image itself needs.
    private func admitStill(
        _ bytes: [UInt8], _ chunks: PNGChunkList, _ treatment: AdmittedImage.Treatment?
    ) throws(ImageGateError) -> AdmittedImage {
        let size = chunks.header.size
        let orientation = chunks.orientation(bytes)
        let seen = orientation.swapsSides ? size.transposed : size
        let fitted = seen.fitted(shortSide: policy.shortSide, longSide: policy.longSide)
        let passes = fitted == seen && orientation == .upright && chunks.keepsColors(bytes)
        let stripped = passes ? chunks.stripped(bytes) : []
        if !stripped.isEmpty, stripped.count <= policy.byteBudget, try isShownByAll(bytes, chunks) {
            return AdmittedImage(
                bytes: stripped, type: .png, width: size.width, height: size.height,
                originalWidth: size.width, originalHeight: size.height, treatment: treatment ?? .passed)
        }
        let bitmap = try bitmap(of: bytes, chunks, size: orientation.swapsSides ? fitted.transposed : fitted)
        return try thumbnail(
            of: bitmap.converted(from: chunks.profile(bytes)).oriented(orientation), originalSize: seen,
            treatment ?? .thumbnailed)
    }

    /// Decodes all rows, and keeps none.
    ///
    /// - Returns: whether the image can be seen on every page, and is the same in all viewers. Of an index past the
    ///   palette they do not show the same.
    private func isShownByAll(_ bytes: [UInt8], _ chunks: PNGChunkList) throws(ImageGateError) -> Bool {
        guard policy.ground == .white, chunks.mayBeTransparent else { return try validate(bytes, chunks) }
        let header = chunks.header
        // Such an image is rare, so its pixels may be in memory as a whole.
        guard !header.isInterlaced, header.bitDepth <= 8 else {
            let bitmap = try bitmap(of: bytes, chunks, size: header.size)
            guard !bitmap.hasInkOnTransparency else { return false }
            return header.hasPalette ? try validate(bytes, chunks) : true
        }
        return try bytes.withUnsafeBufferPointer { buffer throws(ImageGateError) in
            let reader = try PNGReader(buffer, chunks, form: .samples)
            guard reader.layout.channels == 4, reader.layout.bits_per_sample == 8 else {
                throw .malformed(.png, why: "PNG has \(reader.layout.channels) channels")
            }
            var search = InkSearch(width: header.size.width)
            for index in 0..<header.size.height {
                if index.isMultiple(of: 64) { try cancellation.check() }
                try search.add { row throws(ImageGateError) in try reader.read(1, into: row) }
            }
            try reader.finish(chunks)
            return !reader.isPastPalette && !search.finds()
        }
    }

    private func checkedChunks(_ bytes: [UInt8]) throws(ImageGateError) -> PNGChunkList {
        try PNGChunkList(bytes) { header throws(ImageGateError) in try checkSize(header.size, of: .png) }
    }

    /// Checks a PNG that is embedded in a drawing by decoding all of it, and removes metadata. It is never made smaller.
    /// librsvg heeds no orientation and no profile, so an image that has one is drawn anew.
    func embeddedPNG(_ bytes: [UInt8]) throws(ImageGateError) -> [UInt8] {
        let chunks = try checkedChunks(bytes)
        let (size, orientation) = (chunks.header.size, chunks.orientation(bytes))
        let layout: Bitmap.Layout = chunks.header.colorType & 2 == 0 ? .grey : .rgb
        let isPlain =
            orientation == .upright && chunks.unusualGamma(bytes) == nil
            && !(chunks.profile(bytes)?.matters(for: layout) ?? false)
        guard !isPlain, size.area <= SVGLimit.embeddedPixels else {
            try validate(bytes, chunks)
            return chunks.stripped(bytes)
        }
        let bitmap = try bitmap(of: bytes, chunks, size: size).converted(from: chunks.profile(bytes))
        return try png(bitmap.oriented(orientation))
    }

    /// A bitmap as it is, as PNG.
    func png(_ bitmap: Bitmap) throws(ImageGateError) -> [UInt8] {
        guard case .written(let bytes) = try PNGWriter(limit: policy.inputByteLimit).write(bitmap.reduced()) else {
            throw .overBudget(limit: policy.inputByteLimit)
        }
        return bytes
    }

    /// Decodes all rows as far as is needed to know that they are valid, and keeps no row.
    ///
    /// - Returns: whether all viewers show the same. Of an index past the palette they do not.
    @discardableResult
    private func validate(_ bytes: [UInt8], _ chunks: PNGChunkList) throws(ImageGateError) -> Bool {
        let header = chunks.header
        return try bytes.withUnsafeBufferPointer { buffer throws(ImageGateError) in
            let reader = try PNGReader(buffer, chunks, form: .stored)
            try cancellation.check()
            guard header.hasPalette else {
                try reader.checkRows(header)
                return true
            }
            var rows = header.passes.reduce(0) { $0 + $1.height }
            while rows > 0 {
                try cancellation.check()
                let batch = min(rows, 256)
                try reader.read(batch, into: nil)
                rows -= batch
            }
            try reader.finish(chunks)
            return !reader.isPastPalette
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
        let reader = try PNGReader(bytes, chunks, form: .samples)
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

extension Admission {
    /// Decodes the first image, turns it as its orientation says, and encodes it again, so that no byte of the file
    /// itself is passed on.
    func admitWebP(_ bytes: [UInt8]) throws(ImageGateError) -> AdmittedImage {
        let file = try WebPFile(bytes) { size throws(ImageGateError) in try checkSize(size, of: .webp) }
        let (bitmap, size) = try bytes.withUnsafeBufferPointer { buffer throws(ImageGateError) in
            try drawn(file, UnsafeBufferPointer(rebasing: buffer[file.first.image]))
        }
        return try thumbnail(
            of: bitmap.converted(from: file.profile).oriented(file.orientation),
            originalSize: file.orientation.swapsSides ? size.transposed : size,
            file.isAnimated ? .firstFrame(of: .webp) : .converted(from: .webp))
    }

    /// Returns the canvas scaled to the box, and its original size.
    private func drawn(
        _ file: WebPFile, _ image: UnsafeBufferPointer<UInt8>
    ) throws(ImageGateError) -> (Bitmap, PixelSize) {
        let reader = try WebPReader(image)
        let canvas = Canvas(
            size: file.canvas ?? reader.size, left: file.first.left, top: file.first.top, frame: reader.size)
        try checkSize(canvas.size, of: .webp)
        guard file.first.size ?? reader.size == reader.size, canvas.left + canvas.frame.width <= canvas.size.width,
            canvas.top + canvas.frame.height <= canvas.size.height
        else { throw .malformed(.webp, why: "WebP has an image of another size than it says") }
        guard reader.heldCount <= Self.heldLimit else {
            // In a lossless image each row may refer to any row before it, so the library holds all rows, even if it
            // scales them.
            throw .forbidden(.webp, what: "over \(Self.heldLimit / 4_000_000) megapixels, lossless or transparent")
        }
        try cancellation.check()
        let isSmall = reader.heldCount + reader.count <= Self.heldLimit
        if canvas.isCovered {
            let target = canvas.size.fitted(shortSide: policy.shortSide, longSide: policy.longSide)
            let size = isSmall ? canvas.size : canvas.size.coarsest(for: target)
            return (try reader.bitmap(size).scaled(to: target), canvas.size)
        }
        guard isSmall else { throw .forbidden(.webp, what: "a large frame that leaves part of its canvas free") }
        return (try placed(try reader.bitmap(reader.size), on: canvas), canvas.size)
    }

    private func placed(_ frame: Bitmap, on canvas: Canvas) throws(ImageGateError) -> Bitmap {
        try canvas.bitmap(.rgba, fittedTo: policy, cancellation) { row, samples in
            let start = row * frame.rowBytes
            guard frame.layout != .rgba else {
                samples += frame.samples[start..<start + frame.rowBytes]
                return
            }
            for pixel in stride(from: start, to: start + frame.rowBytes, by: 3) {
                samples += frame.samples[pixel..<pixel + 3]
                samples.append(255)
            }
        }
    }

    /// The largest number of bytes that the library may hold. They suffice for 33 megapixels of a lossless image, or
    /// for half of that if the library does not scale while it decodes. For a lossy image without alpha the library
    /// holds only a few rows.
    private static let heldLimit = 128 << 20
}

extension PixelSize {
    /// Returns the size to which the library may scale. The library does not scale in linear light, so it leaves at
    /// least two pixels for each pixel of the target to the gate's own averaging, which keeps edges as sharp as from
    /// the original.
    fileprivate func coarsest(for target: PixelSize) -> PixelSize {
        PixelSize(width: min(width, 2 * target.width), height: min(height, 2 * target.height))
    }
}

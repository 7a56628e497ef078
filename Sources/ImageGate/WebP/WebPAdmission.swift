extension Admission {
    /// The first image, drawn anew and turned as it is meant to be seen: nothing of the file itself is passed on.
    func admitWebP(_ bytes: [UInt8]) throws(ImageGateError) -> AdmittedImage {
        let file = try WebPFile(bytes) { size throws(ImageGateError) in try checkSize(size, of: .webp) }
        let (bitmap, size) = try bytes.withUnsafeBufferPointer { buffer throws(ImageGateError) in
            try drawn(file, UnsafeBufferPointer(rebasing: buffer[file.first.image]))
        }
        let search = BudgetSearch(
            budget: policy.byteBudget, cancellation: cancellation,
            treatment: file.isAnimated ? .firstFrame(of: .webp) : .converted(from: .webp))
        return try search.thumbnail(
            of: bitmap.oriented(file.orientation), originalSize: file.orientation.swapsSides ? size.transposed : size)
    }

    /// The canvas, within the box, and its size.
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
            // Each row may repeat any that came before: the library holds them all, whatever it is asked for.
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

    /// Bytes: 33 megapixels of a lossless image, half of them when it is not averaged while it is decoded. Of a lossy one
    /// without alpha the decoder holds a few rows, whatever its size.
    private static let heldLimit = 128 << 20
}

extension PixelSize {
    /// What the decoder may average to, which it does without regard to light. It leaves our own averaging two pixels for
    /// each, which keeps edges as sharp as from the original.
    fileprivate func coarsest(for target: PixelSize) -> PixelSize {
        PixelSize(width: min(width, 2 * target.width), height: min(height, 2 * target.height))
    }
}

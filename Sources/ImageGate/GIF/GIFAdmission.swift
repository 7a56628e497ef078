extension Admission {
    /// Decodes the first image and encodes it anew, so that nothing of the file itself is passed on.
    func admitGIF(_ bytes: [UInt8]) throws(ImageGateError) -> AdmittedImage {
        let file = try GIFFile(bytes) { size throws(ImageGateError) in try checkSize(size, of: .gif) }
        try cancellation.check()
        let frame = file.first
        let pixels = try GIFPixels.unpacked(frame, of: bytes, cancellation)
        let canvas = Canvas(size: file.size, left: frame.left, top: frame.top, frame: frame.size)
        let layout: Bitmap.Layout = canvas.isCovered && frame.transparentIndex == nil ? .rgb : .rgba
        let colors = frame.colors(layout)
        let bitmap = try canvas.bitmap(layout, fittedTo: policy, cancellation) { row, samples in
            let start = frame.storedRow(row) * frame.size.width
            for pixel in pixels[start..<start + frame.size.width] {
                let color = Int(pixel) * layout.channels
                for channel in 0..<layout.channels { samples.append(colors[color + channel]) }
            }
        }
        return try thumbnail(
            of: bitmap, originalSize: file.size,
            file.isAnimated ? .firstFrame(of: .gif) : .converted(from: .gif))
    }
}

extension GIFFile.Frame {
    /// The samples of 256 colours, one after the other. The transparent colour is all zeros; colours past the palette
    /// are black, as in browsers.
    fileprivate func colors(_ layout: Bitmap.Layout) -> [UInt8] {
        let whole = Array(palette) + Array(repeating: 0, count: max(0, 768 - palette.count))
        guard layout == .rgba else { return whole }
        return (0..<256).flatMap { index -> [UInt8] in
            let isTransparent = transparentIndex.map { index == Int($0) } ?? false
            return isTransparent ? [0, 0, 0, 0] : whole[3 * index..<3 * index + 3] + [255]
        }
    }

    /// The stored row that is shown at `row`. Interlaced images store every eighth row first, then those half-way
    /// between, and so on. GIF89a, appendix E.
    fileprivate func storedRow(_ row: Int) -> Int {
        guard isInterlaced else { return row }
        let height = size.height
        let (eighths, more, quarters) = ((height + 7) / 8, (height + 3) / 8, (height + 1) / 4)
        if row.isMultiple(of: 8) { return row / 8 }
        if row.isMultiple(of: 4) { return eighths + row / 8 }
        if row.isMultiple(of: 2) { return eighths + more + row / 4 }
        return eighths + more + quarters + row / 2
    }
}

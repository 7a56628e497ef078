extension Admission {
    func admitJPEG(_ bytes: [UInt8]) throws(ImageGateError) -> AdmittedImage {
        let segments = try checkedSegments(bytes)
        let frame = segments.frame
        let orientation = segments.orientation(bytes)
        let seen = orientation.swapsSides ? frame.size.transposed : frame.size
        let fitted = seen.fitted(shortSide: policy.shortSide, longSide: policy.longSide)
        // Not every viewer shows CMYK, and viewers that do disagree on the colours, so such an image is converted to
        // RGB.
        let isShownByAll = orientation == .upright && frame.sampling.count <= 3
        let passes =
            fitted == seen && isShownByAll && segments.strippedCount(bytes) <= policy.byteBudget
            && segments.keepsColors(bytes)
        let target = orientation.swapsSides ? fitted.transposed : fitted
        let profile = passes ? nil : segments.profile(bytes)
        let bitmap = try bytes.withUnsafeBufferPointer { buffer throws(ImageGateError) in
            try JPEGReader().bitmap(
                segments.image(in: buffer), frame: frame,
                scale: passes ? .eighth : scale(from: frame.size, to: target), profile: profile)
        }
        if passes {
            return AdmittedImage(
                bytes: segments.stripped(bytes), type: .jpeg, width: seen.width, height: seen.height,
                originalWidth: seen.width, originalHeight: seen.height, treatment: .passed)
        }
        try cancellation.check()
        let thumbnail = bitmap.scaled(to: target).converted(from: profile).oriented(orientation)
        let search = BudgetSearch(budget: policy.byteBudget, cancellation: cancellation)
        return try search.photograph(of: thumbnail, originalSize: seen)
    }

    /// Checks a JPEG that is embedded in a drawing by decoding all of it, and removes metadata. It is never made smaller.
    /// librsvg heeds no orientation and no profile, and of CMYK no absent marker, so such an image is drawn anew.
    func embeddedJPEG(_ bytes: [UInt8]) throws(ImageGateError) -> [UInt8] {
        let segments = try checkedSegments(bytes)
        let (frame, orientation) = (segments.frame, segments.orientation(bytes))
        let profile = segments.profile(bytes)
        let isPlain =
            orientation == .upright && frame.sampling.count <= 3
            && !(profile?.matters(for: frame.sampling.count == 1 ? .grey : .rgb) ?? false)
        let isRedrawn = !isPlain && frame.size.area <= SVGLimit.embeddedPixels
        let bitmap = try bytes.withUnsafeBufferPointer { buffer throws(ImageGateError) in
            try JPEGReader().bitmap(
                segments.image(in: buffer), frame: frame, scale: isRedrawn ? .full : .eighth, profile: profile)
        }
        guard isRedrawn else { return segments.stripped(bytes) }
        let drawn = bitmap.converted(from: profile).oriented(orientation)
        return try JPEGWriter(.quick).write(drawn, quality: .init(level: 95, isFullColor: true))
    }

    /// Reads the segments, and checks that the image is small enough to be decoded.
    private func checkedSegments(_ bytes: [UInt8]) throws(ImageGateError) -> JPEGSegments {
        let segments = try JPEGSegments(bytes) { frame throws(ImageGateError) in
            try checkSize(frame.size, of: .jpeg)
        }
        try checkScans(segments)
        try cancellation.check()
        return segments
    }

    /// Limits memory and time for images in several scans. For such an image, the decoder holds all coefficients, and
    /// passes over all of them in each scan; for an image in one scan it holds a few rows of blocks.
    private func checkScans(_ segments: JPEGSegments) throws(ImageGateError) {
        let frame = segments.frame
        guard frame.isProgressive || segments.scanCount > 1 else { return }
        guard frame.coefficientBytes <= Self.coefficientLimit else {
            throw .forbidden(.jpeg, what: "several scans, too large to hold")
        }
        guard segments.scanCount * frame.size.area <= Self.scannedPixelLimit else {
            throw .forbidden(.jpeg, what: "too many scans for its size")
        }
    }

    /// Returns the coarsest scale that leaves at least two pixels for each pixel of the target, so that averaging keeps
    /// edges as sharp as it would from the original.
    private func scale(from size: PixelSize, to target: PixelSize) -> JPEGReader.Scale {
        let enough = JPEGReader.Scale.allCases.filter { scale in
            PixelSize(width: 2 * target.width, height: 2 * target.height).fits(scale.size(of: size))
        }
        return enough.max() ?? .full
    }

    /// The largest number of bytes of coefficients. It suffices for 64 megapixels at full colour resolution, and for
    /// the largest image at half.
    private static let coefficientLimit = 384 << 20
    /// The largest number of pixels times scans. It suffices for ten scans, which is what encoders make, of the largest
    /// image that the limit of coefficients allows.
    private static let scannedPixelLimit = 900_000_000
}

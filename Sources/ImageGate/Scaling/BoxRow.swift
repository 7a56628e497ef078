internal import Glibc

/// A sample of 8 or 16 bits.
protocol ImageSample: FixedWidthInteger & UnsignedInteger & Sendable {
    /// The sample's value as alpha, 0...255.
    var alpha: Int { get }
}

extension UInt8: ImageSample {
    var alpha: Int { Int(self) }
}

extension UInt16: ImageSample {
    var alpha: Int { (Int(self) * 255 + 32767) / 65535 }
}

/// The inner loops of averaging. They read each sample of the source once, and use tables and integers without a branch
/// for each pixel.
///
/// Sums are weighted in the units of `BoxEdges`. The colours of pixels with alpha are summed as light × alpha.
enum BoxRow {
    /// Sums the samples of a row for each target pixel.
    ///
    /// - Parameter above: the row before, if `line` has its sums. The sums are kept where both rows are equal, as they
    ///   are nearly everywhere in plots and text.
    static func sum<Sample: ImageSample>(
        _ row: UnsafePointer<Sample>, above: UnsafePointer<Sample>?, into line: inout [Float], columns: BoxEdges,
        layout: Bitmap.Layout, light: [UInt16]
    ) {
        line.withUnsafeMutableBufferPointer { line in
            columns.edges.withUnsafeBufferPointer { edges in
                light.withUnsafeBufferPointer { light in
                    guard let line = line.baseAddress, let light = light.baseAddress else { return }
                    switch layout {
                    case .grey: sum(row, above, line, edges, GreyPixel<Sample>.self, light)
                    case .rgb: sum(row, above, line, edges, RGBPixel<Sample>.self, light)
                    case .rgba: sum(row, above, line, edges, RGBAPixel<Sample>.self, light)
                    }
                }
            }
        }
    }

    /// The number of target pixels that are compared with the row above at a time: few enough that a line across a plot
    /// affects few stretches, and enough to make the comparison worthwhile.
    private static let stretch = 16

    @inline(__always)
    private static func sum<Pixel: BoxPixel>(
        _ row: UnsafePointer<Pixel.Sample>, _ above: UnsafePointer<Pixel.Sample>?, _ line: UnsafeMutablePointer<Float>,
        _ edges: UnsafeBufferPointer<Int>, _: Pixel.Type, _ light: UnsafePointer<UInt16>
    ) {
        let one = BoxEdges.one
        let count = edges.count - 1
        for first in stride(from: 0, to: count, by: stretch) {
            let targets = first..<min(first + stretch, count)
            if let above {
                let start = edges[targets.lowerBound] / one * Pixel.channels
                let end = (edges[targets.upperBound] + one - 1) / one * Pixel.channels
                let size = (end - start) * MemoryLayout<Pixel.Sample>.stride
                if memcmp(row + start, above + start, size) == 0 { continue }
            }
            sum(row, line, targets, edges, Pixel.self, light)
        }
    }

    @inline(__always)
    private static func sum<Pixel: BoxPixel>(
        _ row: UnsafePointer<Pixel.Sample>, _ line: UnsafeMutablePointer<Float>, _ targets: Range<Int>,
        _ edges: UnsafeBufferPointer<Int>, _: Pixel.Type, _ light: UnsafePointer<UInt16>
    ) {
        let one = BoxEdges.one
        // The first source pixel of the stretch. If the target pixel begins within it, only its right part is added.
        let (first, before) = edges[targets.lowerBound].quotientAndRemainder(dividingBy: one)
        var pixel = first
        var pointer = row + first * Pixel.channels
        var out = line + targets.lowerBound * Pixel.channels
        var total = Pixel()
        if before > 0 {
            var shared = Pixel()
            shared.add(pointer, light)
            pointer += Pixel.channels
            pixel += 1
            total.add(shared, times: one - before)
        }
        for target in targets {
            let (end, share) = edges[target + 1].quotientAndRemainder(dividingBy: one)
            var whole = Pixel()
            while pixel < end {
                whole.add(pointer, light)
                pointer += Pixel.channels
                pixel += 1
            }
            total.add(whole, times: one)
            if share > 0 {
                var shared = Pixel()
                shared.add(pointer, light)
                pointer += Pixel.channels
                pixel += 1
                total.add(shared, times: share)
                total.store(out)
                total = Pixel()
                total.add(shared, times: one - share)
            } else {
                total.store(out)
                total = Pixel()
            }
            out += Pixel.channels
        }
    }

    /// Converts the sums of one row to sRGB samples.
    static func encode(
        _ sums: UnsafeBufferPointer<Float>, into samples: UnsafeMutableBufferPointer<UInt8>, layout: Bitmap.Layout,
        columns: BoxEdges, rowSpan: Int
    ) {
        LinearLight.encoded.withUnsafeBufferPointer { encoded in
            columns.edges.withUnsafeBufferPointer { edges in
                guard let encoded = encoded.baseAddress, let edges = edges.baseAddress, let sums = sums.baseAddress,
                    let samples = samples.baseAddress
                else { return }
                @inline(__always)
                func sample(_ light: Float) -> UInt8 { encoded[Int(min(max(light + 0.5, 0), 65535))] }
                let channels = layout.channels
                for target in 0..<columns.count {
                    let area = Float(edges[target + 1] - edges[target]) * Float(rowSpan)
                    let start = target * channels
                    guard layout == .rgba else {
                        let scale = 1 / area
                        for channel in start..<start + channels { samples[channel] = sample(sums[channel] * scale) }
                        continue
                    }
                    let alpha = sums[start + 3]
                    let scale = alpha > 0 ? 1 / alpha : 0
                    for channel in start..<start + 3 { samples[channel] = sample(sums[channel] * scale) }
                    samples[start + 3] = UInt8(min(alpha / area + 0.5, 255))
                }
            }
        }
    }
}

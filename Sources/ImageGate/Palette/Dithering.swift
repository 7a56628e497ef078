/// Floyd–Steinberg dithering in alternating directions, which distributes the error of a pixel's colour to its
/// neighbours.
///
/// A pixel whose exact colour is in the palette gets it, and passes no error on. So flat areas stay flat, letters keep
/// their edges, and both compress well. Noise appears only where the palette lacks shades.
struct Dithering {
    let palette: ColorPalette
    /// The share of an error that is passed on. The value 1 preserves the average colour.
    let strength: Float

    /// The squared distance below which two colours count as equal.
    private static let exact: Float = 1.5
    /// The largest error on each axis, in steps of a sample. If the palette has no near colour, unlimited errors would
    /// add up and appear as streaks.
    private static let errorLimit: Float = 32

    /// Returns an index into the palette for each pixel.
    func indices(of bitmap: Bitmap) -> [UInt8] {
        let width = bitmap.size.width
        // An extra element on each side takes the errors that are passed beyond the edge.
        var current = [ColorVector](repeating: .zero, count: width + 2)
        var below = current
        var cache = NearestColorCache()
        return [UInt8](unsafeUninitializedCapacity: bitmap.size.area) { out, count in
            bitmap.samples.withUnsafeBufferPointer { samples in
                guard let base = samples.baseAddress, let out = out.baseAddress else { return }
                for row in 0..<bitmap.size.height {
                    current.withUnsafeMutableBufferPointer { current in
                        below.withUnsafeMutableBufferPointer { below in
                            diffuse(
                                Row(
                                    samples: base + row * bitmap.rowBytes, layout: bitmap.layout, width: width,
                                    isReversed: !row.isMultiple(of: 2)),
                                current, below, &cache, into: out + row * width)
                        }
                    }
                    swap(&current, &below)
                    for index in below.indices { below[index] = .zero }
                }
            }
            count = bitmap.size.area
        }
    }

    private struct Row {
        let samples: UnsafePointer<UInt8>
        let layout: Bitmap.Layout
        let width: Int
        let isReversed: Bool
    }

    private func diffuse(
        _ row: Row, _ current: UnsafeMutableBufferPointer<ColorVector>,
        _ below: UnsafeMutableBufferPointer<ColorVector>, _ cache: inout NearestColorCache,
        into out: UnsafeMutablePointer<UInt8>
    ) {
        let step = row.isReversed ? -1 : 1
        var column = row.isReversed ? row.width - 1 : 0
        var color = PackedColor(row.samples + column * row.layout.channels, row.layout)
        var point = ColorPoint(color)
        // The index of the colour nearest to the pixel itself, without errors of its neighbours.
        var plain = palette.nearest(to: point, guess: 0)
        var chosen = plain
        for _ in 0..<row.width {
            let next = PackedColor(row.samples + column * row.layout.channels, row.layout)
            if next != color {
                color = next
                point = ColorPoint(color)
                plain = cache.nearest(to: point, in: palette)
            }
            let place = column + 1
            if point.distanceSquared(palette.points[plain]) < Self.exact {
                chosen = plain
            } else {
                let wanted = ColorPoint(
                    axes: point.axes + current[place].limited(to: Self.errorLimit))
                chosen = cache.nearest(to: wanted, in: palette)
                let error = (wanted.axes - palette.points[chosen].axes) * (strength / 16)
                current[place + step] += error * 7
                below[place - step] += error * 3
                below[place] += error * 5
                below[place + step] += error
            }
            out[column] = UInt8(truncatingIfNeeded: chosen)
            column += step
        }
    }
}

/// A cache of the colours that were nearest to points of the same neighbourhood. They mostly are still nearest or
/// nearly so, which makes the search short.
private struct NearestColorCache {
    private var indices = [UInt8](repeating: 0, count: 1 << 15)

    @inline(__always)
    mutating func nearest(to point: ColorPoint, in palette: ColorPalette) -> Int {
        let axes = point.axes
        let slot = Self.part(axes.x) | Self.part(axes.y + 128) << 5 | Self.part(axes.z + 128) << 10
        let index = palette.nearest(to: point, guess: Int(indices[slot]))
        indices[slot] = UInt8(truncatingIfNeeded: index)
        return index
    }

    /// Quantises a value on an axis to neighbourhoods of eight steps.
    @inline(__always)
    private static func part(_ value: Float) -> Int { Int(min(max(value, 0), 255)) >> 3 }
}

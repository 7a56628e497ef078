/// Floyd–Steinberg's error diffusion, each row in the other direction: what a pixel's colour is off, its neighbours make up for.
///
/// A pixel whose very colour is in the palette gets it, and ends the error: flat paper stays flat, letters keep their edge,
/// and both compress. Only where shades are missing is there a grain.
struct Dithering {
    let palette: ColorPalette
    /// How much of an error is handed on: 1 keeps the mean.
    let strength: Float

    /// Steps, squared, that nobody sees.
    private static let exact: Float = 1.5
    /// Steps: where the palette has nothing near, errors would pile up and run on as streaks.
    private static let errorLimit: Float = 32

    /// One index into the palette for each pixel.
    func indices(of bitmap: Bitmap) -> [UInt8] {
        let width = bitmap.size.width
        // One to the left and one to the right catch what leaves.
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
        // Without any error.
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

/// What was nearest to a point's neighbourhood last: mostly still is, or nearly so, and then the search is short.
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

    /// Eight steps are one.
    @inline(__always)
    private static func part(_ value: Float) -> Int { Int(min(max(value, 0), 255)) >> 3 }
}

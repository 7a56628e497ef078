/// Floyd–Steinberg's error diffusion, each row in the other direction: what a pixel's colour is off, its neighbours make up for.
///
/// A pixel whose very colour is in the palette gets it, and ends the error: flat paper stays flat, letters keep their edge,
/// and both compress. Only where shades are missing is there a grain.
struct Diffusion {
    let palette: ColorPalette
    /// How much of an error is handed on: 1 keeps the mean, 0 takes the nearest colour everywhere.
    let strength: Float

    /// Steps, squared, that nobody sees.
    private static let exact: Float = 1.5
    /// Steps: where the palette has nothing near, errors would pile up and run on as streaks.
    private static let errorLimit: Float = 32

    /// One index into the palette for each pixel.
    func indices(of bitmap: Bitmap) -> [UInt8] { strength > 0 ? diffused(bitmap) : nearest(bitmap) }

    private func nearest(_ bitmap: Bitmap) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: bitmap.size.area) { out, count in
            bitmap.samples.withUnsafeBufferPointer { samples in
                guard let base = samples.baseAddress else { return }
                var color = PackedColor(base, bitmap.layout)
                var chosen = palette.nearest(to: ColorPoint(color), guess: 0)
                var known = KnownColors()
                for pixel in 0..<bitmap.size.area {
                    let next = PackedColor(base + pixel * bitmap.layout.channels, bitmap.layout)
                    if next != color {
                        color = next
                        chosen = known.index(of: color) { palette.nearest(to: ColorPoint(color), guess: chosen) }
                    }
                    out[pixel] = UInt8(truncatingIfNeeded: chosen)
                }
            }
            count = bitmap.size.area
        }
    }

    private func diffused(_ bitmap: Bitmap) -> [UInt8] {
        let width = bitmap.size.width
        // One to the left and one to the right catch what leaves.
        var current = [ColorVector](repeating: .zero, count: width + 2)
        var below = current
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
                                current, below, into: out + row * width)
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
        _ below: UnsafeMutableBufferPointer<ColorVector>, into out: UnsafeMutablePointer<UInt8>
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
                plain = palette.nearest(to: point, guess: plain)
            }
            let place = column + 1
            if point.distanceSquared(palette.points[plain]) < Self.exact {
                chosen = plain
            } else {
                let wanted = ColorPoint(
                    axes: point.axes + current[place].limited(to: Self.errorLimit))
                chosen = palette.nearest(to: wanted, guess: chosen)
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

/// The answers for some thousand colours: letters have the same shades again and again.
private struct KnownColors {
    private var slots = [(bits: UInt32, index: Int32)](repeating: (0, -1), count: 1 << Self.exponent)
    private static let exponent: UInt32 = 12

    @inline(__always)
    mutating func index(of color: PackedColor, otherwise find: () -> Int) -> Int {
        let slot = Int((color.bits &* 0x9E37_79B1) >> (32 - Self.exponent))
        if slots[slot].index >= 0, slots[slot].bits == color.bits { return Int(slots[slot].index) }
        let index = find()
        slots[slot] = (color.bits, Int32(index))
        return index
    }
}

/// The orientation of Exif, which says where the first row and the first column of the stored image belong (Exif 2.32,
/// section 4.6.4.A).
enum Orientation: Int, Sendable, CaseIterable {
    case upright = 1
    case mirrored
    case turnedHalf
    case flipped
    case transposed
    case turnedRight
    case transversed
    case turnedLeft

    var swapsSides: Bool { rawValue >= 5 }

    /// The prefix of Exif in a segment of a JPEG.
    static let exifPrefix = "Exif\0\0".utf8

    /// Reads the orientation; nil if the payload is not Exif, or has no orientation.
    init?(exif payload: ArraySlice<UInt8>) {
        guard payload.starts(with: Self.exifPrefix) else { return nil }
        self.init(tiff: payload.dropFirst(Self.exifPrefix.count))
    }

    /// Reads the orientation from Exif, which is a TIFF; nil if the bytes are not a TIFF, or have no orientation.
    init?(tiff: ArraySlice<UInt8>) {
        let tiff = Array(tiff)
        guard tiff.count >= 8 else { return nil }
        let isLittleEndian: Bool
        switch (tiff[0], tiff[1]) {
        case (0x49, 0x49): isLittleEndian = true
        case (0x4D, 0x4D): isLittleEndian = false
        default: return nil
        }
        func number(_ count: Int, at start: Int) -> Int? {
            guard start >= 0, start + count <= tiff.count else { return nil }
            let field = tiff[start..<start + count]
            return isLittleEndian
                ? field.reversed().reduce(0) { $0 << 8 | Int($1) } : field.reduce(0) { $0 << 8 | Int($1) }
        }
        guard let directory = number(4, at: 4), let entries = number(2, at: directory) else { return nil }
        for entry in 0..<min(entries, 512) {
            let start = directory + 2 + 12 * entry
            guard let tag = number(2, at: start) else { return nil }
            guard tag == 0x0112 else { continue }
            // The entry contains a single 16-bit number itself. For several numbers it would contain their offset.
            guard number(2, at: start + 2) == 3, number(4, at: start + 4) == 1, let value = number(2, at: start + 8)
            else { return nil }
            self.init(rawValue: value)
            return
        }
        return nil
    }
}

extension Bitmap {
    /// Returns the bitmap turned and mirrored as its orientation says.
    func oriented(_ orientation: Orientation) -> Bitmap {
        guard orientation != .upright else { return self }
        let target = orientation.swapsSides ? size.transposed : size
        let channels = layout.channels
        let (right, bottom) = (size.width - 1, size.height - 1)
        let turned = [UInt8](unsafeUninitializedCapacity: samples.count) { out, count in
            samples.withUnsafeBufferPointer { samples in
                var next = 0
                for y in 0..<target.height {
                    for x in 0..<target.width {
                        let (column, row) =
                            switch orientation {
                            case .upright: (x, y)
                            case .mirrored: (right - x, y)
                            case .turnedHalf: (right - x, bottom - y)
                            case .flipped: (x, bottom - y)
                            case .transposed: (y, x)
                            case .turnedRight: (y, bottom - x)
                            case .transversed: (right - y, bottom - x)
                            case .turnedLeft: (right - y, x)
                            }
                        let start = (row * size.width + column) * channels
                        for channel in 0..<channels { out[next + channel] = samples[start + channel] }
                        next += channels
                    }
                }
                count = next
            }
        }
        return Bitmap(size: target, layout: layout, samples: turned)
    }
}

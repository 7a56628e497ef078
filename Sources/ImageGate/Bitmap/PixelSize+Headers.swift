extension PixelSize {
    /// Reads the size in the header of a PNG or JPEG; nil if there is no header at its place, or if the type is another
    /// one.
    init?(statedIn bytes: [UInt8], of type: ImageType) {
        switch type {
        case .png: self.init(statedInPNG: bytes)
        case .jpeg: self.init(statedInJPEG: bytes)
        case .svg, .gif, .webp: return nil
        }
    }

    /// Reads the size from IHDR, which comes first. PNG, section 11.2.2.
    private init?(statedInPNG bytes: [UInt8]) {
        let start: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]
        guard bytes.count > 32, bytes.starts(with: start) else { return nil }
        func number(_ offset: Int) -> Int { bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
        self.init(width: number(16), height: number(20))
    }

    /// Reads the size from the first frame header. ITU-T T.81, section B.2.2.
    private init?(statedInJPEG bytes: [UInt8]) {
        guard bytes.starts(with: [0xFF, 0xD8, 0xFF]) else { return nil }
        func number(_ offset: Int) -> Int { Int(bytes[offset]) << 8 | Int(bytes[offset + 1]) }
        var position = 2
        while position + 9 < bytes.count, bytes[position] == 0xFF {
            let marker = bytes[position + 1]
            if marker == 0xFF {
                position += 1
                continue
            }
            let isFrame = (0xC0...0xCF).contains(marker) && ![0xC4, 0xC8, 0xCC].contains(marker)
            guard !isFrame else {
                self.init(width: number(position + 7), height: number(position + 5))
                return
            }
            position += 2 + max(2, number(position + 2))
        }
        return nil
    }
}

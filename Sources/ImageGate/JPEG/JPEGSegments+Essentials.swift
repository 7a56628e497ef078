extension JPEGSegments {
    /// Returns the orientation of the image: Exif 2.32, tag 0x0112, in the first APP1 segment that has it.
    func orientation(_ bytes: [UInt8]) -> Orientation {
        for segment in segments where segment.marker == 0xE1 {
            if let orientation = Orientation(exif: bytes[segment.payload]) { return orientation }
        }
        return .upright
    }

    /// Whether a segment has to stay. Of the application segments, those stay without which colours would change: JFIF,
    /// Adobe's transform, and an ICC profile of one small segment. All other segments, and comments, are removed,
    /// because they may contain data that was not meant to be sent: places, dates, thumbnails.
    private func isEssential(_ segment: Segment, _ bytes: [UInt8]) -> Bool {
        let payload = bytes[segment.payload]
        switch segment.marker {
        // A JFIF segment of this length has no thumbnail.
        case 0xE0: return payload.starts(with: "JFIF\0".utf8) && payload.count == 14
        case 0xE2:
            let prefix = "ICC_PROFILE\0\u{1}\u{1}".utf8
            return payload.starts(with: prefix)
                && ICCProfile(Array(payload.dropFirst(prefix.count)), isGrey: frame.sampling.count == 1) != nil
        case 0xEE: return payload.starts(with: "Adobe".utf8) && payload.count == 12
        case 0xE0...0xEF, Marker.comment: return false
        default: return true
        }
    }

    var hasAdobeMarker: Bool { segments.contains { $0.marker == 0xEE && $0.payload.count == 12 } }

    func strippedCount(_ bytes: [UInt8]) -> Int {
        segments.reduce(2) { isEssential($1, bytes) ? $0 + $1.range.count : $0 }
    }

    /// Returns the file without metadata. Its pixels are the same.
    func stripped(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        result += bytes[..<2]
        for segment in segments where isEssential(segment, bytes) { result += bytes[segment.range] }
        return result
    }
}

extension JPEGSegments {
    /// Returns the orientation of the image: Exif 2.32, tag 0x0112, in the first APP1 segment that has it.
    func orientation(_ bytes: [UInt8]) -> Orientation {
        for segment in segments where segment.marker == 0xE1 {
            if let orientation = Orientation(exif: bytes[segment.payload]) { return orientation }
        }
        return .upright
    }

    /// What stays of a segment. Of the application segments, those stay without which colours would change: JFIF,
    /// Adobe's transform, and an ICC profile of one small segment. All other segments, and comments, are removed,
    /// because they may contain data that was not meant to be sent: places, dates, thumbnails. Of JFIF and Adobe's
    /// segment only those bytes stay that libjpeg reads.
    private func essence(_ segment: Segment, _ bytes: [UInt8]) -> ArraySlice<UInt8> {
        let payload = bytes[segment.payload]
        switch segment.marker {
        case 0xE0 where payload.starts(with: "JFIF\0".utf8) && payload.count >= 14:
            guard payload.count > 14 || payload.suffix(2) != [0, 0] else { return bytes[segment.range] }
            // The last two bytes are the sides of a thumbnail.
            return ([0xFF, 0xE0, 0, 16] + payload.prefix(12) + [0, 0])[...]
        case 0xE2:
            let prefix = "ICC_PROFILE\0\u{1}\u{1}".utf8
            let isProfile =
                payload.starts(with: prefix)
                && ICCProfile(Array(payload.dropFirst(prefix.count)), isGrey: frame.sampling.count == 1) != nil
            return isProfile ? bytes[segment.range] : []
        case 0xEE where payload.starts(with: "Adobe".utf8) && payload.count >= 12:
            guard payload.count > 12 else { return bytes[segment.range] }
            return ([0xFF, 0xEE, 0, 14] + payload.prefix(12))[...]
        case 0xE0...0xEF, Marker.comment: return []
        default: return bytes[segment.range]
        }
    }

    func strippedCount(_ bytes: [UInt8]) -> Int { segments.reduce(2) { $0 + essence($1, bytes).count } }

    /// Returns the file without metadata. Its pixels are the same.
    func stripped(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        result += bytes[..<2]
        for segment in segments { result += essence(segment, bytes) }
        return result
    }
}

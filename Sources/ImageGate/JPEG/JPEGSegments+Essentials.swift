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

    /// The ICC profile, which may be in many segments; nil if there is none (ICC.1:2022, section B.4).
    func profile(_ bytes: [UInt8]) -> ColorProfile? {
        let prefix = "ICC_PROFILE\0".utf8
        let parts = segments.filter {
            $0.marker == 0xE2 && bytes[$0.payload].starts(with: prefix) && $0.payload.count > 14
        }
        .map { bytes[$0.payload].dropFirst(prefix.count) }
        guard let count = parts.first?.dropFirst().first, parts.count == Int(count) else { return nil }
        let inOrder = parts.sorted { ($0.first ?? 0) < ($1.first ?? 0) }
        guard inOrder.enumerated().allSatisfy({ $0.element.first.map { Int($0) } == $0.offset + 1 }),
            parts.reduce(0, { $0 + $1.count }) <= ColorProfile.limit
        else { return nil }
        return ColorProfile(icc: inOrder.flatMap { $0.dropFirst(2) })
    }

    /// Whether the stripped file has the same colours: the profile stays, or means what sRGB means.
    func keepsColors(_ bytes: [UInt8]) -> Bool {
        if segments.contains(where: { $0.marker == 0xE2 && !essence($0, bytes).isEmpty }) { return true }
        return !(profile(bytes)?.matters(for: frame.sampling.count == 1 ? .grey : .rgb) ?? false)
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

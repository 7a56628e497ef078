/// The marker segments of a JPEG, read once: its frame, its scans, and its end (ITU-T T.81, annex B).
///
/// The decoder stops at the first end marker that it finds, and so does this. What follows belongs to other images, as
/// in a gain map or the film of a motion photo, or to nothing.
struct JPEGSegments: Sendable {
    struct Segment: Sendable {
        let marker: UInt8
        /// The whole segment, from 0xFF to the next segment. The segment of a scan includes the entropy-coded data.
        let range: Range<Int>
        /// The bytes between the length field and the end of the segment, or the beginning of the entropy-coded data.
        let payload: Range<Int>
    }

    private(set) var frame: JPEGFrame
    private(set) var segments: [Segment] = []
    private(set) var scanCount = 0

    enum Marker {
        static let end: UInt8 = 0xD9
        static let scan: UInt8 = 0xDA
        static let comment: UInt8 = 0xFE
        /// The frames that browsers show: baseline, extended and progressive, each Huffman-coded.
        static let frames: Set<UInt8> = [0xC0, 0xC1, 0xC2]
        static let otherFrames: [UInt8: String] = [
            0xC3: "lossless", 0xC5: "hierarchical", 0xC6: "hierarchical", 0xC7: "hierarchical",
            0xC9: "arithmetic-coded",
            0xCA: "arithmetic-coded", 0xCB: "lossless", 0xCC: "arithmetic-coded", 0xCD: "hierarchical",
            0xCE: "hierarchical", 0xCF: "hierarchical",
        ]
        /// The Huffman tables, the quantisation tables and the restart interval.
        static let tables: Set<UInt8> = [0xC4, 0xDB, 0xDD]
        static let applications: ClosedRange<UInt8> = 0xE0...0xEF
    }

    /// - Parameter checkFrame: called as soon as the frame is known, before the rest is read.
    init(_ bytes: [UInt8], checkFrame: (JPEGFrame) throws(ImageGateError) -> Void) throws(ImageGateError) {
        var walker = Walker(bytes: bytes)
        var frame: JPEGFrame?
        var coverage: JPEGCoverage?
        while true {
            let segment = try walker.next()
            switch segment.marker {
            case Marker.end:
                segments.append(segment)
                guard let frame, scanCount > 0 else { throw .malformed(.jpeg, why: "JPEG has no image") }
                try coverage?.check()
                self.frame = frame
                return
            case let marker where Marker.frames.contains(marker):
                guard frame == nil else { throw .malformed(.jpeg, why: "JPEG has two frames") }
                let found = try JPEGFrame(bytes, segment)
                try checkFrame(found)
                frame = found
                coverage = try JPEGCoverage(found)
            case Marker.scan:
                scanCount += 1
                guard coverage != nil else { throw .malformed(.jpeg, why: "JPEG has a scan before its frame") }
                try coverage?.add(scan: bytes[segment.payload])
                // Each scan passes over the whole image, so a small file with many scans could take hours.
                guard scanCount <= Self.scanLimit else {
                    throw .malformed(.jpeg, why: "JPEG has over \(Self.scanLimit) scans")
                }
            case Marker.comment: break
            case let marker where Marker.tables.contains(marker) || Marker.applications.contains(marker): break
            // libjpeg skips segments that it does not use, such as the number of lines, so they could contain anything.
            default:
                if let kind = Marker.otherFrames[segment.marker] {
                    throw .malformed(.jpeg, why: "JPEG is \(kind), which viewers do not show")
                }
                throw .malformed(.jpeg, why: "JPEG has a segment that viewers do not know")
            }
            guard segments.count < Self.segmentLimit else {
                throw .malformed(.jpeg, why: "JPEG has over \(Self.segmentLimit) segments")
            }
            segments.append(segment)
        }
    }

    /// The bytes of the image, without what follows its end.
    func image(in bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: bytes[..<(segments.last?.range.upperBound ?? bytes.count)])
    }

    /// The largest number of scans. Encoders make about ten.
    private static let scanLimit = 64
    private static let segmentLimit = 4096
}

/// Reads a JPEG segment by segment.
private struct Walker {
    let bytes: [UInt8]
    /// The first segment follows SOI, the start of the image.
    private(set) var position = 2

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func next() throws(ImageGateError) -> JPEGSegments.Segment {
        let start = position
        guard position < bytes.count else { throw .truncated(.jpeg) }
        guard bytes[position] == 0xFF else { throw .malformed(.jpeg, why: "JPEG has data between its segments") }
        // Any number of 0xFF bytes may precede the marker as padding.
        while position < bytes.count, bytes[position] == 0xFF { position += 1 }
        guard position < bytes.count else { throw .truncated(.jpeg) }
        let marker = bytes[position]
        position += 1
        if marker == JPEGSegments.Marker.end {
            return .init(marker: marker, range: start..<position, payload: position..<position)
        }
        // Markers without a length are not allowed here: restarts occur in scans only, and SOI at the beginning only.
        guard marker >= 0xC0, !(0xD0...0xD8).contains(marker) else {
            throw .malformed(.jpeg, why: "JPEG has a marker out of place")
        }
        guard position + 2 <= bytes.count else { throw .truncated(.jpeg) }
        let length = Int(bytes[position]) << 8 | Int(bytes[position + 1])
        guard length >= 2 else { throw .malformed(.jpeg, why: "JPEG has a segment without a length") }
        guard position + length <= bytes.count else { throw .truncated(.jpeg) }
        let payload = position + 2..<position + length
        position += length
        if marker == JPEGSegments.Marker.scan { try skipEntropyCodedData() }
        return .init(marker: marker, range: start..<position, payload: payload)
    }

    private enum ScanEnd {
        case marker(at: Int)
        /// A restart, or the end of the scan, without data before it. This case has to be detected here, because
        /// libjpeg skips restarts that it does not expect.
        case nothing
    }

    /// Skips to the next marker that is neither a stuffed zero nor a restart.
    private mutating func skipEntropyCodedData() throws(ImageGateError) {
        let found = bytes.withUnsafeBufferPointer { bytes -> ScanEnd? in
            var index = position
            var intervalStart = position
            while index + 1 < bytes.count {
                if bytes[index] == 0xFF {
                    let marker = bytes[index + 1]
                    if marker == 0xFF {
                        if index == intervalStart { intervalStart += 1 }
                        index += 1
                        continue
                    }
                    if marker != 0 {
                        if index == intervalStart { return .nothing }
                        if !(0xD0...0xD7).contains(marker) { return .marker(at: index) }
                        intervalStart = index + 2
                    }
                    index += 1
                }
                index += 1
            }
            return nil
        }
        switch found {
        case .marker(let index): position = index
        case .nothing: throw .malformed(.jpeg, why: "JPEG has a restart without data")
        case nil: throw .truncated(.jpeg)
        }
    }
}

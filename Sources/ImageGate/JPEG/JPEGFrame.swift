/// The frame header (ITU-T T.81, section B.2.2).
struct JPEGFrame: Equatable, Sendable {
    let size: PixelSize
    let isProgressive: Bool
    /// The identifiers of the components, by which scans refer to them.
    let components: [UInt8]
    /// The horizontal and vertical sampling factor of each component.
    let sampling: [PixelSize]

    init(_ bytes: [UInt8], _ segment: JPEGSegments.Segment) throws(ImageGateError) {
        let payload = bytes[segment.payload]
        let start = payload.startIndex
        guard payload.count >= 6, payload.count == 6 + 3 * Int(payload[start + 5]) else {
            throw .malformed(.jpeg, why: "JPEG has a frame header of the wrong length")
        }
        guard payload[start] == 8 else {
            throw .malformed(.jpeg, why: "JPEG has \(payload[start]) bits a sample, which viewers do not show")
        }
        isProgressive = segment.marker == 0xC2
        size = PixelSize(
            width: Int(payload[start + 3]) << 8 | Int(payload[start + 4]),
            height: Int(payload[start + 1]) << 8 | Int(payload[start + 2]))
        components = (0..<Int(payload[start + 5])).map { payload[start + 6 + 3 * $0] }
        sampling = (0..<Int(payload[start + 5])).map { component in
            let factors = Int(payload[start + 7 + 3 * component])
            return PixelSize(width: factors >> 4, height: factors & 15)
        }
        guard sampling.allSatisfy({ (1...4).contains($0.width) && (1...4).contains($0.height) }) else {
            throw .malformed(.jpeg, why: "JPEG has sampling factors that no JPEG can have")
        }
    }

    /// The number of bytes of coefficients that the decoder holds if it needs all scans before the first row: two for
    /// each coefficient.
    var coefficientBytes: Int {
        let full = sampling.map(\.width).max() ?? 1, high = sampling.map(\.height).max() ?? 1
        return sampling.reduce(0) { $0 + 2 * size.area * $1.area / (full * high) }
    }
}

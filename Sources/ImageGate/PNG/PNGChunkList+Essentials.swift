extension PNGChunkList {
    /// Whether a chunk changes how the image is shown, and has a length that such a chunk can have. All other chunks
    /// are removed, because they may contain data that was not meant to be sent: text, dates, places, thumbnails.
    private func isEssential(_ chunk: Chunk, _ bytes: [UInt8]) -> Bool {
        switch chunk.name {
        case "IHDR", "PLTE", "tRNS", "IDAT", "IEND": true
        case "gAMA": chunk.data.count == 4
        case "cHRM": chunk.data.count == 32
        case "sRGB": chunk.data.count == 1
        case "pHYs": chunk.data.count == 9
        case "iCCP": ICCProfile(chunk: bytes[chunk.data], isGrey: header.colorType & 2 == 0) != nil
        default: false
        }
    }

    /// Returns the essential chunks in the order of the file. Ancillary chunks are included where the standard allows
    /// them: once each, before IDAT.
    func essentials(_ bytes: [UInt8]) -> [Chunk] {
        var kept: [Chunk] = []
        var isProfileSeen = false
        for chunk in chunks {
            let isAncillary = !chunk.name.isCritical
            let isLate = kept.last?.name == "IDAT"
            if isAncillary, isLate || kept.contains(where: { $0.name == chunk.name }) { continue }
            // Only the first profile is decompressed, because there may be thousands.
            if chunk.name == "iCCP" {
                if isProfileSeen { continue }
                isProfileSeen = true
            }
            if isEssential(chunk, bytes) { kept.append(chunk) }
        }
        return kept
    }

    /// Returns the file without metadata. Its pixels are the same.
    func stripped(_ bytes: [UInt8]) -> [UInt8] {
        let kept = essentials(bytes)
        if kept.count == chunks.count { return Array(bytes[..<end]) }
        var result: [UInt8] = []
        result.reserveCapacity(kept.reduce(8) { $0 + $1.range.count })
        result += bytes[..<8]
        for chunk in kept { result += bytes[chunk.range] }
        return result
    }

    /// Whether pixels have alpha, or one of the colours is transparent.
    var mayBeTransparent: Bool { header.colorType & 4 != 0 || chunks.contains { $0.name == "tRNS" } }

    /// The colours of the image; nil for sRGB's. cICP has precedence over iCCP (PNG Third Edition, section 4.3).
    func profile(_ bytes: [UInt8]) -> ColorProfile? {
        let ahead = chunks.prefix { $0.name != "IDAT" }
        if let codes = ahead.first(where: { $0.name == "cICP" }) { return ColorProfile(codes: bytes[codes.data]) }
        if let chunk = ahead.first(where: { $0.name == "iCCP" }) { return ColorProfile(chunk: bytes[chunk.data]) }
        return corners(bytes)
    }

    /// The colours of the chunk cHRM. As in browsers it counts only beside gAMA, and for colours.
    private func corners(_ bytes: [UInt8]) -> ColorProfile? {
        let names = essentials(bytes).map(\.name)
        guard header.colorType & 2 != 0, names.contains("gAMA"), !names.contains("sRGB"),
            let chunk = essentials(bytes).first(where: { $0.name == "cHRM" })
        else { return nil }
        return ColorProfile(corners: bytes[chunk.data])
    }

    /// Whether the stripped file has the same colours.
    func keepsColors(_ bytes: [UInt8]) -> Bool {
        guard let profile = profile(bytes) else { return true }
        let hasCodes = chunks.contains { $0.name == "cICP" }
        if !hasCodes, essentials(bytes).contains(where: { $0.name == "iCCP" }) { return true }
        // Without a profile the colours are those of cHRM, which stays.
        if !hasCodes, !chunks.contains(where: { $0.name == "iCCP" }) { return true }
        return !profile.matters(for: header.colorType & 2 == 0 ? .grey : .rgb)
    }

    /// The orientation of the image: of the first chunk of Exif, wherever it is.
    func orientation(_ bytes: [UInt8]) -> Orientation {
        guard let chunk = chunks.first(where: { $0.name == "eXIf" }) else { return .upright }
        return Orientation(tiff: bytes[chunk.data].prefix(1 << 16)) ?? .upright
    }

    /// Returns the exponent with which samples were encoded; nil if the file gives none, or sRGB's.
    func unusualGamma(_ bytes: [UInt8]) -> Double? {
        let kept = essentials(bytes)
        guard !chunks.contains(where: { ["sRGB", "iCCP", "cICP"].contains($0.name) }),
            let chunk = kept.first(where: { $0.name == "gAMA" })
        else { return nil }
        let gamma = Double(bytes.bigEndian32(at: chunk.data.lowerBound)) / 100_000
        // A value outside this range is an error, and is ignored. A value near 1/2.2 means sRGB, whose own curve is
        // more exact.
        guard (0.1...5).contains(gamma), abs(gamma - 1 / 2.2) > 0.02 else { return nil }
        return gamma
    }
}

extension PNGChunkList {
    /// Chunks that change how the image is shown, each with the only lengths it can have. All others may hold what nobody
    /// meant to send: text, dates, places, thumbnails.
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

    /// In the order of the file, and ancillary ones only where and as often as the standard has them: once, before IDAT.
    func essentials(_ bytes: [UInt8]) -> [Chunk] {
        var kept: [Chunk] = []
        var isProfileSeen = false
        for chunk in chunks {
            let isAncillary = !chunk.name.isCritical
            let isLate = kept.last?.name == "IDAT"
            if isAncillary, isLate || kept.contains(where: { $0.name == chunk.name }) { continue }
            // Only the first is inflated: there may be thousands.
            if chunk.name == "iCCP" {
                if isProfileSeen { continue }
                isProfileSeen = true
            }
            if isEssential(chunk, bytes) { kept.append(chunk) }
        }
        return kept
    }

    /// The image with the same pixels and nothing that does not show.
    func stripped(_ bytes: [UInt8]) -> [UInt8] {
        let kept = essentials(bytes)
        if kept.count == chunks.count { return bytes }
        var result: [UInt8] = []
        result.reserveCapacity(kept.reduce(8) { $0 + $1.range.count })
        result += bytes[..<8]
        for chunk in kept { result += bytes[chunk.range] }
        return result
    }

    /// The exponent by which samples were encoded, if the file says so and it is not what sRGB has anyway.
    func unusualGamma(_ bytes: [UInt8]) -> Double? {
        let kept = essentials(bytes)
        guard !kept.contains(where: { $0.name == "sRGB" || $0.name == "iCCP" }),
            let chunk = kept.first(where: { $0.name == "gAMA" })
        else { return nil }
        let gamma = Double(bytes.bigEndian32(at: chunk.data.lowerBound)) / 100_000
        // Outside: nonsense, best ignored. Near 1/2.2: sRGB's own curve is nearer to what was meant.
        guard (0.1...5).contains(gamma), abs(gamma - 1 / 2.2) > 0.02 else { return nil }
        return gamma
    }
}

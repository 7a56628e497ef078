extension ImageType {
    static let pngSignature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    /// Returns the type that the first bytes show, whatever the sender claims; nil if the gate does not know the type.
    package static func sniff(_ bytes: [UInt8]) -> ImageType? {
        // Bytes that end within the signature are a truncated PNG, not an unknown type.
        if !bytes.isEmpty, bytes.prefix(8).elementsEqual(pngSignature.prefix(bytes.count)) { return .png }
        if bytes.starts(with: [0xFF, 0xD8]) { return .jpeg }
        if isGIF(bytes) { return .gif }
        if isWebP(bytes) { return .webp }
        return looksLikeSVG(bytes) ? .svg : nil
    }

    /// Whether the bytes begin like a GIF. At least four bytes of the signature are required, because any text may
    /// begin with fewer letters of it.
    private static func isGIF(_ bytes: [UInt8]) -> Bool {
        ["GIF87a", "GIF89a"].contains { bytes.count >= 4 && bytes.prefix(6).elementsEqual($0.utf8.prefix(bytes.count)) }
    }

    /// Whether the bytes begin like a WebP: `RIFF`, a length, and `WEBP`.
    private static func isWebP(_ bytes: [UInt8]) -> Bool {
        guard bytes.starts(with: "RIFF".utf8) else { return false }
        let name = bytes.dropFirst(8).prefix(4)
        return name.elementsEqual("WEBP".utf8.prefix(name.count))
    }

    /// Whether this is text with a tag near its beginning that can be `<svg`, or compressed text.
    private static func looksLikeSVG(_ bytes: [UInt8]) -> Bool {
        if SVGEncoding.isCompressed(bytes) { return true }
        var head = bytes.prefix(headCount)
        if head.starts(with: [0xEF, 0xBB, 0xBF]) { head.removeFirst(3) }
        if head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) { head.removeFirst(2) }
        // In UTF-16 each letter of a tag has a zero byte beside it.
        if head.prefix(2).contains(0) { head = head.filter { $0 != 0 }[...] }
        head = head.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
        guard head.first == UInt8(ascii: "<") else { return false }
        let svg: [UInt8] = Array("svg".utf8)
        return head.indices.contains { index in
            guard head[index] == UInt8(ascii: "<") else { return false }
            let name = head[(index + 1)...]
            if name.prefix(3).elementsEqual(svg) { return true }
            // A prefix may precede the name: <ns0:svg ...>
            guard let colon = name.prefix(32).firstIndex(of: UInt8(ascii: ":")) else { return false }
            return name[..<colon].allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">") }
                && name[(colon + 1)...].prefix(3).elementsEqual(svg)
        }
    }

    /// The number of bytes in which a drawing's tag has to be. Comments and entities may precede it.
    private static let headCount = 16384
}

internal import CImage

/// A colour profile that may stay in an image, because it is small and its header is consistent. ICC.1:2022, section
/// 7.2.
struct ICCProfile {
    let bytes: [UInt8]

    /// The largest number of bytes. Profiles of displays have 0.5 to 4 kB; a larger profile describes a printer, or
    /// hides other data.
    private static let limit = 8192

    /// Reads a profile; nil if the bytes are not a profile for images of this kind.
    init?(_ bytes: [UInt8], isGrey: Bool) {
        guard (132...Self.limit).contains(bytes.count), Int(bytes.bigEndian32(at: 0)) == bytes.count,
            bytes[36..<40].elementsEqual("acsp".utf8), bytes[16..<20].elementsEqual((isGrey ? "GRAY" : "RGB ").utf8)
        else { return nil }
        self.bytes = bytes
    }

    /// Reads the profile from PNG's chunk iCCP, which has a name, a zero byte, a zero for the compression method, and
    /// the compressed profile.
    init?(chunk data: ArraySlice<UInt8>, isGrey: Bool) {
        guard data.count <= Self.limit, let nameEnd = data.prefix(80).firstIndex(of: 0), nameEnd > data.startIndex,
            data[nameEnd...].dropFirst().first == 0
        else { return nil }
        let compressed = data[(nameEnd + 2)...]
        let profile = [UInt8](unsafeUninitializedCapacity: Self.limit) { out, count in
            var written = Self.limit
            let status = compressed.withUnsafeBufferPointer { compressed in
                guard let input = compressed.baseAddress, let out = out.baseAddress else {
                    return cimage_status.malformed
                }
                return cimage_inflate(input, compressed.count, out, &written)
            }
            count = status == .ok ? written : 0
        }
        self.init(profile, isGrey: isGrey)
    }
}

import FoundationEssentials

/// A PNG or JPEG in a `data:` URL, which is all that an `image` element may show.
struct SVGEmbeddedImage {
    let pixels: Int
    private let bytes: [UInt8]
    private let type: ImageType

    /// Nil for everything else: other types, SVG in SVG, other encodings than base64, bytes of another type than claimed.
    init?(_ href: String) {
        let compact = href.utf8.filter { !$0.isXMLSpace }
        guard let comma = compact.firstIndex(of: UInt8(ascii: ",")) else { return nil }
        let claim = String(decoding: compact[..<comma], as: UTF8.self).lowercased()
        guard let data = Data(base64Encoded: Data(compact[(comma + 1)...])) else { return nil }
        let bytes = [UInt8](data)
        let size: (width: Int, height: Int)?
        let type: ImageType
        switch claim {
        case "data:image/png;base64": (type, size) = (.png, Self.sizeOfPNG(bytes))
        case "data:image/jpeg;base64", "data:image/jpg;base64": (type, size) = (.jpeg, Self.sizeOfJPEG(bytes))
        default: return nil
        }
        guard let size, size.width > 0, size.height > 0 else { return nil }
        let (pixels, overflow) = size.width.multipliedReportingOverflow(by: size.height)
        guard !overflow else { return nil }
        self.pixels = pixels
        (self.bytes, self.type) = (bytes, type)
    }

    /// The URL written anew, with no more in it than shows. Nil if the image does not decode: then there is nothing to show.
    func url(_ admission: Admission) throws(ImageRejection) -> String? {
        do throws(ImageRejection) {
            let stripped = type == .png ? try admission.strippedPNG(bytes) : try admission.strippedJPEG(bytes)
            return "data:\(type.mimeType);base64,\(Data(stripped).base64EncodedString())"
        } catch {
            // Not the image's fault.
            if error == .cancelled || error == .outOfMemory { throw error }
            return nil
        }
    }

    /// From IHDR, which comes first. PNG, section 11.2.2.
    private static func sizeOfPNG(_ bytes: [UInt8]) -> (width: Int, height: Int)? {
        let start: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]
        guard bytes.count > 32, bytes.starts(with: start) else { return nil }
        func number(_ offset: Int) -> Int { bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) } }
        return (number(16), number(20))
    }

    /// From the first frame header. ITU-T T.81, section B.2.2.
    private static func sizeOfJPEG(_ bytes: [UInt8]) -> (width: Int, height: Int)? {
        guard bytes.starts(with: [0xFF, 0xD8, 0xFF]) else { return nil }
        var position = 2
        while position + 9 < bytes.count, bytes[position] == 0xFF {
            let marker = bytes[position + 1]
            if marker == 0xFF {
                position += 1
                continue
            }
            let isFrame = (0xC0...0xCF).contains(marker) && ![0xC4, 0xC8, 0xCC].contains(marker)
            guard !isFrame else {
                return (
                    Int(bytes[position + 7]) << 8 | Int(bytes[position + 8]),
                    Int(bytes[position + 5]) << 8 | Int(bytes[position + 6])
                )
            }
            position += 2 + max(2, Int(bytes[position + 2]) << 8 | Int(bytes[position + 3]))
        }
        return nil
    }
}

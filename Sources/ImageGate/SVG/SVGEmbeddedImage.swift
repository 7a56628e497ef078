import JSON

/// A PNG or JPEG in a `data:` URL. An `image` element may show nothing else.
struct SVGEmbeddedImage {
    let pixels: Int
    private let bytes: [UInt8]
    private let type: ImageType

    /// Reads a URL; nil for all other URLs, for other types such as SVG, for encodings other than base64, and for bytes
    /// of another type than the claimed one.
    init?(_ href: String) {
        let compact = href.utf8.filter { !$0.isXMLSpace }
        guard let comma = compact.firstIndex(of: UInt8(ascii: ",")) else { return nil }
        let claim = String(decoding: compact[..<comma], as: UTF8.self).lowercased()
        guard let bytes = compact[(comma + 1)...].withUnsafeBytes({ Base64.decode($0) }) else { return nil }
        let type: ImageType
        switch claim {
        case "data:image/png;base64": type = .png
        case "data:image/jpeg;base64", "data:image/jpg;base64": type = .jpeg
        default: return nil
        }
        guard let size = PixelSize(statedIn: bytes, of: type), size.width > 0, size.height > 0 else { return nil }
        let (pixels, overflow) = size.width.multipliedReportingOverflow(by: size.height)
        guard !overflow else { return nil }
        self.pixels = pixels
        (self.bytes, self.type) = (bytes, type)
    }

    /// The URL, written again with the same bytes.
    var url: String { url(bytes) }

    /// Returns the URL with the image without metadata; nil if the image cannot be decoded.
    func strippedURL(_ admission: Admission) throws(ImageGateError) -> String? {
        do throws(ImageGateError) {
            return url(type == .png ? try admission.strippedPNG(bytes) : try admission.strippedJPEG(bytes))
        } catch {
            // These errors are not the image's fault, and end the whole admission.
            if error == .cancelled || error == .outOfMemory { throw error }
            return nil
        }
    }

    private func url(_ bytes: [UInt8]) -> String {
        "data:\(type.mimeType);base64,\(Base64.encode(bytes))"
    }
}

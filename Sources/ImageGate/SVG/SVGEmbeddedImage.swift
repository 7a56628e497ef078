import JSON

/// A PNG or JPEG in a `data:` URL, which is all that an `image` element may show.
struct SVGEmbeddedImage {
    let pixels: Int
    private let bytes: [UInt8]
    private let type: ImageType

    /// Nil for every other URL: for another type, such as SVG, for an encoding other than base64, and for bytes of
    /// another type than claimed.
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

    /// The URL, written anew with the same bytes.
    var url: String { url(bytes) }

    /// The URL, written anew with an image from which is stripped what does not show. Nil if the image does not decode.
    func strippedURL(_ admission: Admission) throws(ImageGateError) -> String? {
        do throws(ImageGateError) {
            return url(type == .png ? try admission.strippedPNG(bytes) : try admission.strippedJPEG(bytes))
        } catch {
            // These are not the image's fault, and end the whole admission.
            if error == .cancelled || error == .outOfMemory { throw error }
            return nil
        }
    }

    private func url(_ bytes: [UInt8]) -> String {
        "data:\(type.mimeType);base64,\(Base64.encode(bytes))"
    }
}

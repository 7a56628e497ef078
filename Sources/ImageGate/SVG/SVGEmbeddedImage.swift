import JSON

/// An image in a `data:` URL. An `image` element may show nothing else. In a sanitised document it is a PNG, a JPEG, or
/// a sanitised document itself.
struct SVGEmbeddedImage {
    /// The pixels of a PNG or a JPEG; otherwise as many as it states.
    let pixels: Int
    let bytes: [UInt8]
    let type: ImageType

    /// An image that may be in a sanitised document.
    struct Clean {
        let url: String
        let pixels: Int
        /// The estimated cost of painting it, in pixels of one colour. Zero for an image that came as pixels.
        let painted: Double
    }

    /// The largest number of drawings in each other.
    static let levels = 3

    /// Reads a URL; nil for all other URLs, for other types, and for bytes of another type than the claimed one.
    init?(_ href: String) {
        guard href.utf8.prefix(5).elementsEqual("data:".utf8), let comma = href.utf8.firstIndex(of: UInt8(ascii: ","))
        else { return nil }
        let claim = String(href[..<comma]).utf8.filter { !$0.isXMLSpace }
        let words = String(decoding: claim, as: UTF8.self).lowercased().split(separator: ";")
        let type: ImageType
        switch words.first {
        case "data:image/png": type = .png
        case "data:image/jpeg", "data:image/jpg": type = .jpeg
        case "data:image/gif": type = .gif
        case "data:image/webp": type = .webp
        case "data:image/svg+xml", "data:image/svg": type = .svg
        default: return nil
        }
        let isBase64 = words.last == "base64"
        let data = href.utf8[href.utf8.index(after: comma)...]
        guard isBase64 || type == .svg,
            let bytes = isBase64 ? Self.base64(data) : Self.withoutPercents(data)
        else { return nil }
        guard type != .svg else {
            guard ImageType.sniff(bytes) == .svg else { return nil }
            (self.bytes, self.type, pixels) = (bytes, type, 0)
            return
        }
        let size =
            PixelSize(statedIn: bytes, of: type)
            ?? (ImageType.sniff(bytes) == type && type.isRedrawn ? PixelSize(width: 1, height: 1) : nil)
        guard let size, size.width > 0, size.height > 0 else { return nil }
        let (pixels, overflow) = size.width.multipliedReportingOverflow(by: size.height)
        guard !overflow else { return nil }
        (self.bytes, self.type, self.pixels) = (bytes, type, pixels)
    }

    private static func base64(_ data: Substring.UTF8View) -> [UInt8]? {
        var compact = data.filter { !$0.isXMLSpace }
        if compact.contains(UInt8(ascii: "%")) {
            guard let plain = withoutPercents(Substring(decoding: compact, as: UTF8.self).utf8) else { return nil }
            compact = plain
        }
        // Many writers leave the padding out.
        if compact.last != UInt8(ascii: "="), compact.count % 4 > 1 {
            compact += Array(repeating: UInt8(ascii: "="), count: 4 - compact.count % 4)
        }
        return compact.withUnsafeBytes { Base64.decode($0) }
    }

    private static func withoutPercents(_ data: Substring.UTF8View) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = Array(data)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            // A sign that stands for itself is an error that browsers overlook.
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                bytes.append(byte)
                continue
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return bytes
    }

    /// The image as it is, if a sanitised document may have it. Nothing is decoded.
    ///
    /// - Parameter level: the number of drawings around it.
    func believed(_ admission: Admission, level: Int) -> Clean? {
        switch type {
        case .png, .jpeg: return Clean(url: Self.url(bytes, type), pixels: pixels, painted: 0)
        case .gif, .webp: return nil
        case .svg:
            guard level < Self.levels,
                let image = SVGImage(sanitised: bytes, policy: admission.policy, level: level + 1), image.isFramed
            else { return nil }
            return Clean(url: Self.url(bytes, .svg), pixels: 0, painted: image.painted)
        }
    }

    /// Returns the image without metadata, as PNG if it was a GIF or a WebP; nil if it cannot be decoded.
    func cleaned(_ admission: Admission, level: Int) throws(ImageGateError) -> Clean? {
        do throws(ImageGateError) {
            switch type {
            case .png: return Clean(url: Self.url(try admission.embeddedPNG(bytes), .png), pixels: pixels, painted: 0)
            case .jpeg:
                return Clean(url: Self.url(try admission.embeddedJPEG(bytes), .jpeg), pixels: pixels, painted: 0)
            case .gif, .webp:
                let image = try redrawn(admission)
                return Clean(
                    url: Self.url(image.bytes, image.type), pixels: image.width * image.height, painted: 0)
            case .svg:
                guard level < Self.levels else { return nil }
                let image = try SVGImage(
                    sanitising: bytes, policy: admission.policy, cancellation: admission.cancellation, level: level + 1
                ).framed(admission, level: level + 1)
                guard admission.policy.svg == .sanitise else { return try drawn(image, admission.policy) }
                return Clean(url: Self.url(image.bytes, .svg), pixels: 0, painted: image.painted)
            }
        } catch {
            // These errors are not the image's fault, and end the whole admission.
            if error == .cancelled || error == .outOfMemory { throw error }
            return nil
        }
    }

    /// A drawing as PNG. librsvg draws one inside another with modules that a confined process cannot load.
    private func drawn(_ image: SVGImage, _ policy: ImagePolicy) throws(ImageGateError) -> Clean? {
        let raster = try image.rasterised(policy: policy)
        let bitmap = Bitmap(
            size: PixelSize(width: raster.width, height: raster.height), layout: .rgba, samples: raster.pixels)
        guard case .written(let png) = try PNGWriter(limit: policy.inputByteLimit).write(bitmap) else { return nil }
        return Clean(url: Self.url(png, .png), pixels: bitmap.size.area, painted: image.painted)
    }

    /// A GIF or a WebP as PNG or JPEG, as large as it is.
    private func redrawn(_ admission: Admission) throws(ImageGateError) -> AdmittedImage {
        var policy = admission.policy
        (policy.shortSide, policy.longSide) = (SVGLimit.drawnSide, SVGLimit.drawnSide)
        policy.pixelLimit = min(policy.pixelLimit, SVGLimit.embeddedPixels)
        policy.byteBudget = policy.inputByteLimit
        policy.ground = .keep
        return try Admission(policy: policy, cancellation: admission.cancellation).admit(bytes, claimed: type)
    }

    static func url(_ bytes: [UInt8], _ type: ImageType) -> String {
        "data:\(type.mimeType);base64,\(Base64.encode(bytes))"
    }
}

extension ImageType {
    /// Whether images of this type are always encoded anew.
    fileprivate var isRedrawn: Bool { self == .gif || self == .webp }
}

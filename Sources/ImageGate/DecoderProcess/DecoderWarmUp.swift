import FoundationEssentials

/// Sends small constant images through every decoder before the process is confined. Libraries open files when they are
/// first used: to find the fonts and, on some processors, to find out the processor's features.
enum DecoderWarmUp {
    static func run(_ role: DecoderRole) throws(ImageGateError) {
        ColorProfile.warmUp()
        let bitmap = Bitmap(
            size: PixelSize(width: 16, height: 16), layout: .rgb, samples: (0..<768).map { UInt8($0 & 0xFF) })
        let jpeg = try JPEGWriter(.whole).write(bitmap, quality: .init(level: 80, isFullColor: false))
        guard case .written(let png) = try PNGWriter(limit: 100_000).write(bitmap) else { throw .outOfMemory }
        var policy = ImagePolicy()
        policy.svg = role == .drawing ? .rasterise : .sanitise
        _ = try admit(drawing(png, jpeg), .svg, policy)
        // A box smaller than the images makes the gate scale and encode them instead of passing them on.
        (policy.shortSide, policy.longSide) = (8, 8)
        _ = try admit(png, .png, policy)
        _ = try admit(jpeg, .jpeg, policy)
        guard let webp = Data(base64Encoded: webp) else { return }
        _ = try admit([UInt8](webp), .webp, policy)
    }

    /// A lossy WebP of 16 by 16 pixels with alpha. It is a constant, because this program cannot write WebP.
    private static let webp =
        "UklGRl4AAABXRUJQVlA4WAoAAAAQAAAADwAADwAAQUxQSAUAAAABKGBEBABWUDggMgAAADACAJ0BKhAAEAAPwKwlsAJ0fwAZnDT8qFqAAP7NSKHulPei"
        + "aMtK0uhWFdq5hs9L3gAA"

    private static func admit(
        _ bytes: [UInt8], _ type: ImageType, _ policy: ImagePolicy
    ) throws(ImageGateError) -> AdmittedImage {
        try Admission(policy: policy, cancellation: Cancellation()).admit(bytes, claimed: type)
    }

    private static func drawing(_ png: [UInt8], _ jpeg: [UInt8]) -> [UInt8] {
        let images = [(png, ImageType.png), (jpeg, .jpeg)].map { bytes, type in
            "<image width='9' height='9' href='data:\(type.mimeType);base64,\(Data(bytes).base64EncodedString())'/>"
        }
        let texts = ["sans-serif", "serif", "monospace"].map { "<text y='9' font-family='\($0)'>Ag</text>" }
        let content = (images + texts).joined()
        return Array("<svg xmlns='http://www.w3.org/2000/svg' width='16' height='16'>\(content)</svg>".utf8)
    }
}

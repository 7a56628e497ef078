package enum ImageType: String, CaseIterable, Equatable, Sendable {
    case png, jpeg, svg, gif, webp

    package var mimeType: String {
        switch self {
        case .png: "image/png"
        case .jpeg: "image/jpeg"
        case .svg: "image/svg+xml"
        case .gif: "image/gif"
        case .webp: "image/webp"
        }
    }
}

internal import CImage

/// The kind of images that a decoder process decodes. It determines what the confinement allows.
enum DecoderRole: String, CaseIterable, Sendable {
    /// All images except drawings that are rasterised. The process may only use its memory and its socket.
    case computing
    /// Drawings that are rasterised. The process may also start threads and read fonts.
    case drawing

    init(_ type: ImageType, _ policy: ImagePolicy) {
        self = type == .svg && policy.svg == .rasterise ? .drawing : .computing
    }

    var confinement: cimage_confinement {
        switch self {
        case .computing: .computing
        case .drawing: .drawing
        }
    }

    /// The process's name as `ps` and `top` show it, of at most 15 bytes.
    var processName: String {
        switch self {
        case .computing: "e2b-fcgi-decode"
        case .drawing: "e2b-fcgi-draw"
        }
    }
}

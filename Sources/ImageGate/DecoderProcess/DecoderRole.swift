internal import CImage

/// What a decoder is for, and so what it is left with.
enum DecoderRole: String, CaseIterable, Sendable {
    /// Everything but drawing, and drawings that stay drawings: memory and its socket.
    case computing
    /// Drawings that are drawn: threads as well, and the fonts to read.
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

    /// As `ps` and `top` show it, in at most 15 bytes.
    var processName: String {
        switch self {
        case .computing: "e2b-fcgi-decode"
        case .drawing: "e2b-fcgi-draw"
        }
    }
}

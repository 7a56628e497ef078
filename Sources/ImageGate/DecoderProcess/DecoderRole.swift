internal import CImage

/// Which images a decoder process is for, which decides what its confinement leaves it.
enum DecoderRole: String, CaseIterable, Sendable {
    /// All images but drawings that are rasterised. The process is left with memory and its socket.
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

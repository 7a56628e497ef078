extension ImageType {
    /// The type's name as people write it.
    package var name: String {
        switch self {
        case .png: "PNG"
        case .jpeg: "JPEG"
        case .svg: "SVG"
        case .gif: "GIF"
        case .webp: "WebP"
        }
    }
}

/// The reason for people, as half a sentence. It contains nothing of the image's bytes except the four letters of a PNG
/// chunk's name.
extension ImageGateError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .empty: "it is empty"
        case .unknownType: "it is none of PNG, JPEG, SVG, GIF and WebP"
        case .typeMismatch(let claimed, let actual): "it says \(claimed.name) and is \(actual.name)"
        case .tooManyBytes(let count, let limit): "\(count) bytes, over the limit of \(limit)"
        case .tooManyPixels(let width, let height, let limit):
            "\(width)×\(height) pixels, over the limit of \(Self.megapixels(limit))"
        case .truncated(let type): "the \(type.name) ends early"
        case .trailingData(let type, 1): "1 byte follows the end of the \(type.name)"
        case .trailingData(let type, let count): "\(count) bytes follow the end of the \(type.name)"
        case .malformed(_, let why): why
        case .forbidden(let type, let what): "\(type.name) with \(what)"
        case .overBudget(let limit): "it cannot be made to fit \(limit) bytes"
        case .outOfMemory: "there is not enough memory to decode it"
        case .decoderCrashed(let type): "the \(type.name) crashed its decoder, or needed too much memory"
        case .decoderTooSlow(let type): "the \(type.name) took too long to decode"
        case .noTimeLeft: "the images before it took all the processor time that one execution has"
        case .decoderMisbehaved(let type): "the \(type.name) led its decoder astray"
        case .decoderUnavailable: "its decoder cannot be started"
        case .cancelled: "nobody waits for it any more"
        }
    }

    private static func megapixels(_ pixels: Int) -> String {
        let million = 1_000_000
        return pixels >= million && pixels.isMultiple(of: million)
            ? "\(pixels / million) megapixels" : "\(pixels) pixels"
    }
}

extension ImageGateError {
    /// Makes a library's message fit for a sentence of the gate: printable, short, without a full stop.
    static func readable(_ words: UnsafePointer<CChar>) -> String {
        var text = String(cString: words)
        text.removeAll { !$0.isASCII || $0.isNewline || ($0.asciiValue ?? 0) < 0x20 }
        if text.hasSuffix(".") { text.removeLast() }
        return String(text.prefix(100))
    }
}

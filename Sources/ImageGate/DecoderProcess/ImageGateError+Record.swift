/// A rejection in the form in which it is sent between two processes: the number of its case, up to three integers, and
/// a text.
extension ImageGateError {
    var record: (kind: Int, words: [Int], text: String) {
        switch self {
        case .empty: (1, [], "")
        case .unknownType: (2, [], "")
        case .typeMismatch(let claimed, let actual): (3, [claimed.code, actual.code], "")
        case .tooManyBytes(let count, let limit): (4, [count, limit], "")
        case .tooManyPixels(let width, let height, let limit): (5, [width, height, limit], "")
        case .truncated(let type): (6, [type.code], "")
        case .trailingData(let type, let count): (7, [type.code, count], "")
        case .malformed(let type, let why): (8, [type.code], why)
        case .forbidden(let type, let what): (9, [type.code], what)
        case .overBudget(let limit): (10, [limit], "")
        case .outOfMemory: (11, [], "")
        // Only the gate has these reasons, and never a decoder process.
        case .decoderCrashed, .decoderTooSlow, .noTimeLeft, .decoderMisbehaved, .decoderUnavailable, .cancelled:
            (-1, [], "")
        }
    }

    /// Reads a rejection; nil if no decoder process can have sent it.
    init?(kind: Int, _ words: ArraySlice<Int>, text: String) {
        guard words.count >= 3 else { return nil }
        let words = Array(words)
        let type = ImageType(code: words[0])
        switch (kind, type) {
        case (1, _): self = .empty
        case (2, _): self = .unknownType
        case (3, let claimed?):
            guard let actual = ImageType(code: words[1]) else { return nil }
            self = .typeMismatch(claimed: claimed, actual: actual)
        case (4, _): self = .tooManyBytes(count: words[0], limit: words[1])
        case (5, _): self = .tooManyPixels(width: words[0], height: words[1], limit: words[2])
        case (6, let type?): self = .truncated(type)
        case (7, let type?): self = .trailingData(type, count: words[1])
        case (8, let type?): self = .malformed(type, why: text)
        case (9, let type?): self = .forbidden(type, what: text)
        case (10, _): self = .overBudget(limit: words[0])
        case (11, _): self = .outOfMemory
        default: return nil
        }
    }
}

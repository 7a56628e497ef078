/// Decodes a text that arrives in pieces, which may be cut anywhere, by the same rules as ``Base64/decode(_:over:)``.
package struct Base64Stream: Sendable {
    /// The beginning of a group whose end has not arrived: fewer than four characters.
    private var held: [UInt8] = []
    /// What has come while it may be the head of a data URI; nil: it is decided.
    private var head: [UInt8]? = []
    /// Whether there was padding, which is the end.
    private var isPadded = false
    private var isMalformed = false

    package init() {}

    /// Decodes the next piece in its place.
    ///
    /// - Returns: false: it is no base64. Then nothing is left of the piece, nor of those that follow.
    package mutating func decode(_ piece: inout [UInt8]) -> Bool {
        guard takeHead(&piece) else {
            isMalformed = true
            piece = []
            return false
        }
        if isPadded, !piece.allSatisfy(Base64.isSkipped) { isMalformed = true }
        guard !isMalformed, !isPadded, !piece.isEmpty else {
            piece = []
            return !isMalformed
        }
        if !held.isEmpty { piece.insert(contentsOf: held, at: 0) }
        held = []
        let (count, end) = piece.withUnsafeMutableBytes { Base64.decodeBeginning($0) }
        switch end {
        case .group: break
        case .padding: isPadded = true
        case .cut(let start): held = piece[start...].filter { !Base64.isSkipped($0) }
        case .malformed:
            isMalformed = true
            piece = []
            return false
        }
        piece.removeLast(piece.count - count)
        return true
    }

    /// Takes the head of a data URI off the text. Nothing is left of a piece while it is not decided whether it is one.
    ///
    /// - Returns: false: it is a data URI of something else than base64.
    private mutating func takeHead(_ piece: inout [UInt8]) -> Bool {
        guard var head else { return true }
        head += piece
        piece = []
        self.head = head
        let text = head.drop(while: Base64.isSkipped)
        guard text.count >= 5 else { return true }
        if !Base64.beginsDataURI(text) {
            piece = head
        } else if let comma = text.prefix(Base64.dataHeadLimit).firstIndex(of: UInt8(ascii: ",")) {
            guard Base64.isBase64(head: text[..<comma]) else { return false }
            piece = Array(head[(comma + 1)...])
        } else {
            return text.count < Base64.dataHeadLimit
        }
        self.head = nil
        return true
    }

    /// The bytes at the end, which only show when nothing follows.
    ///
    /// - Returns: nil: the text may not end here.
    package mutating func finish() -> [UInt8]? {
        var last: [UInt8] = []
        if let head, !isMalformed {
            self.head = nil
            last = head
            guard decode(&last) else { return nil }
        }
        guard !isMalformed else { return nil }
        var end = [UInt8](repeating: 0, count: 4)
        guard let count = end.withUnsafeMutableBytes({ Base64.decodeUnpadded(held, into: $0, at: 0) }) else {
            return nil
        }
        held = []
        return last + end.prefix(count)
    }
}

/// Decodes base64 that arrives in pieces, which may be cut anywhere, by the same rules as ``Base64``.
package struct Base64Stream: Sendable {
    private let skipsStrangers: Bool
    /// The beginning of a group whose end has not arrived: fewer than four characters.
    private var held: [UInt8] = []
    /// Whether there was padding, which is the end.
    private var isPadded = false
    private var isMalformed = false

    /// - Parameter skipsStrangers: whether what is not a character of the alphabet is passed over, as something that
    ///   somebody wrote by hand.
    package init(skipsStrangers: Bool = false) { self.skipsStrangers = skipsStrangers }

    /// Decodes the next piece in its place.
    ///
    /// - Returns: false: it is no base64. Then nothing is left of the piece, nor of those that follow.
    package mutating func decode(_ piece: inout [UInt8]) -> Bool {
        if isPadded, !piece.allSatisfy({ Base64.isSkipped($0, skipsStrangers: skipsStrangers) }) { isMalformed = true }
        guard !isMalformed, !isPadded else {
            piece = []
            return !isMalformed
        }
        if !held.isEmpty { piece.insert(contentsOf: held, at: 0) }
        held = []
        let (count, end) = piece.withUnsafeMutableBytes {
            Base64.decodeBeginning($0, skipsStrangers: skipsStrangers)
        }
        switch end {
        case .group: break
        case .padding: isPadded = true
        case .cut(let start):
            held = piece[start...].filter { !Base64.isSkipped($0, skipsStrangers: skipsStrangers) }
        case .malformed:
            isMalformed = true
            piece = []
            return false
        }
        piece.removeLast(piece.count - count)
        return true
    }

    /// Whether the text may end here.
    package var isWhole: Bool { !isMalformed && held.isEmpty }
}

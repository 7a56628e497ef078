/// Takes long base64 out of a program's output while it comes, because what is kept of the output may have no room for it.
///
/// The output comes in pieces, and a piece may end within base64. So a long run at the end of a piece is held until its end comes.
struct PrintedBase64Stream {
    /// The text from a run's beginning on, or from a little before it.
    private var held: [UInt8] = []
    /// Whether the last piece ended in a run that was too short to be held. What goes on in the next piece is no whole run.
    private var isInsideRun = false

    /// The largest number of bytes that are held: more than the largest picture has in base64.
    private static let limit = 48 << 20

    /// The number of held bytes, or 0 if it is small.
    var heldCount: Int { held.count < CapturedOutput.smallCount ? 0 : held.capacity }

    /// Reads a piece of the output.
    ///
    /// - Parameters:
    ///   - output: gets the text that is kept.
    ///   - pictures: gets the pictures.
    mutating func read(
        _ piece: String, into output: inout CapturedOutput, _ pictures: inout [CapturedImage],
        without secrets: SecretRedactor
    ) {
        let isWithin = piece.utf8.allSatisfy { $0.isBase64 || $0 == UInt8(ascii: "\n") }
        if !held.isEmpty {
            held.append(contentsOf: piece.utf8)
            guard !isWithin || held.count > Self.limit else { return }
        } else if isInsideRun, isWithin {
            return output.append(piece)
        } else if piece.utf8.count < PrintedBase64.longRun {
            isInsideRun = PrintedBase64.startOfUnfinishedRun(in: Array(piece.utf8)) != nil
            return output.append(piece)
        } else {
            held = Array(piece.utf8)
        }
        let text = held
        held = []
        let start = isInsideRun ? text.firstIndex { !$0.isBase64 && $0 != UInt8(ascii: "\n") } ?? text.count : 0
        let end = max(PrintedBase64.startOfUnfinishedRun(in: text) ?? text.count, start)
        isInsideRun = end < text.count
        // Of a run that is held, the head of its data URI is held as well.
        let isHeld = text.count - end >= PrintedBase64.shortestPicture && text.count <= Self.limit
        let rest = isHeld ? max(end - PrintedBase64.longestHead, start) : end
        output.append(text[..<start])
        keep(Array(text[start..<rest]), in: &output, &pictures, without: secrets)
        if isHeld {
            held = Array(text[rest...])
            isInsideRun = false
        } else {
            output.append(text[rest...])
        }
    }

    /// Ends the output.
    mutating func finish(
        into output: inout CapturedOutput, _ pictures: inout [CapturedImage], without secrets: SecretRedactor
    ) {
        keep(held, in: &output, &pictures, without: secrets)
        held = []
        // Runs of which each piece was short.
        output.replace { PrintedBase64.replaced(in: $0, &pictures, without: secrets) }
    }

    private func keep(
        _ text: [UInt8], in output: inout CapturedOutput, _ pictures: inout [CapturedImage],
        without secrets: SecretRedactor
    ) {
        output.append((PrintedBase64.replaced(in: text, &pictures, without: secrets) ?? text)[...])
    }
}

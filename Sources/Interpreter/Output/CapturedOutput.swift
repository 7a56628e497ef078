/// Captured text of any length, such as output, results and exceptions. It keeps the beginning and the end of a text
/// that is too long.
///
/// The text may be appended in pieces that cut a character in two. The pieces are joined before they are decoded.
package struct CapturedOutput: Sendable {
    private var ends: TextEnds
    /// Interprets a program's output as a terminal does; nil for bytes that are kept as they are.
    private var terminal: Terminal?

    /// - Parameters:
    ///   - limit: the number of bytes that are kept from the beginning.
    ///   - tail: the number of bytes that are kept from the end.
    package init(limit: Int, tail: Int = Self.windowLimit) { ends = TextEnds(limit: limit, tail: tail) }

    /// Captures the text that a terminal shows in the end.
    package init(ofTerminal limit: Int, tail: Int = Self.windowLimit, without secrets: SecretRedactor) {
        self.init(limit: limit, tail: tail)
        terminal = Terminal(without: secrets)
    }

    /// All of it.
    package init(_ bytes: [UInt8]) {
        self.init(limit: bytes.count)
        bytes.withUnsafeBytes { ends.append($0) }
    }

    /// All of it.
    package init(whole text: String) { self.init(Array(text.utf8)) }

    package var isEmpty: Bool { shownEnds.isEmpty }
    /// The number of kept bytes, or 0 if it is small.
    package var heldCount: Int { ends.heldCount }
    /// The kept bytes of the beginning.
    package var kept: [UInt8] { shownEnds.head }

    package mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    package mutating func append(_ bytes: ArraySlice<UInt8>) { bytes.withUnsafeBytes { append($0) } }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if terminal == nil { ends.append(bytes) } else { terminal?.read(bytes, into: &ends) }
    }

    /// The kept text, and the lines that are still on the terminal's screen.
    private var shownEnds: TextEnds {
        guard var terminal, !terminal.isEmpty else { return ends }
        var ends = ends
        terminal.finish(into: &ends)
        return ends
    }

    /// Replaces the text by `change`'s result. Does nothing if a part of the text was dropped.
    mutating func replace(_ change: ([UInt8]) -> [UInt8]?) {
        let shown = shownEnds
        guard !shown.hasGap, let changed = change(shown.head + shown.tail) else { return }
        if terminal != nil { terminal = Terminal() }
        ends.removeAll()
        changed.withUnsafeBytes { ends.append($0) }
    }

    /// Returns the kept text without terminal escapes and secrets.
    ///
    /// Half of a secret may stand on each side of a gap, where no search finds it. So the text next to the gap is left
    /// out, as much as the longest secret has. This is the last step, because escapes between its letters may have made
    /// a secret longer.
    ///
    /// - Parameters:
    ///   - window: the number of bytes of each end that are searched and returned. The rest is only counted.
    ///   - keepsEscapes: whether terminal escapes stay, as in a file.
    package func cleaned(_ secrets: SecretRedactor, window: Int = .max, keepsEscapes: Bool = false) -> CutText {
        func clean(_ bytes: [UInt8]) -> String {
            let text = String(decoding: bytes, as: UTF8.self)
            return secrets.redacted(keepsEscapes || terminal != nil ? text : text.withoutTerminalEscapes)
        }
        let ends = shownEnds
        let (head, tail, hasGap) = (ends.head, ends.tail, ends.hasGap)
        if !hasGap, (head.count + tail.count) / 2 <= window { return CutText(clean(head + tail)) }
        let (beginning, end) = (ends.beginning(window), ends.end(window))
        let unseen = head.scalarCount + tail.scalarCount - beginning.scalarCount - end.scalarCount
        let (first, last) = (clean(beginning), clean(end))
        let kept = (first.unicodeScalars.dropLast(secrets.longest), last.unicodeScalars.dropFirst(secrets.longest))
        let cut = first.unicodeScalars.count - kept.0.count + last.unicodeScalars.count - kept.1.count
        return CutText(first: String(kept.0), missing: ends.dropped + unseen + cut, last: String(kept.1))
    }

    /// Returns the text for an answer: without secrets, and at most ``shownLimit`` characters. Only the shown parts of
    /// a far longer text are searched for secrets.
    ///
    /// - Parameters:
    ///   - keepsEscapes: whether terminal escapes stay, as in a file.
    ///   - save: writes the whole text into a file of the sandbox if a part is left out, and returns the file's path.
    package func shown(
        _ secrets: SecretRedactor, keepsEscapes: Bool = false, save: (_ whole: [UInt8]) async -> String?
    ) async -> String {
        let ends = shownEnds
        let (head, tail, hasGap) = (ends.head, ends.tail, ends.hasGap)
        let text = cleaned(secrets, window: Self.windowLimit, keepsEscapes: keepsEscapes)
        guard !text.isWhole || text.count > Self.shownLimit else { return text.rendered() }
        let name = hasGap ? "beginning" : "whole"
        let place = await save(hasGap ? head : head + tail).map { "; the \(name) is in \($0)" } ?? ""
        return text.rendered(head: Self.shownHead, tail: Self.shownTail) { leftOut in
            let amount = hasGap ? "more characters than are kept" : "\(leftOut) characters"
            return "[… \(amount) left out here\(place) …]"
        }
    }

    /// The largest number of characters of a text in an answer.
    package static let shownLimit = 10_000
    private static let shownHead = 2000
    private static let shownTail = 6000
    /// The number of bytes at each end from which the shown text is made.
    package static let windowLimit = 64 << 10
    /// The number of bytes below which memory is not counted.
    static let smallCount = 1 << 20
}

extension String {
    /// Returns at most `limit` Unicode scalars of the text, without terminal escapes and secrets. The beginning and the
    /// end stay of a longer text. Megabytes take no longer than counting them.
    package func shortened(to limit: Int, without secrets: SecretRedactor) -> String {
        let bytes = CapturedOutput.bytes(showing: limit, secrets)
        var text = CapturedOutput(limit: bytes, tail: bytes)
        text.append(self)
        return text.cleaned(secrets).rendered(budget: limit)
    }
}

extension CapturedOutput {
    /// Returns the number of bytes to keep at each end of a text that is shown in at most so many Unicode scalars. Each
    /// end shows half of the scalars, which have at most four bytes each, and must have room for a whole secret at the
    /// cut.
    static func bytes(showing scalars: Int, _ secrets: SecretRedactor) -> Int { 2 * scalars + 4 * secrets.longest }
}

/// The beginning and the end of a text that may be endless: what a program printed, displayed or threw.
///
/// Bytes may be cut anywhere when they are appended; together again they are characters again.
package struct CapturedOutput: Sendable {
    private var ends: TextEnds
    /// What the bytes are read by, if they are a program's output; nil: they are kept as they are.
    private var terminal: Terminal?

    /// - Parameters:
    ///   - limit: bytes that are kept from the beginning.
    ///   - tail: bytes that are kept from the end.
    package init(limit: Int, tail: Int = Self.windowLimit) { ends = TextEnds(limit: limit, tail: tail) }

    /// What a terminal shows of it in the end.
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
    /// Bytes that are kept, where they are many.
    package var heldCount: Int { ends.heldCount }
    /// What is kept from the beginning.
    package var kept: [UInt8] { shownEnds.head }

    package mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    package mutating func append(_ bytes: ArraySlice<UInt8>) { bytes.withUnsafeBytes { append($0) } }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if terminal == nil { ends.append(bytes) } else { terminal?.read(bytes, into: &ends) }
    }

    /// With what is still on the terminal's screen.
    private var shownEnds: TextEnds {
        guard var terminal, !terminal.isEmpty else { return ends }
        var ends = ends
        terminal.finish(into: &ends)
        return ends
    }

    /// Changes all of the text, where all of it is kept.
    mutating func replace(_ change: ([UInt8]) -> [UInt8]?) {
        let shown = shownEnds
        guard !shown.hasGap, let changed = change(shown.head + shown.tail) else { return }
        if terminal != nil { terminal = Terminal() }
        ends.removeAll()
        changed.withUnsafeBytes { ends.append($0) }
    }

    /// What was kept, without terminal escapes and without secrets.
    ///
    /// Half of a secret may stand at either side of a gap, where nothing finds it: as much as a secret takes is left out
    /// there. That is measured last, since escapes may have stood between its letters.
    ///
    /// - Parameters:
    ///   - window: bytes that are looked at of either end. The rest of what is kept is only counted.
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

    /// As an answer shows it: without secrets, and no longer than ``shownLimit`` characters. Of what is far longer only what is
    /// shown is looked at.
    ///
    /// - Parameters:
    ///   - keepsEscapes: whether terminal escapes stay, as in a file.
    ///   - save: called when something is left out: puts the whole in a file of the sandbox, and returns where.
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

    /// Characters of a text in an answer, and what is shown of a longer one.
    package static let shownLimit = 10_000
    private static let shownHead = 2000
    private static let shownTail = 6000
    /// Bytes that are looked at for either end of what is shown.
    package static let windowLimit = 64 << 10
    /// Bytes that need no thought.
    static let smallCount = 1 << 20
}

extension String {
    /// In at most `limit` Unicode scalars, without terminal escapes and secrets: the beginning and the end, if it is longer.
    /// Takes no longer for megabytes than it takes to count them.
    package func shortened(to limit: Int, without secrets: SecretRedactor) -> String {
        let bytes = CapturedOutput.bytes(showing: limit, secrets)
        var text = CapturedOutput(limit: bytes, tail: bytes)
        text.append(self)
        return text.cleaned(secrets).rendered(budget: limit)
    }
}

extension CapturedOutput {
    /// Bytes to keep at either end of a text that is shown in at most so many Unicode scalars. Half of them stand at either
    /// end, in at most four bytes each; and a secret across the cut must still be whole.
    static func bytes(showing scalars: Int, _ secrets: SecretRedactor) -> Int { 2 * scalars + 4 * secrets.longest }
}

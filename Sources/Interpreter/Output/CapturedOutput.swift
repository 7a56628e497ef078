/// The beginning and the end of a text that may be endless: what a program printed, displayed or threw.
///
/// Bytes may be cut anywhere when they are appended; together again they are characters again.
package struct CapturedOutput: Sendable {
    /// Bytes that are kept from the beginning.
    private let headLimit: Int
    /// Bytes that are kept at least from the end, once there are more than ``headLimit``. At most twice as many are.
    private let tailLimit: Int
    private var head: [UInt8] = []
    private var tail: [UInt8] = []
    /// Whether something between the two was dropped, and how many Unicode scalars of it.
    private var hasGap = false
    private var dropped = 0

    /// - Parameters:
    ///   - limit: bytes that are kept from the beginning.
    ///   - tail: bytes that are kept from the end.
    package init(limit: Int, tail: Int = Self.windowLimit) {
        headLimit = limit
        tailLimit = tail
    }

    /// All of it.
    package init(_ bytes: [UInt8]) {
        self.init(limit: bytes.count)
        head = bytes
    }

    /// All of it.
    package init(whole text: String) { self.init(Array(text.utf8)) }

    package var isEmpty: Bool { head.isEmpty && tail.isEmpty }
    /// Bytes that are kept, where they are many.
    package var heldCount: Int { head.count + tail.count < Self.smallCount ? 0 : head.capacity + tail.capacity }
    /// What is kept from the beginning.
    package var kept: [UInt8] { head }

    package mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    package mutating func append(_ bytes: ArraySlice<UInt8>) { bytes.withUnsafeBytes { append($0) } }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        if tail.isEmpty, !hasGap {
            let end = rest.scalarStart(notAfter: min(headLimit - head.count, rest.count))
            head.append(contentsOf: rest[..<end])
            rest = rest[end...]
        }
        guard !rest.isEmpty else { return }
        if rest.count > 2 * tailLimit {
            // Nothing before these can be among the last ones.
            drop(tail[...])
            tail.removeAll()
            let start = rest.scalarStart(notBefore: rest.endIndex - tailLimit)
            drop(rest[..<start])
            rest = rest[start...]
        }
        tail.append(contentsOf: rest)
        // Twice the limit and one trim for each half: every byte is moved once.
        if tail.count > 2 * tailLimit {
            let start = tail.scalarStart(notBefore: tail.count - tailLimit)
            drop(tail[..<start])
            tail.removeFirst(start)
        }
    }

    private mutating func drop(_ bytes: some Collection<UInt8>) {
        guard !bytes.isEmpty else { return }
        hasGap = true
        dropped += bytes.count { !$0.isContinuation }
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
            return secrets.redacted(keepsEscapes ? text : text.withoutTerminalEscapes)
        }
        if !hasGap, (head.count + tail.count) / 2 <= window { return CutText(clean(head + tail)) }
        let (beginning, end) = (beginning(window), end(window))
        let unseen = head.scalarCount + tail.scalarCount - beginning.scalarCount - end.scalarCount
        let (first, last) = (clean(beginning), clean(end))
        let kept = (first.unicodeScalars.dropLast(secrets.longest), last.unicodeScalars.dropFirst(secrets.longest))
        let cut = first.unicodeScalars.count - kept.0.count + last.unicodeScalars.count - kept.1.count
        return CutText(first: String(kept.0), missing: dropped + unseen + cut, last: String(kept.1))
    }

    /// The first bytes of what there is without a gap, at most `count`.
    private func beginning(_ count: Int) -> [UInt8] {
        let bytes = hasGap || head.count >= count ? head : head + tail.prefix(count - head.count)
        return Array(bytes[..<bytes.scalarStart(notAfter: min(count, bytes.count))])
    }

    /// The last bytes of it, at most `count`.
    private func end(_ count: Int) -> [UInt8] {
        let bytes = hasGap || tail.count >= count ? tail : head.suffix(count - tail.count) + tail
        return Array(bytes[bytes.scalarStart(notBefore: max(bytes.count - count, 0))...])
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

extension RandomAccessCollection<UInt8> where Index == Int {
    fileprivate var scalarCount: Int { count { !$0.isContinuation } }

    /// The last place up to `index` where a UTF-8 sequence begins. `index` itself, where there is none nearby: this is no UTF-8.
    fileprivate func scalarStart(notAfter index: Int) -> Int {
        guard index < endIndex else { return index }
        return (Swift.max(startIndex, index - 3)...index).last { !self[$0].isContinuation } ?? index
    }

    /// The first place from `index` on where a UTF-8 sequence begins. `index` itself, where there is none nearby.
    fileprivate func scalarStart(notBefore index: Int) -> Int {
        (index..<Swift.min(endIndex, index + 4)).first { !self[$0].isContinuation } ?? index
    }
}

extension UInt8 {
    /// A byte of a UTF-8 sequence that is not its first.
    fileprivate var isContinuation: Bool { self & 0xc0 == 0x80 }
}

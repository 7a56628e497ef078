package import Redaction

/// The beginning and the end of a text that may be endless.
///
/// Memory is bounded by a few times `limit`, however much is appended. Counts are of Unicode scalars, so that a cut never
/// lands inside one.
package struct BoundedText: Equatable, Sendable {
    /// Scalars kept at each end.
    private let limit: Int
    private var head: [UInt8] = []
    private var headCount = 0
    private var tail: [UInt8] = []
    /// Scalars that were dropped between the two.
    private var dropped = 0

    /// - Parameter limit: scalars kept at each end, more than will be shown: what is removed later, such as a hidden value
    ///   across the cut, must still be whole here.
    package init(limit: Int) { self.limit = limit }

    package var isEmpty: Bool { head.isEmpty }

    package mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append($0) }
    }

    private mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        var end = 0
        if headCount < limit || tail.isEmpty {
            while end < bytes.count {
                if !bytes[end].isContinuation {
                    guard headCount < limit else { break }
                    headCount += 1
                }
                end += 1
            }
            head.append(contentsOf: bytes[..<end])
        }
        let rest = bytes[end...]
        guard !rest.isEmpty else { return }
        let room = 4 * limit
        if rest.count > room {
            // No scalar has more than four bytes: nothing before these can be among the last ones.
            dropped += tail.count { !$0.isContinuation } + rest.dropLast(room).count { !$0.isContinuation }
            tail = Array(rest.suffix(room))
            return trimTail()
        }
        tail.append(contentsOf: rest)
        // Twice the room and one trim for each half: every byte is moved once.
        if tail.count > 8 * limit { trimTail() }
    }

    private mutating func trimTail() {
        var kept = 0
        var start = tail.endIndex
        while start > 0, kept < limit {
            start -= 1
            if !tail[start].isContinuation { kept += 1 }
        }
        dropped += tail[..<start].count { !$0.isContinuation }
        tail.removeSubrange(..<start)
    }

    /// What was kept, without terminal escapes and without secrets.
    ///
    /// Half of a secret may stand at either side of the gap, where nothing finds it: as much as a secret takes is left out
    /// there. That is measured last, since escapes may have stood between its letters.
    package func cleaned(_ secrets: SecretRedactor) -> CutText {
        func clean(_ bytes: [UInt8]) -> String {
            secrets.masked(in: String(decoding: bytes, as: UTF8.self).withoutTerminalEscapes)
        }
        guard dropped > 0 else { return CutText(clean(head + tail)) }
        let (first, last) = (clean(head), clean(tail))
        let kept = (first.unicodeScalars.dropLast(secrets.longest), last.unicodeScalars.dropFirst(secrets.longest))
        let missing = first.unicodeScalars.count - kept.0.count + last.unicodeScalars.count - kept.1.count
        return CutText(first: String(kept.0), missing: dropped + missing, last: String(kept.1))
    }
}

extension String {
    /// In at most `limit` Unicode scalars, without terminal escapes and secrets: the beginning and the end, if it is longer.
    /// Takes no longer for megabytes than it takes to count them.
    package func shortened(to limit: Int, without secrets: SecretRedactor) -> String {
        var text = BoundedText(limit: limit + secrets.longest)
        text.append(self)
        return text.cleaned(secrets).rendered(budget: limit)
    }
}

/// A text, or its two ends and the number of scalars that are missing between them.
package struct CutText: Equatable, Sendable {
    private let first: String
    private let missing: Int
    private let last: String

    package init(_ whole: String) { self.init(first: whole, missing: 0, last: "") }

    fileprivate init(first: String, missing: Int, last: String) {
        self.first = first
        self.missing = missing
        self.last = last
    }

    /// Unicode scalars, those that are missing included.
    package var count: Int { first.unicodeScalars.count + missing + last.unicodeScalars.count }

    /// In at most `budget` scalars: the whole text, or its beginning and its end with a line between them that says how much
    /// was left out.
    package func rendered(budget: Int) -> String {
        let count = count
        guard missing > 0 || count > budget else { return first }
        // What the line itself takes.
        let room = max(budget - 60, 0)
        let end = missing > 0 ? last.unicodeScalars : first.unicodeScalars
        let head = first.unicodeScalars.prefix(room / 2)
        // Without a gap both ends come from one text: they must not overlap.
        let tail = end.suffix(min(room - room / 2, missing > 0 ? room : end.count - head.count))
        let line = "\n[… \(count - head.count - tail.count) characters left out …]\n"
        return String(Substring(head)) + line + String(Substring(tail))
    }
}

extension UInt8 {
    /// A byte of a UTF-8 sequence that is not its first.
    fileprivate var isContinuation: Bool { self & 0xc0 == 0x80 }
}

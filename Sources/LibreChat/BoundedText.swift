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
        var rest = bytes[...]
        if headCount < limit {
            // Scalars are at least as many bytes: this much fits without counting first.
            let part = rest.prefix { byte in
                if !byte.isContinuation {
                    guard headCount < limit else { return false }
                    headCount += 1
                }
                return true
            }
            head.append(contentsOf: part)
            rest = rest[part.endIndex...]
        }
        guard !rest.isEmpty else { return }
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

    /// What was kept, each end passed through `clean`.
    package func cleaned(_ clean: (String) -> String) -> CutText {
        guard dropped > 0 else { return CutText(clean(String(decoding: head + tail, as: UTF8.self))) }
        return CutText(
            first: clean(String(decoding: head, as: UTF8.self)),
            missing: dropped,
            last: clean(String(decoding: tail, as: UTF8.self)))
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

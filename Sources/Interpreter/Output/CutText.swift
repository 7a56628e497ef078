/// A text, or its two ends and the number of Unicode scalars that are missing between them.
package struct CutText: Equatable, Sendable {
    private let first: String
    private let missing: Int
    /// nil: ``first`` is the whole text.
    private let last: String?

    package init(_ whole: String) {
        first = whole
        missing = 0
        last = nil
    }

    init(first: String, missing: Int, last: String) {
        self.first = first
        self.missing = missing
        self.last = last
    }

    var isWhole: Bool { last == nil }

    /// Unicode scalars, those that are missing included.
    package var count: Int { first.unicodeScalars.count + missing + (last?.unicodeScalars.count ?? 0) }

    /// In at most `budget` scalars: the whole text, or its beginning and its end with a line between them that says how much
    /// was left out.
    package func rendered(budget: Int = .max) -> String {
        guard !isWhole || count > budget else { return first }
        // What the line itself takes.
        let room = max(budget - 60, 0)
        return rendered(head: room / 2, tail: room - room / 2) { "[… \($0) characters left out …]" }
    }

    /// The first and the last scalars, so many of each, with a line between them.
    ///
    /// - Parameter line: says how many scalars are left out.
    func rendered(head: Int, tail: Int, line: (_ leftOut: Int) -> String) -> String {
        let start = first.unicodeScalars.prefix(head)
        // Of a whole text the two must not overlap.
        let end =
            last.map { $0.unicodeScalars.suffix(tail) }
            ?? first.unicodeScalars[start.endIndex...].suffix(tail)
        let leftOut = count - start.count - end.count
        return String(Substring(start)) + "\n\(line(leftOut))\n" + String(Substring(end))
    }
}

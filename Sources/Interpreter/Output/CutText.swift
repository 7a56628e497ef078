/// A whole text, or the two ends of a text and the number of Unicode scalars between them.
package struct CutText: Equatable, Sendable {
    private let first: String
    private let missing: Int
    /// The end of the text; nil if ``first`` is the whole text.
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

    /// The number of Unicode scalars, including the missing ones.
    package var count: Int { first.unicodeScalars.count + missing + (last?.unicodeScalars.count ?? 0) }

    /// Returns at most `budget` scalars: the whole text, or its beginning and its end. A line between them says how
    /// much was left out.
    package func rendered(budget: Int = .max) -> String {
        guard !isWhole || count > budget else { return first }
        // The line needs a part of the budget itself.
        let room = max(budget - 60, 0)
        return rendered(head: room / 2, tail: room - room / 2) { "[… \($0) characters left out …]" }
    }

    /// Returns the given numbers of scalars from the beginning and from the end, with a line between them.
    ///
    /// - Parameter line: returns the line for the number of scalars that are left out.
    func rendered(head: Int, tail: Int, line: (_ leftOut: Int) -> String) -> String {
        let start = first.unicodeScalars.prefix(head)
        // The beginning and the end of a whole text must not overlap.
        let end =
            last.map { $0.unicodeScalars.suffix(tail) }
            ?? first.unicodeScalars[start.endIndex...].suffix(tail)
        let leftOut = count - start.count - end.count
        return String(Substring(start)) + "\n\(line(leftOut))\n" + String(Substring(end))
    }
}

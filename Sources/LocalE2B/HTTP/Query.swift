internal import Foundation

/// A query string or a form, decoded as Go's `url.ParseQuery` does, with `+` as a space.
struct Query: Sendable {
    private var items: [(name: String, value: String)] = []

    init(_ text: some StringProtocol) {
        for part in text.split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            items.append((Self.unescape(pair[0]), pair.count == 2 ? Self.unescape(pair[1]) : ""))
        }
    }

    subscript(name: String) -> String? {
        items.first { $0.name == name }?.value
    }

    /// Decodes percent-encoding. A text that is not valid stays as it is.
    static func unescape(_ text: some StringProtocol) -> String {
        let spaced = String(text.map { $0 == "+" ? " " : $0 })
        return spaced.removingPercentEncoding ?? spaced
    }
}

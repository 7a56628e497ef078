/// A whole number in JSON, of any size, known by its value: 1000, 1000.0 and 1e3 are the same number.
package struct WholeNumber: Equatable, Sendable {
    /// The number as it was written.
    package let written: String
    /// The same text for each way to write the number. A number with many zeros at its end has an exponent in their place.
    package let canonical: String

    /// - Returns: nil if the value is not a number, has a fraction, or takes more than ``lengthLimit`` characters.
    package init?(json: JSONValue) {
        guard json.kind == .number, json.source.count <= Self.lengthLimit else { return nil }
        written = json.text
        let parts = written.split(omittingEmptySubsequences: false) { $0 == "e" || $0 == "E" }
        let halves = parts[0].drop { $0 == "-" }.split(separator: ".", omittingEmptySubsequences: false)
        var digits = Substring(halves.joined()).drop { $0 == "0" }
        guard !digits.isEmpty else {
            canonical = "0"
            return
        }
        // An exponent that no `Int` can hold may as well be the limit: no text has so many digits.
        let limit = Int.max / 2
        let exponent = parts.count > 1 ? Int(parts[1]) ?? (parts[1].hasPrefix("-") ? -limit : limit) : 0
        var scale = max(-limit, min(limit, exponent)) - (halves.count > 1 ? halves[1].utf8.count : 0)
        while digits.last == "0" {
            digits.removeLast()
            scale += 1
        }
        guard scale >= 0 else { return nil }
        let end = scale <= Self.zeroLimit ? String(repeating: "0", count: scale) : "e\(scale)"
        canonical = "\(written.hasPrefix("-") ? "-" : "")\(digits)\(end)"
    }

    /// The characters of a number that is still read.
    package static let lengthLimit = 1000
    /// The largest number of zeros that are written at the end: an `Int` has no more.
    private static let zeroLimit = 19
}

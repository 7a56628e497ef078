/// The parts of an owner's name: the key, and below it the user.
package enum OwnerName {
    /// No name of a key or a user contains it.
    private static let separator = UInt8(0x1f)

    /// The name of the key; `jwt` for callers who have only a token; `warm` for sandboxes that nobody uses yet.
    package static func key(of owner: String) -> String {
        if owner.isEmpty { return "warm" }
        guard owner.utf8.contains(separator) else { return owner }
        // The owner by a token begins with a separator.
        return owner.utf8.split(separator: separator).first.map { String(Substring($0)) } ?? owner
    }

    /// The name as people write it: `key user`.
    package static func shown(_ owner: String) -> String {
        owner.utf8.split(separator: separator).map { String(Substring($0)) }.joined(separator: " ")
    }
}

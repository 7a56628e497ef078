/// Whose files they are: a hash of the caller's identity, which is the name of a folder. No name of a key or a user gets into a path.
package struct StoreOwner: Hashable, Sendable, CustomStringConvertible {
    package static let length = 22

    package let text: String

    /// - Parameter identity: whatever tells this caller from all others.
    package init(hashing identity: String) {
        text = IDText.text(SHA256Digest(of: "owner\n" + identity).bytes.prefix(Self.length))
    }

    /// Reads what ``text`` was.
    package init?(_ text: some StringProtocol) {
        guard IDText.isValid(text, count: Self.length) else { return nil }
        self.text = String(text)
    }

    package var description: String { text }
}

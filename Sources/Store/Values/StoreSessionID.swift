/// A folder of an owner's files: those of one upload or of one execution. 21 characters of `A-Za-z0-9_-`.
///
/// The first twelve characters are random, and those after them follow from them. The ids of a session's files begin with the same
/// twelve characters. So the id of a file tells its session, and a file is found by its id alone, without an index.
package struct StoreSessionID: Hashable, Sendable, CustomStringConvertible {
    package static let length = 21
    /// The number of characters that a session has in common with its files: 72 bits.
    static let prefixLength = 12

    package let text: String

    /// - Returns: nil if no session can have this id.
    package init?(_ text: some StringProtocol) {
        guard IDText.isValid(text, count: Self.length) else { return nil }
        self.init(prefix: String(text.prefix(Self.prefixLength)))
        guard self.text == text else { return nil }
    }

    /// Makes the id that always stands for the same thing, such as a conversation.
    package init(hashing text: String) {
        self.init(prefix: IDText.text(SHA256Digest(of: "session\n" + text).bytes.prefix(Self.prefixLength)))
    }

    package static func random() -> StoreSessionID { StoreSessionID(prefix: IDText.random(prefixLength)) }

    init(prefix: String) {
        text = prefix + IDText.text(SHA256Digest(of: prefix).bytes.prefix(Self.length - Self.prefixLength))
    }

    package var description: String { text }
}

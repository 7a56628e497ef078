/// The id of a stored file. 21 characters of `A-Za-z0-9_-`, of which the first twelve are its session's.
package struct FileID: Hashable, Sendable, CustomStringConvertible {
    package static let length = 21

    package let text: String

    /// - Returns: nil if no file can have this id.
    package init?(_ text: some StringProtocol) {
        guard IDText.isValid(text, count: Self.length) else { return nil }
        self.text = String(text)
    }

    package static func random(in session: StoreSessionID) -> FileID {
        FileID(known: session.text.prefix(StoreSessionID.prefixLength) + IDText.random(9))
    }

    private init(known text: String) { self.text = text }

    package var session: StoreSessionID { StoreSessionID(prefix: String(text.prefix(StoreSessionID.prefixLength))) }

    package var description: String { text }
}

import FastCGI
import Interpreter

/// On whose behalf a caller asks, and in which conversation.
struct Identity: Equatable, Sendable {
    /// The key; below it the user, where the key may name users.
    let owner: String
    /// nil where there is none, or where the caller may not name one.
    let conversation: String?

    /// - Parameter trusted: names of the keys that may name users and conversations.
    init(of request: FastCGIRequest, _ caller: String, _ trusted: Set<String>) {
        guard trusted.contains(caller) else {
            owner = caller
            conversation = nil
            return
        }
        // No name has this character, so that no key and no user can take another one's place.
        owner = Self.value(request.header("X-User-ID")).map { "\(caller)\u{1f}\($0)" } ?? caller
        conversation = Self.value(request.header("X-Conversation-ID"))
    }

    /// LibreChat sends a placeholder as it stands where it has nothing to put in its place.
    private static func value(_ header: String?) -> String? {
        guard let header, SessionName.isValid(header), !header.hasPrefix("{{") else { return nil }
        return header
    }
}

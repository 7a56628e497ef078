import FastCGI
import Interpreter
import JSON

/// On whose behalf a caller asks, and in which conversation.
struct Identity: Equatable, Sendable {
    /// The headers that name a user and a conversation.
    struct Headers: Equatable, Sendable {
        var user = "X-User-ID"
        var conversation = "X-Conversation-ID"
    }

    /// The key; below it the user, where the key may name users.
    let owner: String
    /// nil where there is none, or where the caller may not name one.
    let conversation: String?

    /// - Parameter trusted: names of the keys that may name users and conversations.
    init(of request: FastCGIRequest, _ caller: String, _ trusted: Set<String>, _ headers: Headers = Headers()) {
        guard trusted.contains(caller) else {
            owner = caller
            conversation = nil
            return
        }
        // No name has this character, so that no key and no user can take another one's place.
        owner = Self.value(request.header(headers.user)).map { "\(caller)\u{1f}\($0)" } ?? caller
        conversation = Self.value(request.header(headers.conversation))
    }

    /// LibreChat sends a placeholder as it stands where it has nothing to put in its place, be it a part of the value.
    static func value(_ header: String?) -> String? {
        guard let header, !header.allSatisfy(\.isWhitespace), !header.contains("{{") else { return nil }
        if SessionName.isValid(header) { return header }
        // What cannot be a name stands for somebody all the same: two such users must not become one.
        var digits = Array("sha256:".utf8)
        digits.append(base64: AccessKey.digest(header))
        return String(decoding: digits, as: UTF8.self)
    }
}

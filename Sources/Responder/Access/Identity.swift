import FastCGI
import Interpreter
import JSON
import Store

/// The owner and the conversation of a request.
struct Identity: Equatable, Sendable {
    /// The headers that name a user and a conversation.
    struct Headers: Equatable, Sendable {
        var user = "X-User-ID"
        var conversation = "X-Conversation-ID"
    }

    /// The name of the key, and the user if the key may name users.
    let owner: String
    /// The conversation; nil if the request names none, or may not name one.
    let conversation: String?
    /// The name of the conversation's session; nil if there is no conversation.
    let session: String?

    /// - Parameter trusted: the names of the keys that may name users and conversations.
    init(of request: FastCGIRequest, _ caller: String, _ trusted: Set<String>, _ headers: Headers = Headers()) {
        guard trusted.contains(caller) else {
            owner = caller
            conversation = nil
            session = nil
            return
        }
        // No name contains this separator, so no key and user together have the name of another key or user.
        let user = Self.value(request.header(headers.user))
        owner = user.map { "\(caller)\u{1f}\($0)" } ?? caller
        let conversation = Self.value(request.header(headers.conversation))
        self.conversation = conversation
        session = user.flatMap { user in conversation.map { Self.hint(user, $0) } } ?? conversation
    }

    /// The name by which LibreChat's own code interpreter API is asked for the same conversation of the same user, so that it has one
    /// sandbox for all surfaces (`runtime_session_hint` of LibreChat 0.8.8).
    private static func hint(_ user: String, _ conversation: String) -> String {
        let pair = JSONWriter.value { $0.node(.list([.text(user), .text(conversation)])) }
        let digest = SHA256Digest(of: pair).hexadecimal
        return "v2:conversation:\(digest.prefix(32))"
    }

    /// Returns the value; nil if it is empty or has a placeholder. LibreChat sends a placeholder unchanged if it has no
    /// value for it, even as a part of a longer text.
    static func value(_ header: String?) -> String? {
        guard let header, !header.allSatisfy(\.isWhitespace), !header.contains("{{") else { return nil }
        if SessionName.isValid(header) { return header }
        // A value that cannot be a name becomes a digest, so that two such users stay two.
        var digits = Array("sha256:".utf8)
        digits.append(base64: AccessKey.digest(header))
        return String(decoding: digits, as: UTF8.self)
    }
}

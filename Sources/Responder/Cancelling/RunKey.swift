/// The key by which a client names a run: the caller, the conversation and the id of the request.
///
/// Only a digest is kept, because ids come from strangers, and no text of theirs may become the name of a file.
struct RunKey: Hashable, Sendable {
    /// 32 hexadecimal digits.
    let digits: String

    /// - Parameters:
    ///   - service: a value that the responders of one service share, so that another service on the machine has other
    ///     keys.
    ///   - id: the request's id with its type, so that 7 and "7" are two.
    init(service: String, _ identity: Identity, id: String) {
        self.init(service: service, identity.owner, identity.conversation, id: id)
    }

    init(service: String, _ owner: String, _ conversation: String?, id: String) {
        // Each part has its length before it, so that no two lists of parts have the same text.
        let parts = [service, owner, conversation.map { "c\($0)" } ?? "", id]
        let text = parts.map { "\($0.utf8.count):\($0)" }.joined()
        digits = AccessKey.digest(text).prefix(16).map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }.joined()
    }

    static let digitCount = 32
}

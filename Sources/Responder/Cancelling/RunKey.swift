/// What a client names a run by when it cancels it: who asks, in which conversation, and the id of the request.
///
/// It is known by its digest alone: ids come from strangers, and no text of theirs is to become a file's name.
struct RunKey: Hashable, Sendable {
    /// 32 hexadecimal digits.
    let digits: String

    /// - Parameters:
    ///   - service: what responders of one service have in common, so that another service on the machine is not meant.
    ///   - id: the request's id as JSON, so that 7 and "7" are two.
    init(service: String, _ identity: Identity, id: String) {
        // With the length of each part, so that no two lists of parts make one text.
        let parts = [service, identity.owner, identity.conversation.map { "c\($0)" } ?? "", id]
        let text = parts.map { "\($0.utf8.count):\($0)" }.joined()
        digits = AccessKey.digest(text).prefix(16).map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }.joined()
    }

    static let digitCount = 32
}

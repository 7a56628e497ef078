import E2B
import FoundationEssentials

/// Whose sandbox, and under which name.
struct SessionKey: Hashable, Sendable {
    /// The name of the key that the caller authenticated with; never something out of the request's body.
    let owner: String
    let id: String
}

/// A sandbox that lives across requests.
struct Session: Equatable, Sendable {
    let sandbox: Sandbox
    /// When E2B ends it, as far as this process knows.
    var endsAt: Date
}

/// A session is nothing but its sandbox's metadata in E2B: any responder finds it there.
enum SessionMark {
    static let owner = "e2bFcgiOwner"
    static let session = "e2bFcgiSession"

    static func metadata(of key: SessionKey) -> [String: String] { [owner: key.owner, session: key.id] }
}

extension SandboxInfo {
    /// nil: it is no session of ours.
    var sessionKey: SessionKey? {
        guard let owner = metadata[SessionMark.owner], let id = metadata[SessionMark.session] else { return nil }
        return SessionKey(owner: owner, id: id)
    }
}

extension [SandboxInfo] {
    /// Two creations that race make two sandboxes. Everybody takes the older one for the session's.
    var oldest: SandboxInfo? { self.min { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) } }
}

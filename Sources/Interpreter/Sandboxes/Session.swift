package import E2B
package import FoundationEssentials

/// Whose sandbox, and under which name.
///
/// Two names are one where their bytes are the same. Swift compares characters, to which a composed and a decomposed letter
/// are alike; E2B compares metadata byte for byte, and a session must not be one here and two there.
package struct SessionKey: Sendable {
    /// The name of the key that the caller authenticated with; never something out of the request's body.
    package let owner: String
    package let id: String

    package init(owner: String, id: String) {
        self.owner = owner
        self.id = id
    }

    func isOwned(by name: String) -> Bool { owner.utf8.elementsEqual(name.utf8) }
}

extension SessionKey: Hashable {
    package static func == (one: SessionKey, other: SessionKey) -> Bool {
        one.isOwned(by: other.owner) && one.id.utf8.elementsEqual(other.id.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        for text in [owner, id] {
            for byte in text.utf8 { hasher.combine(byte) }
            // No text has it: what ends where is part of the name.
            hasher.combine(UInt8(0xff))
        }
    }
}

/// A sandbox that lives across requests.
package struct Session: Equatable, Sendable {
    package let sandbox: Sandbox
    /// When E2B ends it, as far as this process knows.
    package var endsAt: Date
}

/// A session is nothing but its sandbox's metadata in E2B: any responder finds it there.
enum SessionMark {
    static let owner = "e2bFcgiOwner"
    static let session = "e2bFcgiSession"

    static func metadata(of key: SessionKey) -> [String: String] { [owner: key.owner, session: key.id] }
}

extension SandboxInfo {
    /// nil: it is no session of ours.
    package var sessionKey: SessionKey? {
        guard let owner = metadata[SessionMark.owner], let id = metadata[SessionMark.session] else { return nil }
        return SessionKey(owner: owner, id: id)
    }
}

extension [SandboxInfo] {
    /// Two creations that race make two sandboxes. Everybody takes the oldest that lives for the session's.
    var oldestFirst: [SandboxInfo] { sorted { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) } }
}

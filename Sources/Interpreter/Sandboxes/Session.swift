package import E2B
package import FoundationEssentials

/// The owner and the name of a session.
///
/// Names are compared byte by byte, as E2B compares metadata. Swift's own comparison treats a composed and a decomposed letter
/// as equal, so two sessions of E2B would be one here.
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
            // This byte is in no UTF-8 text. It marks where the owner ends and the name begins.
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

/// The names under which a session is stored in its sandbox's metadata, where every responder finds it.
enum SessionMark {
    static let owner = "e2bFcgiOwner"
    static let session = "e2bFcgiSession"

    static func metadata(of key: SessionKey) -> [String: String] { [owner: key.owner, session: key.id] }
}

extension SandboxInfo {
    /// The session that the sandbox belongs to; nil if it belongs to none of ours.
    package var sessionKey: SessionKey? {
        guard let owner = metadata[SessionMark.owner], let id = metadata[SessionMark.session] else { return nil }
        return SessionKey(owner: owner, id: id)
    }
}

extension [SandboxInfo] {
    /// In the order of their age. Of several sandboxes of a session every responder uses the oldest living one.
    var oldestFirst: [SandboxInfo] { sorted { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) } }
}

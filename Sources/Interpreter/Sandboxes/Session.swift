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
    /// How long it lives after its last use; nil: its end was set once and for all.
    var idle: Duration?
    /// Whether E2B pauses it at its end.
    var pausesAtEnd = false

    init(sandbox: Sandbox, endsAt: Date) {
        self.sandbox = sandbox
        self.endsAt = endsAt
    }

    /// - Parameter info: whose metadata tell the rest.
    init(sandbox: Sandbox, endsAt: Date, _ info: SandboxInfo) {
        self.init(sandbox: sandbox, endsAt: endsAt)
        (idle, pausesAtEnd) = (info.idle, info.pausesAtEnd)
    }
}

/// The names under which a session is stored in its sandbox's metadata, where every responder finds it.
enum SessionMark {
    static let owner = "e2bFcgiOwner"
    static let session = "e2bFcgiSession"
    /// Seconds that the sandbox lives after its last use.
    static let idle = "e2bFcgiIdle"
    /// Of a sandbox that is paused at its end.
    static let pausing = ["e2bFcgiEnd": "pause"]
    /// When a sandbox was made that is paused at its end, in seconds since 1970: E2B tells when it was resumed.
    static let made = "e2bFcgiMade"

    static func metadata(of key: SessionKey) -> [String: String] { [owner: key.owner, session: key.id] }
}

extension SandboxInfo {
    /// The session that the sandbox belongs to; nil if it belongs to none of ours.
    package var sessionKey: SessionKey? {
        guard let owner = metadata[SessionMark.owner], let id = metadata[SessionMark.session] else { return nil }
        return SessionKey(owner: owner, id: id)
    }

    /// How long the sandbox lives after its last use; nil: that does not change its end.
    var idle: Duration? {
        metadata[SessionMark.idle].flatMap { Int($0) }.flatMap { (1...86_400).contains($0) ? .seconds($0) : nil }
    }

    /// When it was made. Its start is a later one after a pause, and clocks may differ.
    fileprivate var madeAt: Date {
        guard let made = metadata[SessionMark.made].flatMap({ Double($0) }), made.isFinite else { return startedAt }
        return min(startedAt, Date(timeIntervalSince1970: made))
    }

    /// Whether it was made to be paused at its end.
    var pausesAtEnd: Bool { SessionMark.pausing.allSatisfy { metadata[$0.key] == $0.value } }
}

extension [SandboxInfo] {
    /// In the order of their age. Of several sandboxes of a session every responder uses the oldest living one.
    var oldestFirst: [SandboxInfo] { sorted { ($0.madeAt, $0.id) < ($1.madeAt, $1.id) } }
}

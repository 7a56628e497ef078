package import FoundationEssentials

/// A file in the store, without its bytes.
package struct StoredFile: Equatable, Sendable {
    package let id: FileID
    package let owner: StoreOwner
    package var details: FileDetails
    /// Bytes.
    package let size: Int
    package let sha256: String
    package let created: Date
    /// The time of the last upload, download or ``FileStore/touch(_:)``. It decides for how long the file is kept.
    package var lastUsed: Date

    package init(
        id: FileID, owner: StoreOwner, details: FileDetails, size: Int, sha256: String, created: Date, lastUsed: Date
    ) {
        self.id = id
        self.owner = owner
        self.details = details
        self.size = size
        self.sha256 = sha256
        self.created = created
        self.lastUsed = lastUsed
    }

    package var session: StoreSessionID { id.session }
}

/// What is known of a file apart from its bytes. The store keeps it, and reads none of it.
package struct FileDetails: Equatable, Sendable {
    /// To whom a file belongs in LibreChat.
    package enum Kind: String, Sendable { case user, agent, skill }

    /// The name in the sandbox. It may have folders. It is never a part of a path of the store.
    package var name: String
    package var contentType: String
    package var kind: Kind?
    /// The id of the user, the agent or the skill.
    package var entity: String?
    /// The skill's version.
    package var version: String?
    /// Whether changes of the file in a sandbox are not kept.
    package var isReadOnly = false
    /// Whether the image gate has admitted these very bytes. A browser then shows the file instead of saving it.
    package var isAdmittedImage = false

    package init(
        name: String, contentType: String = "application/octet-stream", kind: Kind? = nil, entity: String? = nil,
        version: String? = nil, isReadOnly: Bool = false, isAdmittedImage: Bool = false
    ) {
        self.name = name
        self.contentType = contentType
        self.kind = kind
        self.entity = entity
        self.version = version
        self.isReadOnly = isReadOnly
        self.isAdmittedImage = isAdmittedImage
    }
}

/// Where a new file goes.
package struct StorePlace: Hashable, Sendable {
    package let owner: StoreOwner
    package let session: StoreSessionID

    package init(_ owner: StoreOwner, _ session: StoreSessionID) {
        self.owner = owner
        self.session = session
    }
}

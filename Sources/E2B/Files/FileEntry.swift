public import FoundationEssentials

/// What a sandbox's filesystem has at a path. Protocol.md, 4.5.
public struct FileEntry: Equatable, Sendable {
    public enum Kind: Equatable, Sendable {
        case file, directory, symlink, other
    }

    public var name: String
    /// The absolute path.
    public var path: String
    /// The kind; of a symbolic link, the kind of what it leads to, if the sandbox says so.
    public var kind: Kind
    /// The size in bytes.
    public var size: Int
    /// The permission bits, such as 0o644.
    public var mode: Int
    /// The permissions in letters, such as `-rw-r--r--`.
    public var permissions: String
    public var owner: String
    public var group: String
    public var modifiedAt: Date?
    /// Where a symbolic link leads; nil if it is not a symbolic link.
    public var symlinkTarget: String?

    public init(
        name: String, path: String, kind: Kind, size: Int = 0, mode: Int = 0, permissions: String = "",
        owner: String = "", group: String = "", modifiedAt: Date? = nil, symlinkTarget: String? = nil
    ) {
        self.name = name
        self.path = path
        self.kind = kind
        self.size = size
        self.mode = mode
        self.permissions = permissions
        self.owner = owner
        self.group = group
        self.modifiedAt = modifiedAt
        self.symlinkTarget = symlinkTarget
    }
}

/// A file as it was written. Protocol.md, 3.3.
public struct WrittenFile: Equatable, Sendable {
    /// The absolute path.
    public var path: String
    public var name: String

    public init(path: String, name: String) {
        self.path = path
        self.name = name
    }
}

internal import FoundationEssentials
internal import JSON

extension E2BClient {
    /// Looks up what is at a path. Protocol.md, 4.5.
    ///
    /// - Parameters:
    ///   - path: absolute, with `~`, or relative to the user's home.
    ///   - user: nil for the sandbox's default one.
    /// - Throws: ``E2BError``: `.notFound` if there is nothing.
    public func entry(
        at path: String, user: String? = nil, in sandbox: Sandbox
    ) async throws(E2BError) -> FileEntry {
        try await rpc(.lookUpFile, .stat, path.message, user: user, in: sandbox, FileEntry.inAnswer)
    }

    /// Lists what is in a directory.
    ///
    /// - Parameter depth: the number of levels; with 1 only the directory's own entries are listed.
    /// - Throws: ``E2BError``: `.notFound` if there is no such directory, `.refused` for a file.
    public func entries(
        of path: String, depth: Int = 1, user: String? = nil, in sandbox: Sandbox
    ) async throws(E2BError) -> [FileEntry] {
        var message = path.message
        message.member("depth", max(1, min(depth, Int(Int32.max))))
        return try await rpc(.listFiles, .listDir, message, user: user, in: sandbox) { json throws(MalformedJSON) in
            try json.member("entries")?.list(FileEntry.init(json:)) ?? []
        }
    }

    /// Makes a directory and the ones above it.
    ///
    /// - Returns: false if it was there already.
    /// - Throws: ``E2BError``: `.refused` if something else is there.
    @discardableResult
    public func makeDirectory(
        at path: String, user: String? = nil, in sandbox: Sandbox
    ) async throws(E2BError) -> Bool {
        do {
            return try await rpc(.makeDirectory, .makeDir, path.message, user: user, in: sandbox) { _ in true }
        } catch .refused(_, status: 409, _) {
            return false
        }
    }

    /// Moves a file or a directory, and makes the directories above its new place.
    ///
    /// - Throws: ``E2BError``: `.notFound` if there is nothing to move.
    @discardableResult
    public func move(
        _ path: String, to target: String, user: String? = nil, in sandbox: Sandbox
    ) async throws(E2BError) -> FileEntry {
        try await move(path, to: target, user: user, .moveFile, in: sandbox)
    }

    /// - Parameter step: the step that errors name.
    func move(
        _ path: String, to target: String, user: String?, _ step: E2BError.Step, in sandbox: Sandbox
    ) async throws(E2BError) -> FileEntry {
        var message = JSONWriter()
        message.member("source", path)
        message.member("destination", target)
        return try await rpc(step, .move, message, user: user, in: sandbox, FileEntry.inAnswer)
    }

    /// Removes a file, or a directory with all that is in it. It is no error if there is nothing.
    public func remove(_ path: String, user: String? = nil, in sandbox: Sandbox) async throws(E2BError) {
        try await rpc(.removeFile, .remove, path.message, user: user, in: sandbox) { _ in () }
    }
}

extension String {
    /// The message of a call about one path.
    fileprivate var message: JSONWriter {
        var message = JSONWriter()
        message.member("path", self)
        return message
    }
}

extension FileEntry {
    fileprivate static func inAnswer(_ json: JSONValue) throws(MalformedJSON) -> FileEntry? {
        try json.member("entry").flatMap { entry throws(MalformedJSON) in try FileEntry(json: entry) }
    }

    /// The protocol omits defaults, so that a missing size is 0, and writes numbers of 64 bits as strings.
    ///
    /// - Returns: nil if there is no path.
    init?(json: JSONValue) throws(MalformedJSON) {
        var entry = FileEntry(name: "", path: "", kind: .other)
        try json.members { key, value in
            switch key {
            case "name": entry.name = value.string ?? ""
            case "path": entry.path = value.string ?? ""
            case "type": entry.kind = Kind(value)
            case "size": entry.size = value.integer ?? value.string.flatMap { Int($0) } ?? 0
            case "mode": entry.mode = value.integer ?? 0
            case "permissions": entry.permissions = value.string ?? ""
            case "owner": entry.owner = value.string ?? ""
            case "group": entry.group = value.string ?? ""
            case "modifiedTime": entry.modifiedAt = value.string.flatMap { Timestamp(rfc3339: $0) }.map { Date($0) }
            case "symlinkTarget": entry.symlinkTarget = value.string
            default: break
            }
        }
        guard !entry.path.isEmpty else { return nil }
        self = entry
    }
}

extension FileEntry.Kind {
    fileprivate init(_ type: JSONValue) {
        switch type {
        case "FILE_TYPE_FILE": self = .file
        case "FILE_TYPE_DIRECTORY": self = .directory
        case "FILE_TYPE_SYMLINK": self = .symlink
        default: self = .other
        }
    }
}

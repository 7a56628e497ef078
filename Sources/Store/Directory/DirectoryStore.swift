internal import FoundationEssentials
internal import Glibc
internal import System

/// A store in a folder of this machine, or of one that is mounted from the network. See ``DirectoryLayout``.
///
/// - A new file is written beside its place, flushed to the disk and renamed, its sidecar last. Whoever is killed in between
///   leaves only what nobody looks at, until a sweep removes it. The sidecar is not flushed: a power cut may take it, and with it
///   the file of the last seconds, but what is there is whole.
/// - A file is deleted in the other order. Who has opened it reads on.
/// - Random ids keep writers apart, so there are no locks.
package final class DirectoryStore: FileStore {
    let layout: DirectoryLayout
    let threads: FileThreads
    let limits: StoreLimits

    /// Makes the folder, and those above it.
    ///
    /// - Throws: `.unwritable` if there is no such folder and none can be made, or nothing can be written to it.
    package init(root: String, limits: StoreLimits = StoreLimits(), threads: FileThreads) throws(StoreError) {
        var root = root
        while root.count > 1, root.hasSuffix("/") { root.removeLast() }
        layout = DirectoryLayout(root: root)
        self.limits = limits
        self.threads = threads
        try asStoreError { () throws(SystemError) in
            try Folders.make(root)
            guard access(root, W_OK | X_OK) == 0 else { throw .last("access") }
        }
    }

    package func begin(at place: StorePlace, limit: Int) async throws(StoreError) -> any FileWriter {
        DirectoryWriter(self, place, limit: limit)
    }

    package func file(_ id: FileID, of owner: StoreOwner) async throws(StoreError) -> StoredFile {
        try await threads.run { [self] () throws(StoreError) in try stored(id, of: owner) }
    }

    package func open(_ file: StoredFile, range: Range<Int>?) async throws(StoreError) -> StoredBytes {
        let range = range ?? 0..<file.size
        precondition(range.lowerBound >= 0 && range.upperBound <= file.size, "a range beyond the file")
        let path = layout.bytes(file.id, of: file.owner)
        let bytes = try await threads.run { () throws(StoreError) in
            try asStoreError { () throws(SystemError) in try OpenFile(path, O_RDONLY) }
        }
        return StoredBytes(length: range.count, DirectoryByteSource(bytes, range, threads))
    }

    package func files(in session: StoreSessionID, of owner: StoreOwner) async throws(StoreError) -> [StoredFile] {
        try await threads.run { [self] () throws(StoreError) in
            let names = try Folders.names(in: layout.folder(StorePlace(owner, session)))
            var files: [StoredFile] = []
            for name in names where name.hasSuffix(DirectoryLayout.sidecarSuffix) {
                guard let id = FileID(name.dropLast(DirectoryLayout.sidecarSuffix.count)), id.session == session
                else { continue }
                // It may have been deleted meanwhile.
                if let file = try? stored(id, of: owner) { files.append(file) }
            }
            return files.sorted { ($0.created, $0.id.text) < ($1.created, $1.id.text) }
        }
    }

    package func delete(_ id: FileID, of owner: StoreOwner) async throws(StoreError) {
        try await threads.run { [self] () throws(StoreError) in
            // The sidecar of a file whose folder is read-only stays, which is not the same as a file that is gone.
            guard remove(id, of: owner) == nil else { return }
            let isThere = Folders.status(of: layout.sidecar(id, of: owner)) != nil
            throw isThere ? .unwritable(reason: "the file cannot be removed") : .notFound
        }
    }

    package func touch(_ file: StoredFile) async throws(StoreError) {
        try await threads.run { [self] () throws(StoreError) in
            let status = utimensat(AT_FDCWD, layout.sidecar(file.id, of: file.owner), nil, 0)
            guard status == 0 else { throw StoreError(.last("utimensat")) }
        }
    }

    package func localPath(of file: StoredFile) -> LocalPath? {
        LocalPath(root: layout.root, relative: layout.relativePath(file.id, of: file.owner))
    }

    // MARK: On the threads

    private func stored(_ id: FileID, of owner: StoreOwner) throws(StoreError) -> StoredFile {
        let (sidecar, changed) = try asStoreError { () throws(SystemError) in
            let file = try OpenFile(layout.sidecar(id, of: owner), O_RDONLY)
            return (Sidecar(json: try file.read(Sidecar.limit, at: 0)), try file.status().st_mtim)
        }
        var bytes = stat()
        guard let sidecar, lstat(layout.bytes(id, of: owner), &bytes) == 0, bytes.st_size == sidecar.size else {
            throw .notFound
        }
        return StoredFile(
            id: id, owner: owner, details: sidecar.details, size: sidecar.size, sha256: sidecar.sha256,
            created: sidecar.created, lastUsed: Date(changed))
    }
}

extension Date {
    init(_ time: timespec) {
        self.init(timeIntervalSince1970: Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
    }
}

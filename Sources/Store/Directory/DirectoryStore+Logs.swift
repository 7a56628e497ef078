internal import Glibc
internal import System

/// A log is a folder, and each entry a file in it. The name of an entry is its place in the log, and a name is taken once: of two
/// writers that append at the same place, one is told to look again.
extension DirectoryStore {
    /// Bytes of an entry.
    private static let entryLimit = 64 << 20

    package func append(
        _ entry: [UInt8], at index: Int, to log: LogID, of owner: StoreOwner
    ) async throws(StoreError) {
        try await threads.run { [self] () throws(StoreError) in
            let folder = layout.folder(log, of: owner)
            if index == 0 {
                try asStoreError { () throws(SystemError) in
                    for folder in [layout.folder(of: owner), folder] {
                        guard mkdir(folder, Folders.mode) == 0 || errno == EEXIST else { throw .last("mkdir") }
                    }
                }
            }
            try reserve(entry.count, for: owner)
            var isKept = false
            defer { if !isKept { release(entry.count, of: owner) } }
            let temporary = "\(folder)/.\(IDText.random(12))\(DirectoryLayout.newSuffix)"
            defer { unlink(temporary) }
            try asStoreError { () throws(SystemError) in
                let file = try OpenFile(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
                try Descriptor.write(entry[...], to: file.descriptor)
                try file.synchronize()
            }
            guard link(temporary, "\(folder)/\(index)") == 0 else {
                throw errno == EEXIST ? .conflict : StoreError(.last("link"))
            }
            isKept = true
        }
    }

    package func entries(of log: LogID, of owner: StoreOwner) async throws(StoreError) -> [[UInt8]] {
        try await threads.run { [self] () throws(StoreError) in
            var entries: [[UInt8]] = []
            while true {
                do throws(SystemError) {
                    let file = try OpenFile("\(layout.folder(log, of: owner))/\(entries.count)", O_RDONLY)
                    let size = Int(try file.status().st_size)
                    entries.append(try file.read(min(size, Self.entryLimit), at: 0))
                } catch {
                    guard error.code == ENOENT, !entries.isEmpty else { throw StoreError(error) }
                    return entries
                }
            }
        }
    }

    package func deleteLog(_ log: LogID, of owner: StoreOwner) async throws(StoreError) {
        _ = try await threads.run { [self] () throws(StoreError) in
            remove(log, of: owner)
        }
    }

    /// - Returns: the bytes of the entries.
    func remove(_ log: LogID, of owner: StoreOwner) -> Int {
        let folder = layout.folder(log, of: owner)
        var removed = 0
        for name in (try? Folders.names(in: folder, hidden: true)) ?? [] {
            let size = Folders.status(of: "\(folder)/\(name)").map { Int($0.st_size) } ?? 0
            guard unlink("\(folder)/\(name)") == 0, !name.hasPrefix(".") else { continue }
            removed += size
        }
        rmdir(folder)
        if removed > 0 { release(removed, of: owner) }
        return removed
    }
}

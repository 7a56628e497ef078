internal import Glibc
internal import System

/// The budgets. All of this blocks, and runs on the store's threads.
extension DirectoryStore {
    /// The part of a budget that stays when files have to go, so that not every upload has to look for one.
    private static func lowered(_ budget: Int) -> Int { budget - budget / 10 }

    package var knownBytes: Int? { total.value }

    var total: UsageCounter { UsageCounter(path: layout.usage) }

    func usage(of owner: StoreOwner) -> UsageCounter { UsageCounter(path: layout.usage(of: owner)) }

    /// Takes bytes of the budgets for what is about to be kept. The files that were not used for the longest time make room for it.
    ///
    /// - Throws: `.overBudget` if it has more bytes than there may be at all.
    func reserve(_ bytes: Int, for owner: StoreOwner) throws(StoreError) {
        let limit = min(limits.ownerBytes, limits.bytes)
        guard bytes <= limit else { throw .overBudget(limit: limit) }
        let own = try counting(usage(of: owner), bytes)
        if own > limits.ownerBytes {
            evict(from: [owner], usage(of: owner), limits.ownerBytes, room: bytes)
        }
        let all: Int
        do throws(StoreError) {
            all = try counting(total, bytes)
        } catch {
            _ = try? usage(of: owner).add(-bytes)
            throw error
        }
        if all > limits.bytes { evict(from: owners, total, limits.bytes, room: bytes) }
    }

    /// Gives bytes back to the budgets.
    func release(_ bytes: Int, of owner: StoreOwner) {
        // An owner without files has no counter, and need not get one.
        if access(layout.folder(of: owner), F_OK) == 0 { _ = try? usage(of: owner).add(-bytes) }
        _ = try? total.add(-bytes)
    }

    private func counting(_ counter: UsageCounter, _ bytes: Int) throws(StoreError) -> Int {
        try asStoreError { () throws(SystemError) in
            do throws(SystemError) {
                return try counter.add(bytes)
            } catch {
                // The folder of a new owner, or one that a sweep has just removed.
                guard error.code == ENOENT, let slash = counter.path.lastIndex(of: "/") else { throw error }
                guard mkdir(String(counter.path[..<slash]), Folders.mode) == 0 || errno == EEXIST else {
                    throw .last("mkdir")
                }
                return try counter.add(bytes)
            }
        }
    }

    /// Removes the files that were not used for the longest time.
    ///
    /// - Parameter room: bytes that are counted, and not there yet.
    private func evict(from owners: [StoreOwner], _ counter: UsageCounter, _ budget: Int, room: Int) {
        // One process looks at a time; who has waited finds that there is room.
        let lock = try? OpenFile(counter.path + ".lock", O_RDWR | O_CREAT)
        if let lock { _ = uninterrupted { flock(lock.descriptor, LOCK_EX) } }
        var used = counter.value
        guard used > budget else { return }
        var files: [Entry] = []
        var logs = 0
        for owner in owners { logs += addEntries(of: owner, to: &files) }
        files.sort { $0.lastUsed < $1.lastUsed }
        // What is counted may be more than what is there, and then nothing has to go for it.
        let counted = files.reduce(room + logs) { $0 + $1.cost }
        if counted < used, (try? counter.set(counted)) != nil { used = counted }
        guard used > budget else { return }
        let goal = max(Self.lowered(budget), room)
        for file in files {
            guard used > goal else { return }
            if remove(file.id, of: file.owner) != nil { used -= file.cost }
        }
    }

    var owners: [StoreOwner] {
        ((try? Folders.names(in: layout.root)) ?? []).compactMap { StoreOwner($0) }
    }

    private struct Entry {
        let id: FileID
        let owner: StoreOwner
        let cost: Int
        let lastUsed: Int
    }

    /// - Returns: the bytes of the owner's logs, which stay.
    private func addEntries(of owner: StoreOwner, to entries: inout [Entry]) -> Int {
        var logs = 0
        for name in (try? Folders.names(in: layout.folder(of: owner))) ?? [] {
            guard let session = StoreSessionID(name) else {
                logs += Folders.size(of: "\(layout.folder(of: owner))/\(name)")
                continue
            }
            for name in (try? Folders.names(in: layout.folder(StorePlace(owner, session)))) ?? []
            where name.hasSuffix(DirectoryLayout.sidecarSuffix) {
                guard let id = FileID(name.dropLast(DirectoryLayout.sidecarSuffix.count)),
                    let sidecar = Folders.status(of: layout.sidecar(id, of: owner)),
                    let bytes = Folders.status(of: layout.bytes(id, of: owner))
                else { continue }
                entries.append(
                    Entry(
                        id: id, owner: owner, cost: limits.cost(Int(bytes.st_size)),
                        lastUsed: sidecar.st_mtim.nanoseconds))
            }
        }
        return logs
    }

    /// Removes a file.
    ///
    /// - Returns: its size; nil if it was gone.
    func remove(_ id: FileID, of owner: StoreOwner) -> Int? {
        let size = Folders.status(of: layout.bytes(id, of: owner)).map { Int($0.st_size) } ?? 0
        // Without its sidecar the file is gone. Of two that remove it one removes the sidecar.
        guard unlink(layout.sidecar(id, of: owner)) == 0 else { return nil }
        unlink(layout.bytes(id, of: owner))
        rmdir(layout.folder(StorePlace(owner, id.session)))
        release(limits.cost(size), of: owner)
        return size
    }
}

extension timespec {
    /// Since 1970.
    var nanoseconds: Int { tv_sec * 1_000_000_000 + tv_nsec }
}

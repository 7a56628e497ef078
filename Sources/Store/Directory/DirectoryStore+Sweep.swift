internal import FoundationEssentials
internal import Glibc
internal import System

/// The sweep. A round goes through all folders, in many looks of any processes, one at a time. It removes what was not used for a
/// lifetime and what was left behind, and puts the counters right.
extension DirectoryStore {
    /// The number of files that one look may look at, beyond the last folder.
    private static let lookLength = 2000

    @discardableResult
    package func sweep() async throws(StoreError) -> SweepResult {
        try await threads.run { [self] () throws(StoreError) in
            var result = SweepResult()
            let file = try asStoreError { () throws(SystemError) in
                try OpenFile(layout.sweepProgress, O_RDWR | O_CREAT)
            }
            // Another process looks.
            guard flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 else { return result }
            var progress = SweepProgress(
                String(decoding: (try? file.read(4096, at: 0)) ?? [], as: UTF8.self))
            let now = Int(Date().timeIntervalSince1970)
            if progress.owner.isEmpty {
                let pause = Int(limits.sweepPause.components.seconds)
                guard pause == 0 || !(now - pause...now).contains(progress.completed) else {
                    result.isComplete = true
                    return result
                }
                progress = SweepProgress()
                progress.totalCounted = total.value
                removeLeftovers(in: layout.root, now)
            }
            look(&progress, &result, now)
            if result.isComplete {
                // What was counted while the round went on is added to what was found.
                _ = try? total.set(progress.totalBytes + total.value - progress.totalCounted)
                progress = SweepProgress()
                progress.completed = now
            }
            let text = Array(progress.text.utf8)
            guard ftruncate(file.descriptor, 0) == 0, pwrite(file.descriptor, text, text.count, 0) == text.count else {
                throw StoreError(.last("pwrite"))
            }
            return result
        }
    }

    private func look(_ progress: inout SweepProgress, _ result: inout SweepResult, _ now: Int) {
        for owner in owners.sorted(by: { $0.text < $1.text }) where owner.text >= progress.owner {
            if owner.text != progress.owner {
                progress.owner = owner.text
                progress.folder = ""
                progress.ownerBytes = 0
                progress.ownerCounted = usage(of: owner).value
            }
            let names = (try? Folders.names(in: layout.folder(of: owner))) ?? []
            for name in names.sorted() where name > progress.folder {
                guard result.seen < Self.lookLength else { return }
                let (kept, removed) = sweep(folder: name, of: owner, &result, now)
                progress.folder = name
                progress.ownerBytes += kept
                progress.totalBytes += kept
                progress.ownerCounted -= removed
                progress.totalCounted -= removed
            }
            let bytes = progress.ownerBytes + usage(of: owner).value - progress.ownerCounted
            if bytes == 0, (try? Folders.names(in: layout.folder(of: owner)))?.isEmpty == true {
                removeLeftovers(in: layout.folder(of: owner), now)
                // The counter is not locked: a writer that makes it again meanwhile keeps the folder from being removed.
                unlink(layout.usage(of: owner))
                unlink(layout.usage(of: owner) + ".lock")
                rmdir(layout.folder(of: owner))
            } else {
                _ = try? usage(of: owner).set(bytes)
            }
        }
        result.isComplete = true
    }

    /// - Returns: what that counts that stays, and what the complete files counted that were removed.
    private func sweep(
        folder name: String, of owner: StoreOwner, _ result: inout SweepResult, _ now: Int
    ) -> (kept: Int, removed: Int) {
        result.seen += 1
        let folder = "\(layout.folder(of: owner))/\(name)"
        if let session = StoreSessionID(name) { return sweep(session, folder, of: owner, &result, now) }
        guard name.hasSuffix(DirectoryLayout.logSuffix),
            let log = LogID(name.dropLast(DirectoryLayout.logSuffix.count)), let status = Folders.status(of: folder)
        else { return (0, 0) }
        removeLeftovers(in: folder, now)
        // A new entry changes the folder.
        guard now - status.st_mtim.tv_sec > lifetime else { return (Folders.size(of: folder), 0) }
        let removed = remove(log, of: owner)
        result.removed += 1
        result.removedBytes += removed
        return (0, removed)
    }

    private func sweep(
        _ session: StoreSessionID, _ folder: String, of owner: StoreOwner, _ result: inout SweepResult, _ now: Int
    ) -> (kept: Int, removed: Int) {
        removeLeftovers(in: folder, now)
        var (kept, removed) = (0, 0)
        let names = Set((try? Folders.names(in: folder)) ?? [])
        for name in names {
            result.seen += 1
            if let id = FileID(name) {
                // Bytes without a sidecar are of a commit, or a removal, that was cut short.
                guard id.session == session, !names.contains(name + DirectoryLayout.sidecarSuffix) else { continue }
                removeLeftover("\(folder)/\(name)", now)
            } else if name.hasSuffix(DirectoryLayout.sidecarSuffix),
                let id = FileID(name.dropLast(DirectoryLayout.sidecarSuffix.count)), id.session == session
            {
                guard let status = Folders.status(of: "\(folder)/\(name)") else { continue }
                let bytes = Folders.status(of: layout.bytes(id, of: owner))
                let isOld = now - status.st_mtim.tv_sec > lifetime
                let isBroken = bytes == nil && now - status.st_ctim.tv_sec >= patience
                if isOld || isBroken {
                    guard let size = remove(id, of: owner) else { continue }
                    result.removed += 1
                    result.removedBytes += size
                    removed += limits.cost(size)
                } else {
                    let size = Int(bytes?.st_size ?? 0)
                    kept += limits.cost(size)
                    result.kept += 1
                    result.keptBytes += size
                }
            }
        }
        // It fails unless nothing is left.
        rmdir(folder)
        return (kept, removed)
    }

    private var lifetime: Int { Int(limits.lifetime.components.seconds) }
    private var patience: Int { Int(limits.patience.components.seconds) }

    /// Removes files that somebody has begun to write and left, maybe by being killed.
    private func removeLeftovers(in folder: String, _ now: Int) {
        for name in (try? Folders.names(in: folder, hidden: true)) ?? []
        where name.hasPrefix(".") && name.hasSuffix(DirectoryLayout.newSuffix) {
            removeLeftover("\(folder)/\(name)", now)
        }
    }

    private func removeLeftover(_ path: String, _ now: Int) {
        guard let status = Folders.status(of: path), status.st_mode & S_IFMT == S_IFREG,
            now - max(status.st_mtim.tv_sec, status.st_ctim.tv_sec) >= patience
        else { return }
        unlink(path)
    }
}

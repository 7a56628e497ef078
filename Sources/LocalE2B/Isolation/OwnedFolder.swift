internal import Foundation
internal import Synchronization
internal import System

/// A temporary folder that is locked for as long as its owner lives.
///
/// A server that is killed cannot remove its folder, but its lock ends with the process. So the next server can tell
/// which folders have no owner any more.
final class OwnedFolder: Sendable {
    private static let prefix = "e2b-local."
    private static let nameLength = 12
    /// The paths of this process's folders.
    private static let owned = Mutex<Set<String>>([])

    let path: String
    private let lock: CInt

    /// - Parameter mode: the folder's permissions.
    init(mode: mode_t) throws(LocalE2BError) {
        // Another server may remove the folder before it is locked; then a new one is made.
        for _ in 0..<10 {
            let path = "\(Self.parent)/\(Self.prefix)\(Token.letters(Self.nameLength))"
            guard mkdir(path, 0o700) == 0 else { throw Self.failed(.last("mkdir"), path) }
            guard let lock = Self.lock(path) else { continue }
            // The mode is set separately, because mkdir subtracts the umask.
            guard fchmod(lock, mode) == 0 else {
                let error = SystemError.last("fchmod")
                close(lock)
                throw Self.failed(error, path)
            }
            (self.path, self.lock) = (path, lock)
            Self.owned.withLock { _ = $0.insert(path) }
            return
        }
        throw .filesFailed("no folder of its own")
    }

    deinit { close(lock) }

    private static func failed(_ error: SystemError, _ path: String) -> LocalE2BError {
        .filesFailed("\(path): \(error.words)")
    }

    /// Removes all folders of this process. It is for the end of the process.
    ///
    /// Sandboxes that were killed just before may still write for a moment. The next server removes the files that they
    /// leave behind.
    static func removeAll() {
        for _ in 0..<20 {
            let paths = owned.withLock { $0 }
            for path in paths { try? FileManager.default.removeItem(atPath: path) }
            if !paths.contains(where: FileManager.default.fileExists(atPath:)) { return }
            usleep(20_000)
        }
    }

    func remove() {
        // The path is forgotten last, so that `removeAll` removes the folder if the process ends before.
        defer { Self.owned.withLock { _ = $0.remove(path) } }
        guard FileManager.default.fileExists(atPath: path) else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            Log.note("could not remove \(path): \(error.localizedDescription)")
        }
    }

    /// Removes the folders of servers that were killed.
    static func sweep() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        for name in names where name.hasPrefix(prefix) && name.utf8.count == prefix.utf8.count + nameLength {
            guard let lock = lock("\(parent)/\(name)") else { continue }
            defer { close(lock) }
            do {
                try FileManager.default.removeItem(atPath: "\(parent)/\(name)")
                Log.note("removed \(parent)/\(name), which a killed e2b-local left behind")
            } catch {
                Log.note("could not remove \(parent)/\(name): \(error.localizedDescription)")
            }
        }
    }

    private static var parent: String { FileManager.default.temporaryDirectory.path }

    /// Locks a folder, and returns the descriptor. Nil if the folder is another user's, is locked already, or was
    /// removed meanwhile.
    private static func lock(_ path: String) -> CInt? {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        var (held, named) = (stat(), stat())
        guard fstat(descriptor, &held) == 0, held.st_uid == geteuid(), flock(descriptor, LOCK_EX | LOCK_NB) == 0,
            lstat(path, &named) == 0, named.st_ino == held.st_ino, named.st_dev == held.st_dev
        else {
            close(descriptor)
            return nil
        }
        return descriptor
    }
}

import Glibc
import System

/// The folder in which the responders of one machine tell each other what they have to know at once. Nothing in it outlives
/// its purpose, and nothing is lost with it.
struct StateDirectory: Sendable {
    let path: String

    /// - Parameter path: nil for one in memory that every responder of this user finds.
    init(_ path: String?) { self.path = path ?? "/dev/shm/e2b-fcgi-\(geteuid())" }

    /// Makes a folder in it that only this user enters.
    ///
    /// - Returns: its path.
    func makeFolder(_ name: String) throws(SystemError) -> String {
        let folder = "\(path)/\(name)"
        for folder in [path, folder] {
            guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw .last("mkdir") }
        }
        // In a folder that all may write to somebody else may have made it before.
        var status = stat()
        guard lstat(folder, &status) == 0 else { throw .last("lstat") }
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
            throw SystemError("lstat", code: EPERM)
        }
        return folder
    }
}

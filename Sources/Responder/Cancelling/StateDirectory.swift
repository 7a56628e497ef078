import Glibc
import System

/// The folder in which the responders of one machine find each other. Nothing in it is needed later, so it may be lost.
struct StateDirectory: Sendable {
    let path: String

    /// - Parameter path: the path; nil for a folder in memory that every responder of this user finds.
    init(_ path: String?) { self.path = path ?? "/dev/shm/e2b-fcgi-\(geteuid())" }

    /// Creates a folder in it to which only this user has access.
    ///
    /// - Returns: its path.
    func makeFolder(_ name: String) throws(SystemError) -> String {
        let folder = "\(path)/\(name)"
        for folder in [path, folder] {
            guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw .last("mkdir") }
        }
        // Somebody else may have created a folder of this name before, where all users may write.
        var status = stat()
        guard lstat(folder, &status) == 0 else { throw .last("lstat") }
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
            throw SystemError("lstat", code: EPERM)
        }
        return folder
    }
}

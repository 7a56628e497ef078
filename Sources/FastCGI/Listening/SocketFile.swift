internal import Glibc
internal import System

/// The file of a Unix socket on which this process listens.
struct SocketFile: Sendable {
    private let path: String
    /// The file's device and inode, which distinguish it from a file that has replaced it.
    private let device: dev_t
    private let inode: ino_t

    static func listen(path: String) throws(FastCGIError) -> (descriptor: CInt, file: SocketFile) {
        let name = Listener.Address.unix(path: path).description
        guard let address = SocketAddress(unix: path) else {
            throw .listen(address: name, why: "the path is longer than 107 bytes")
        }
        let descriptor = try Listener.openSocket(family: AF_UNIX, name: name)
        do throws(FastCGIError) {
            // bind gives the file the socket's own mode, less the umask, so this mode holds even between bind and
            // chmod. (umask(2) would have the same effect, but for all threads.)
            try check(fchmod(descriptor, 0o660), "fchmod", name)
            try bind(descriptor, to: address, path: path, name: name)
            // This restores what the umask has taken away, because the web server is in the group.
            try check(chmod(path, 0o660), "chmod", name)
            try check(Glibc.listen(descriptor, Listener.backlog), "listen", name)
            var status = stat()
            try check(lstat(path, &status), "lstat", name)
            return (descriptor, SocketFile(path: path, device: status.st_dev, inode: status.st_ino))
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Removes the file, unless another file has replaced it.
    func remove() {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_dev == device, status.st_ino == inode else { return }
        unlink(path)
    }

    private static func bind(
        _ descriptor: CInt, to address: SocketAddress, path: String, name: String
    ) throws(FastCGIError) {
        if address.withRaw({ Glibc.bind(descriptor, $0, $1) }) == 0 { return }
        guard errno == EADDRINUSE else { throw .listen(.last("bind"), address: name) }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else {
            throw .listen(address: name, why: "there is a file of that name, and it is not a socket")
        }
        guard isStale(address) else { throw .listen(address: name, why: "address in use") }
        // If two processes start at the same time and there is a stale file, the second may remove the first one's new
        // file here. The first process then does not remove the file when it ends, because the file is the second
        // one's.
        unlink(path)
        try check(address.withRaw { Glibc.bind(descriptor, $0, $1) }, "bind", name)
    }

    /// Whether no process listens on the socket. The file of a process that was killed remains.
    private static func isStale(_ address: SocketAddress) -> Bool {
        guard let probe = try? Descriptor.socket(AF_UNIX, isBlocking: false) else { return false }
        defer { close(probe) }
        // A full backlog gives EAGAIN, and another user's socket EACCES. Both are in use.
        return address.withRaw { connect(probe, $0, $1) } != 0 && errno == ECONNREFUSED
    }

    private static func check(_ status: CInt, _ call: String, _ name: String) throws(FastCGIError) {
        if status != 0 { throw .listen(.last(call), address: name) }
    }
}

internal import Glibc
internal import System

/// The file of a Unix socket on which this process listens.
struct SocketFile: Sendable {
    private let path: String
    /// The file's device and inode, which distinguish it from a file that has replaced it.
    private let device: dev_t
    private let inode: ino_t

    /// - Returns: the socket, its file, and the process that has lost its file to it.
    static func listen(
        path: String, takingOver: Bool = false
    ) throws(FastCGIError) -> (descriptor: CInt, file: SocketFile, predecessor: pid_t?) {
        let name = Listener.Address.unix(path: path).description
        guard let address = SocketAddress(unix: path) else {
            throw .listen(address: name, why: "the path is longer than 107 bytes")
        }
        guard let predecessor = takingOver ? try predecessor(at: address, name) : nil else {
            let (descriptor, file) = try listen(at: address, path: path, name)
            return (descriptor, file, nil)
        }
        // A file beside it, which then takes its name at once.
        let newPath = "\(path).\(getpid())"
        guard let newAddress = SocketAddress(unix: newPath) else {
            throw .listen(
                address: name, why: "the path is too long to be taken over: \(newPath) has more than 107 bytes")
        }
        // A process of the same number may have been killed before.
        unlink(newPath)
        let (descriptor, file) = try listen(at: newAddress, path: newPath, name)
        guard rename(newPath, path) == 0 else {
            let error = SystemError.last("rename")
            file.remove()
            close(descriptor)
            throw .listen(error, address: name)
        }
        return (descriptor, SocketFile(path: path, device: file.device, inode: file.inode), predecessor)
    }

    private static func listen(
        at address: SocketAddress, path: String, _ name: String
    ) throws(FastCGIError) -> (descriptor: CInt, file: SocketFile) {
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

    /// Returns the process that listens there, if it is one of this program; nil if nobody listens.
    private static func predecessor(at address: SocketAddress, _ name: String) throws(FastCGIError) -> pid_t? {
        let probe = try Listener.openSocket(family: AF_UNIX, name: name)
        defer { close(probe) }
        guard address.withRaw({ connect(probe, $0, $1) }) == 0 else {
            if errno == ECONNREFUSED || errno == ENOENT { return nil }
            throw .listen(.last("connect"), address: name)
        }
        // struct ucred of unix(7): the process that called listen(2), its user and its group.
        var credentials: (pid: pid_t, uid: uid_t, gid: gid_t) = (0, 0, 0)
        var size = socklen_t(MemoryLayout.size(ofValue: credentials))
        try check(getsockopt(probe, SOL_SOCKET, SO_PEERCRED, &credentials, &size), "getsockopt", name)
        // Somebody else may have opened the socket for the process that serves, or it is another program.
        guard credentials.pid > 0, credentials.pid != getpid(), program(of: credentials.pid) == program(of: getpid())
        else {
            throw .listen(
                address: name,
                why: "address in use, and process \(credentials.pid), which opened the socket, is not this program")
        }
        return credentials.pid
    }

    /// The name of a process's program; nil if there is no such process.
    private static func program(of process: pid_t) -> String? {
        guard let file = try? Descriptor.open("/proc/\(process)/comm", O_RDONLY) else { return nil }
        defer { close(file) }
        let bytes = try? Descriptor.readAll(file, limit: 64)
        return bytes.flatMap { $0 }.map { String(decoding: $0, as: UTF8.self) }
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

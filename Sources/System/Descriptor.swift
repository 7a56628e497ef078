internal import CLinux
internal import Glibc

/// Opens files, sockets and pipes as plain descriptors, which the caller has to close.
///
/// Child processes do not inherit the descriptors: each is opened with the close-on-exec flag, because another thread
/// may start a process at any time.
package enum Descriptor {
    /// Opens a stream socket.
    ///
    /// - Parameter family: the address family, such as `AF_UNIX`.
    package static func socket(_ family: CInt, isBlocking: Bool = true) throws(SystemError) -> CInt {
        let descriptor = Glibc.socket(family, type(SOCK_STREAM, isBlocking: isBlocking), 0)
        guard descriptor >= 0 else { throw .last("socket") }
        return descriptor
    }

    /// Opens two Unix sockets that are connected with each other.
    ///
    /// - Parameter keepsMessages: whether the sockets keep the boundaries of messages (`SOCK_SEQPACKET`) or are byte
    ///   streams.
    package static func socketPair(
        isBlocking: Bool = true, keepsMessages: Bool = false
    ) throws(SystemError) -> (CInt, CInt) {
        var ends: (CInt, CInt) = (-1, -1)
        let type = type(keepsMessages ? SOCK_SEQPACKET : SOCK_STREAM, isBlocking: isBlocking)
        let status = withUnsafeMutableBytes(of: &ends) {
            socketpair(AF_UNIX, type, 0, $0.baseAddress?.assumingMemoryBound(to: CInt.self))
        }
        guard status == 0 else { throw .last("socketpair") }
        return ends
    }

    package static func pipe(isBlocking: Bool = true) throws(SystemError) -> (read: CInt, write: CInt) {
        var ends: (read: CInt, write: CInt) = (-1, -1)
        let status = withUnsafeMutableBytes(of: &ends) {
            clinux_pipe2(
                $0.assumingMemoryBound(to: CInt.self).baseAddress, O_CLOEXEC | (isBlocking ? 0 : O_NONBLOCK))
        }
        guard status == 0 else { throw .last("pipe") }
        return ends
    }

    /// - Parameters:
    ///   - flags: the flags of open(2), such as `O_RDONLY`.
    ///   - mode: the permissions of a file that is created. The umask is subtracted.
    package static func open(_ path: String, _ flags: CInt, mode: UInt32 = 0o666) throws(SystemError) -> CInt {
        let descriptor = uninterrupted { Glibc.open(path, flags | O_CLOEXEC, mode) }
        guard descriptor >= 0 else { throw .last("open") }
        return descriptor
    }

    /// Duplicates a descriptor. The two are closed independently of each other.
    package static func copy(of descriptor: CInt) throws(SystemError) -> CInt {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw .last("dup") }
        return copy
    }

    /// Sets the close-on-exec flag of a descriptor that was opened without it: an inherited one, or one from a call
    /// without flags.
    package static func closeOnExec(_ descriptor: CInt) { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }

    /// Sets `O_NONBLOCK`. The flag belongs to the open file, so it affects other processes that share the file as well.
    package static func makeNonBlocking(_ descriptor: CInt) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    /// Opens /dev/null in place of each closed descriptor of 0, 1 and 2. Otherwise the next file or connection would
    /// get that number, and lines of the log would go into it.
    package static func openMissingStandard() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            // open(2) returns the lowest free descriptor, which is this one. Where there is no /dev, the root folder is
            // opened instead: a descriptor that can be neither read nor written also serves. Child processes inherit
            // both.
            if Glibc.open("/dev/null", O_RDWR) < 0 { _ = Glibc.open("/", O_RDONLY) }
        }
    }

    /// Lets go of the file behind one of 0 to 2, whose number must not become another file's: it takes and gives nothing
    /// from now on.
    package static func release(standard descriptor: CInt) {
        var nothing = Glibc.open("/dev/null", O_RDWR | O_CLOEXEC)
        if nothing < 0 { nothing = Glibc.open("/", O_RDONLY | O_CLOEXEC) }
        guard nothing >= 0 else { return }
        dup2(nothing, descriptor)
        _ = close(nothing)
    }

    private static func type(_ kind: __socket_type, isBlocking: Bool) -> CInt {
        CInt(kind.rawValue | SOCK_CLOEXEC.rawValue | (isBlocking ? 0 : SOCK_NONBLOCK.rawValue))
    }
}

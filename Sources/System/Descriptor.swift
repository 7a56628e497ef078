internal import CLinux
internal import Glibc

/// Files that this process opens. No program that it starts inherits them: each is close-on-exec from its first moment, since
/// another thread may start one at any time.
///
/// They are plain numbers, and closed by whoever opened them.
package enum Descriptor {
    /// - Parameter family: as in `AF_UNIX`.
    package static func socket(_ family: CInt, isBlocking: Bool = true) throws(SystemError) -> CInt {
        let descriptor = Glibc.socket(family, type(SOCK_STREAM, isBlocking: isBlocking), 0)
        guard descriptor >= 0 else { throw .last("socket") }
        return descriptor
    }

    /// Two Unix sockets that are connected with each other.
    ///
    /// - Parameter keepsMessages: `SOCK_SEQPACKET` in place of a stream of bytes.
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
    ///   - flags: of open(2), such as `O_RDONLY`.
    ///   - mode: of a file that is made, less the umask.
    package static func open(_ path: String, _ flags: CInt, mode: UInt32 = 0o666) throws(SystemError) -> CInt {
        let descriptor = uninterrupted { Glibc.open(path, flags | O_CLOEXEC, mode) }
        guard descriptor >= 0 else { throw .last("open") }
        return descriptor
    }

    /// Another number for the same file, which has its own life.
    package static func copy(of descriptor: CInt) throws(SystemError) -> CInt {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw .last("dup") }
        return copy
    }

    /// For one that comes from elsewhere: handed over, or made by a call that knows no flags.
    package static func closeOnExec(_ descriptor: CInt) { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }

    /// Calls on it never wait from now on. Whoever shares the file is affected, too.
    package static func makeNonBlocking(_ descriptor: CInt) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    /// Opens those of 0 to 2 that are closed. They would be the next file's or connection's, and lines of a log would go into it.
    package static func openMissingStandard() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest number that is free: this one. Where there is no /dev, what takes and gives nothing will do. A program
            // that is started has these, too.
            if Glibc.open("/dev/null", O_RDWR) < 0 { _ = Glibc.open("/", O_RDONLY) }
        }
    }

    private static func type(_ kind: __socket_type, isBlocking: Bool) -> CInt {
        CInt(kind.rawValue | SOCK_CLOEXEC.rawValue | (isBlocking ? 0 : SOCK_NONBLOCK.rawValue))
    }
}

internal import Glibc

/// The socket on which a service manager learns the state of this process: sd_notify(3).
package final class NotifySocket: Sendable {
    private let descriptor: CInt
    /// A `sockaddr_un`, as long as its name.
    private let address: [UInt8]

    private static let variable = "NOTIFY_SOCKET"

    /// Opens the socket that the environment names, and removes the variable from the environment, so that no child process
    /// speaks for this one. Call it before the second thread starts.
    ///
    /// - Returns: nil if nobody wants to be notified.
    package static func take() -> NotifySocket? {
        defer { unsetenv(variable) }
        return getenv(variable).flatMap { NotifySocket(String(cString: $0)) }
    }

    /// - Parameter name: an absolute path, or `@` and a name of the abstract namespace.
    /// - Returns: nil if it is neither, or is too long.
    package init?(_ name: String) {
        let isAbstract = name.hasPrefix("@")
        var path = Array(name.utf8)
        if isAbstract { path[0] = 0 }
        let room = MemoryLayout<sockaddr_un>.size - MemoryLayout<sa_family_t>.size
        guard isAbstract || name.hasPrefix("/"), path.count > 1, path.count < room else { return nil }
        let family = withUnsafeBytes(of: sa_family_t(AF_UNIX)) { Array($0) }
        // The name of an abstract socket is all that the length covers, so no zero follows it.
        address = family + path + (isAbstract ? [] : [0])
        descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        // A service manager that does not read must not stop this process for long.
        var patience = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// Sends variables, such as `READY=1`. A message that cannot be sent is lost, as the manual page has it: no program depends
    /// on whether somebody listens.
    package func send(_ variables: [(name: String, value: String)]) {
        let message = variables.map { "\($0.name)=\($0.value.replacing("\n", with: " "))" }.joined(separator: "\n")
        let bytes = Array(message.utf8)
        address.withUnsafeBytes { address in
            guard let name = address.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return }
            _ = uninterrupted {
                sendto(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL), name, socklen_t(address.count))
            }
        }
    }
}

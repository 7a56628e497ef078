internal import Glibc
internal import Synchronization
internal import System

/// A socket that the web server connects to, listening from `init` until ``close()``.
package struct Listener: Sendable {
    package enum Address: Equatable, Sendable {
        case unix(path: String)
        case tcp(host: String, port: UInt16)
        /// File descriptor 0, opened by whoever started us: spawn-fcgi, systemd, mod_fcgid.
        case inherited
    }

    /// Closes the socket, too, when the last copy of the listener goes.
    private final class Resource: Sendable {
        let descriptor: CInt
        private let file: SocketFile?
        private let isOpen: Mutex<Bool>

        init(descriptor: CInt, file: SocketFile?) {
            self.descriptor = descriptor
            self.file = file
            isOpen = Mutex(true)
        }

        deinit { close() }

        func close() {
            let wasOpen = isOpen.withLock { isOpen in
                defer { isOpen = false }
                return isOpen
            }
            // 0 was open before us and is its opener's: closed, the next descriptor opened would take its number.
            guard wasOpen, descriptor != 0 else { return }
            // The name goes first, so that nobody connects to a socket that will not answer.
            file?.remove()
            _ = Glibc.close(descriptor)
        }
    }

    /// What was asked for; for TCP port 0 with the port that the system chose.
    package let address: Address
    /// Who may connect, if that is not a matter of a file's mode.
    let webServers: WebServers
    private let resource: Resource

    /// Opens the socket.
    ///
    /// A Unix socket has mode 0660 from its first moment. A socket file that nobody listens on is replaced.
    ///
    /// - Parameter webServers: who may connect over TCP.
    /// - Throws: `.listen`, for instance "address in use".
    package init(_ address: Address, for webServers: WebServers = .local) throws(FastCGIError) {
        switch address {
        case .unix(let path):
            let (descriptor, file) = try SocketFile.listen(path: path)
            self.init(address, webServers, descriptor, file)
        case .tcp(let host, let port):
            let (descriptor, port) = try Self.listen(host: host, port: port)
            self.init(.tcp(host: host, port: port), webServers, descriptor, nil)
        case .inherited:
            try self.init(inherited: 0, for: webServers)
        }
    }

    /// Takes over a descriptor that is listening already.
    ///
    /// - Throws: `.listen` if it is not.
    package init(inherited descriptor: CInt, for webServers: WebServers = .local) throws(FastCGIError) {
        guard Self.isListening(descriptor) else {
            throw .listen(address: "file descriptor \(descriptor)", why: "it is not a listening socket")
        }
        // Whoever shares it with us sees this flag, too: siblings of ours, which need it as we do.
        Descriptor.makeNonBlocking(descriptor)
        Descriptor.closeOnExec(descriptor)
        self.init(.inherited, webServers, descriptor, nil)
    }

    private init(_ address: Address, _ webServers: WebServers, _ descriptor: CInt, _ file: SocketFile?) {
        self.address = address
        self.webServers = webServers
        resource = Resource(descriptor: descriptor, file: file)
    }

    /// Stops listening and removes the socket's file, if it is still ours. Does nothing the second time.
    package func close() { resource.close() }

    var descriptor: CInt { resource.descriptor }

    /// Whether only this machine can connect: a Unix socket, or TCP on a loopback address.
    package var isLocal: Bool {
        guard let bound = SocketAddress(of: descriptor) else { return false }
        return bound.family == AF_UNIX || bound.ip?.isLoopback == true
    }

    /// Whether a file's mode, not an address, says who may connect.
    var isUnix: Bool { SocketAddress(of: descriptor)?.family == AF_UNIX }

    /// Whether the descriptor is a listening socket: 0 is, for a process started as a FastCGI responder.
    package static func isListening(_ descriptor: CInt = 0) -> Bool {
        var isListening: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &size) == 0 && isListening != 0
    }

    /// A burst past the backlog is a 502 each. The kernel caps it at `net.core.somaxconn`, 4096 by default.
    static let backlog: CInt = 4096

    private static func listen(host: String, port: UInt16) throws(FastCGIError) -> (descriptor: CInt, port: UInt16) {
        let name = Address.tcp(host: host, port: port).description
        guard let address = SocketAddress(host: host, port: port) else {
            throw .listen(address: name, why: "the host is an IP address or localhost")
        }
        let descriptor = try openSocket(family: address.family, name: name)
        var yes: CInt = 1
        // Connections of our last run may linger in TIME_WAIT. Two live listeners still exclude each other.
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
        guard address.withRaw({ bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, backlog) == 0 else {
            let error = SystemError.last("bind")
            _ = Glibc.close(descriptor)
            throw .listen(error, address: name)
        }
        return (descriptor, SocketAddress(of: descriptor)?.port ?? port)
    }

    static func openSocket(family: CInt, name: String) throws(FastCGIError) -> CInt {
        do throws(SystemError) {
            return try Descriptor.socket(family, isBlocking: false)
        } catch {
            throw .listen(address: name, why: "\(error)")
        }
    }
}

extension FastCGIError {
    /// When there is no listening at that address: in words for whoever chose it.
    static func listen(_ error: SystemError, address: String) -> FastCGIError {
        let why =
            switch error.code {
            case EADDRINUSE: "address in use"
            case ENOENT: "there is no such directory"
            default: error.reason
            }
        return .listen(address: address, why: why)
    }
}

package import Glibc
internal import Synchronization
internal import System

/// A socket that web servers connect to. It listens from `init` until ``close()``.
package struct Listener: Sendable {
    package enum Address: Equatable, Sendable {
        case unix(path: String)
        case tcp(host: String, port: UInt16)
        /// A descriptor that the parent process has opened: 0 by spawn-fcgi, mod_fcgid or systemd, another one by systemd.
        case inherited
    }

    /// The open socket, shared by all copies of the listener. It is also closed when the last copy is gone.
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

        /// Removes the file, so that no web server connects any more. Connections that wait can still be accepted.
        func withdraw() { file?.remove() }

        func close() {
            let wasOpen = isOpen.withLock { isOpen in
                defer { isOpen = false }
                return isOpen
            }
            // Descriptor 0 was open before this process, and stays so. If it were closed, the next descriptor that is
            // opened would become standard input.
            guard wasOpen, descriptor != 0 else { return }
            // The file is removed first, so that no web server connects to a socket that will not answer.
            file?.remove()
            _ = Glibc.close(descriptor)
        }
    }

    /// The address that was asked for. For TCP port 0 it has the port that the system has chosen.
    package let address: Address
    /// The web servers that may connect over TCP. For a Unix socket the file's mode decides instead.
    let webServers: WebServers
    /// The process that listened there before, and has to be asked to end; nil if there is none.
    package let predecessor: pid_t?
    private let name: String?
    private let resource: Resource

    /// Opens the socket.
    ///
    /// A Unix socket has mode 0660 from the moment of its creation. A socket file is replaced if no process listens on
    /// it.
    ///
    /// - Parameters:
    ///   - webServers: the web servers that may connect over TCP.
    ///   - takingOver: whether a Unix socket on which another process of this program listens becomes this one's. No web server
    ///     notices: the file is replaced at once, and the other process serves what waits at the old socket.
    /// - Throws: `.listen`, for instance with the reason "address in use".
    package init(
        _ address: Address, for webServers: WebServers = .local, takingOver: Bool = false
    ) throws(FastCGIError) {
        switch address {
        case .unix(let path):
            let (descriptor, file, predecessor) = try SocketFile.listen(path: path, takingOver: takingOver)
            self.init(address, webServers, descriptor, file, predecessor: predecessor)
        case .tcp(let host, let port):
            guard !takingOver else {
                throw .listen(
                    address: address.description,
                    why: "only a Unix socket can be taken over; inherit a TCP socket to restart without a loss")
            }
            let (descriptor, port) = try Self.listen(host: host, port: port)
            self.init(.tcp(host: host, port: port), webServers, descriptor, nil)
        case .inherited:
            try self.init(inherited: 0, for: webServers)
        }
    }

    /// Takes over a descriptor that is already listening.
    ///
    /// - Parameter name: the name that whoever has passed the descriptor gives it.
    /// - Throws: `.listen` if the descriptor is not a listening socket of a stream.
    package init(
        inherited descriptor: CInt, name: String? = nil, for webServers: WebServers = .local
    ) throws(FastCGIError) {
        guard Self.isListening(descriptor) else {
            let name = name.map { " (\($0))" } ?? ""
            throw .listen(address: "file descriptor \(descriptor)\(name)", why: "it is not a listening socket")
        }
        // O_NONBLOCK also affects other processes that share the socket. They are instances of this program, which need
        // the flag as well.
        Descriptor.makeNonBlocking(descriptor)
        Descriptor.closeOnExec(descriptor)
        self.init(.inherited, webServers, descriptor, nil, name: name)
    }

    private init(
        _ address: Address, _ webServers: WebServers, _ descriptor: CInt, _ file: SocketFile?, name: String? = nil,
        predecessor: pid_t? = nil
    ) {
        self.address = address
        self.webServers = webServers
        self.name = name
        self.predecessor = predecessor
        resource = Resource(descriptor: descriptor, file: file)
    }

    /// Stops listening, and removes the socket's file unless another process has replaced it. Does nothing when called
    /// again.
    package func close() { resource.close() }

    /// Makes further connections to a Unix socket of our own impossible, unless another process has its file already. Those that
    /// wait can still be accepted.
    package func withdraw() { resource.withdraw() }

    /// Whether this process has opened the socket.
    var isOwn: Bool { address != .inherited }

    /// The open socket, for as long as the listener is not closed.
    package var descriptor: CInt { resource.descriptor }

    /// Whether only this machine can connect: a Unix socket, or TCP on a loopback address.
    package var isLocal: Bool {
        guard let bound = SocketAddress(of: descriptor) else { return false }
        return bound.family == AF_UNIX || bound.ip?.isLoopback == true
    }

    /// Whether this is a Unix socket, where the file's mode decides who may connect.
    var isUnix: Bool { SocketAddress(of: descriptor)?.family == AF_UNIX }

    /// Whether the descriptor is a listening socket, as descriptor 0 is in a process that was started as a FastCGI
    /// responder.
    package static func isListening(_ descriptor: CInt = 0) -> Bool {
        var isListening: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &size) == 0 && isListening != 0
    }

    /// The number of connections that may wait to be accepted. A web server answers 502 for each further one. The
    /// kernel limits the number to `net.core.somaxconn`, which is 4096 by default.
    static let backlog: CInt = 4096

    private static func listen(host: String, port: UInt16) throws(FastCGIError) -> (descriptor: CInt, port: UInt16) {
        let name = Address.tcp(host: host, port: port).description
        guard let address = SocketAddress(host: host, port: port) else {
            throw .listen(address: name, why: "the host is an IP address or localhost")
        }
        let descriptor = try openSocket(family: address.family, name: name)
        var yes: CInt = 1
        // SO_REUSEADDR allows the address although connections of an earlier run are in TIME_WAIT. Two listeners at the
        // same time still exclude each other.
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

extension Listener: CustomStringConvertible {
    /// Where web servers connect, for the operator.
    package var description: String {
        guard !isOwn else { return address.description }
        let place = SocketAddress(of: descriptor)?.listenerAddress?.description ?? address.description
        return "\(place), inherited\(name.map { " as \($0)" } ?? "")"
    }
}

extension FastCGIError {
    /// Makes the error for an address on which the system refuses to listen, in words for the operator.
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

import Glibc

/// A `sockaddr` of any family, for `bind` and `connect`.
struct SocketAddress {
    private var storage: sockaddr_storage
    private var length: socklen_t

    /// - Returns: nil if the path does not fit `sun_path`, which holds 107 bytes and a zero.
    init?(unix path: String) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { room in
            guard path.utf8.count < room.count else { return false }
            room.copyBytes(from: path.utf8)
            return true
        }
        guard fits else { return nil }
        self.init(address)
    }

    /// - Parameter host: an IPv4 or IPv6 address, or `localhost`, which is 127.0.0.1.
    init?(host: String, port: UInt16) {
        var v4 = sockaddr_in()
        v4.sin_family = sa_family_t(AF_INET)
        v4.sin_port = port.bigEndian
        if inet_pton(AF_INET, host == "localhost" ? "127.0.0.1" : host, &v4.sin_addr) == 1 {
            self.init(v4)
            return
        }
        var v6 = sockaddr_in6()
        v6.sin6_family = sa_family_t(AF_INET6)
        v6.sin6_port = port.bigEndian
        guard inet_pton(AF_INET6, host, &v6.sin6_addr) == 1 else { return nil }
        self.init(v6)
    }

    /// The address that a socket is bound to.
    init?(of socket: CInt) {
        storage = sockaddr_storage()
        length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
        }
        guard status == 0 else { return nil }
    }

    /// The address at the other end of a connection.
    init?(peerOf socket: CInt) {
        storage = sockaddr_storage()
        length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(socket, $0, &length) }
        }
        guard status == 0 else { return nil }
    }

    private init<Address>(_ address: Address) {
        storage = sockaddr_storage()
        length = socklen_t(MemoryLayout<Address>.size)
        withUnsafeMutableBytes(of: &storage) { room in
            withUnsafeBytes(of: address) { room.copyMemory(from: $0) }
        }
    }

    static func isIPv4(_ text: String) -> Bool {
        var address = in_addr()
        return inet_pton(AF_INET, text, &address) == 1
    }

    static func isIPv6(_ text: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, text, &address) == 1
    }

    var family: CInt { CInt(storage.ss_family) }

    /// The port; nil for a Unix socket.
    var port: UInt16? {
        withUnsafeBytes(of: storage) { bytes in
            switch family {
            case AF_INET: UInt16(bigEndian: bytes.load(as: sockaddr_in.self).sin_port)
            case AF_INET6: UInt16(bigEndian: bytes.load(as: sockaddr_in6.self).sin6_port)
            default: nil
            }
        }
    }

    /// The path of a Unix socket; nil for other sockets, and for one without a name. An abstract name begins with `@`.
    var path: String? {
        guard family == AF_UNIX else { return nil }
        let start = MemoryLayout<sa_family_t>.size
        return withUnsafeBytes(of: storage) { bytes in
            guard Int(length) > start else { return nil }
            let name = bytes[start..<Int(length)]
            if name.first == 0 { return "@" + String(decoding: name.dropFirst(), as: UTF8.self) }
            return String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// The address in the form in which an operator writes it.
    var listenerAddress: Listener.Address? {
        if let path { return .unix(path: path) }
        guard let ip, let port else { return nil }
        return .tcp(host: "\(ip)", port: port)
    }

    /// The IP address; nil for a Unix socket.
    var ip: IPAddress? {
        withUnsafeBytes(of: storage) { bytes in
            switch family {
            case AF_INET: IPAddress(bytes.load(as: sockaddr_in.self).sin_addr)
            case AF_INET6: IPAddress(bytes.load(as: sockaddr_in6.self).sin6_addr)
            default: nil
            }
        }
    }

    func withRaw<T>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> T) -> T {
        withUnsafePointer(to: storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}

internal import Glibc

extension Listener.Address {
    /// Reads `unix:PATH`, `tcp:HOST:PORT` or `inherited`.
    ///
    /// The host is an IPv4 address, an IPv6 address in brackets, or `localhost`. Other names are refused, because DNS
    /// may change what they mean.
    ///
    /// - Throws: `.badAddress`, with a reason for the operator.
    package init(_ text: String) throws(FastCGIError) {
        func bad(_ why: String) -> FastCGIError { .badAddress(text, why: why) }
        if text == "inherited" {
            self = .inherited
        } else if text.hasPrefix("unix:") {
            let path = String(text.dropFirst("unix:".count))
            guard !path.isEmpty else { throw bad("there is no path after unix:") }
            guard !path.utf8.contains(0) else { throw bad("a path cannot contain a zero byte") }
            self = .unix(path: path)
        } else if text.hasPrefix("tcp:") {
            let rest = text.dropFirst("tcp:".count)
            guard let colon = rest.lastIndex(of: ":") else { throw bad("tcp: wants HOST:PORT, such as 127.0.0.1:9000") }
            let digits = rest[rest.index(after: colon)...]
            guard digits.allSatisfy({ ("0"..."9").contains($0) }), let port = UInt16(digits), port > 0 else {
                throw bad("the port is a number from 1 to 65535")
            }
            var host = String(rest[..<colon])
            let isBracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.count > 2
            if isBracketed { host = String(host.dropFirst().dropLast()) }
            guard isBracketed || !host.contains(":") else {
                throw bad("an IPv6 address stands in brackets, [::1]:9000")
            }
            guard isBracketed ? SocketAddress.isIPv6(host) : host == "localhost" || SocketAddress.isIPv4(host) else {
                throw bad("the host is an IP address or localhost")
            }
            self = .tcp(host: host, port: port)
        } else {
            throw bad("it starts with unix: or tcp:")
        }
    }
}

extension Listener.Address: CustomStringConvertible {
    /// The address in the form that ``init(_:)`` reads.
    package var description: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .tcp(let host, let port): host.contains(":") ? "tcp:[\(host)]:\(port)" : "tcp:\(host):\(port)"
        case .inherited: "inherited"
        }
    }
}

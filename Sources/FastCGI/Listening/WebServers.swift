/// Which web servers may connect over TCP. FastCGI 1.0, section 3.2.
///
/// Whoever connects says who a request's client is, so a connection from anywhere would be a way round every check. A Unix
/// socket has its file's mode instead.
package enum WebServers: Equatable, Sendable {
    /// On this machine.
    case local
    case at(Set<IPAddress>)

    /// The variable of the specification in which a web server, or an operator, lists them.
    package static let variable = "FCGI_WEB_SERVER_ADDRS"

    /// IP addresses with commas between them, as ``variable`` has them.
    ///
    /// - Returns: nil if anything in it is no IP address, or there is none.
    package init?(list: String) {
        var addresses: Set<IPAddress> = []
        for entry in list.split(separator: ",", omittingEmptySubsequences: false) {
            var text = entry
            while text.first == " " { text.removeFirst() }
            while text.last == " " { text.removeLast() }
            guard let address = IPAddress(String(text)) else { return nil }
            addresses.insert(address)
        }
        self = .at(addresses)
    }

    func admits(_ peer: IPAddress?) -> Bool {
        guard let peer else { return false }
        return switch self {
        case .local: peer.isLoopback
        case .at(let addresses): addresses.contains(peer)
        }
    }
}

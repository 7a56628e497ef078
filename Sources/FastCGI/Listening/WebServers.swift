/// The web servers that may connect over TCP (FastCGI 1.0, section 3.2).
///
/// A web server reports the client of each request, so a peer that may connect can pretend to be any client. For a Unix
/// socket the file's mode decides who may connect.
package enum WebServers: Equatable, Sendable {
    /// Web servers on this machine.
    case local
    case at(Set<IPAddress>)

    /// The environment variable of the specification in which a web server, or an operator, lists the addresses.
    package static let variable = "FCGI_WEB_SERVER_ADDRS"

    /// Parses IP addresses with commas between them, as in ``variable``.
    ///
    /// - Returns: nil if an entry is no IP address, or if there is none.
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

internal import Glibc

/// Checks whether a peer that has connected may be served.
struct PeerCheck: Sendable {
    /// The web servers that may connect; nil if every peer may.
    private let webServers: WebServers?
    private let onRefusedPeer: @Sendable (IPAddress?) -> Void

    /// - Parameter onRefusedPeer: called with the address of a peer that may not connect.
    init(_ listener: Listener, onRefusedPeer: @escaping @Sendable (IPAddress?) -> Void) {
        webServers = listener.isUnix ? nil : listener.webServers
        self.onRefusedPeer = onRefusedPeer
    }

    /// Whether the peer at the other end may be served. Call it before a byte is read.
    func admits(_ socket: CInt) -> Bool {
        guard let webServers else { return true }
        let peer = SocketAddress(peerOf: socket)?.ip
        if webServers.admits(peer) { return true }
        onRefusedPeer(peer)
        return false
    }
}

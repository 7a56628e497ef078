internal import Glibc

/// Looks at who has connected to a listener.
struct PeerCheck: Sendable {
    /// Nil: whoever could connect may.
    private let webServers: WebServers?
    private let onRefusedPeer: @Sendable (IPAddress?) -> Void

    /// - Parameter onRefusedPeer: told the address of a peer that is no web server of ours.
    init(_ listener: Listener, onRefusedPeer: @escaping @Sendable (IPAddress?) -> Void) {
        webServers = listener.isUnix ? nil : listener.webServers
        self.onRefusedPeer = onRefusedPeer
    }

    /// Before a byte of theirs is read.
    func admits(_ socket: CInt) -> Bool {
        guard let webServers else { return true }
        let peer = SocketAddress(peerOf: socket)?.ip
        if webServers.admits(peer) { return true }
        onRefusedPeer(peer)
        return false
    }
}

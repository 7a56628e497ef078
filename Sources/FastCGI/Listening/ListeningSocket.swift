internal import Glibc

/// A listener, as the server's thread needs it.
struct ListeningSocket: Sendable {
    /// Does not block.
    let descriptor: CInt
    let isTCP: Bool
    /// Whether this process has opened it, so that no other one accepts what waits there.
    let isOwn: Bool
    let peerCheck: PeerCheck

    init(_ listener: Listener, onRefusedPeer: @escaping @Sendable (IPAddress?) -> Void) {
        descriptor = listener.descriptor
        isTCP = !listener.isUnix
        isOwn = listener.isOwn
        peerCheck = PeerCheck(listener, onRefusedPeer: onRefusedPeer)
    }

    /// Whether a connection waits to be accepted.
    var isAwaited: Bool {
        var socket = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&socket, 1, 0) > 0
    }
}

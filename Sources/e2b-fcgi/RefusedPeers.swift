import FastCGI
import Responder
import Synchronization

/// Logs that a connection was refused. It logs only the first one, because a client could make many.
final class RefusedPeers: Sendable {
    private let log: EventLog
    private let wasReported = Atomic(false)

    init(_ log: EventLog) { self.log = log }

    func report(_ peer: IPAddress?) {
        guard !wasReported.exchange(true, ordering: .relaxed) else { return }
        let name = peer.map(String.init(describing:)) ?? "somebody"
        log.warning(
            "a connection from \(name) was refused, as further ones of strangers will be: over TCP web servers on this machine "
                + "may connect, or those that \(WebServers.variable) names")
    }
}

internal import FlyingFox
internal import FlyingSocks
internal import Foundation

/// Sets what FlyingFox does not: no Nagle delay between a response's header and its body.
///
/// Accepted sockets inherit the option from the listening one, which passes here once for every wait.
struct TunedSocketPool: AsyncSocketPool {
    private let base: any AsyncSocketPool

    init(_ base: any AsyncSocketPool) {
        self.base = base
    }

    func prepare() async throws { try await base.prepare() }
    func run() async throws { try await base.run() }

    func suspendSocket(_ socket: Socket, untilReadyFor events: Socket.Events) async throws {
        if events == .connection {
            var on: CInt = 1
            setsockopt(socket.file.rawValue, CInt(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
        }
        try await base.suspendSocket(socket, untilReadyFor: events)
    }
}

internal import FlyingFox
internal import FlyingSocks
internal import Foundation

/// Disables Nagle's algorithm, which FlyingFox does not, and which would delay a response's body after its header.
///
/// Accepted sockets inherit the option from the listening socket, which is passed to this pool for every wait.
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

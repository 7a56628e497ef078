@preconcurrency internal import Dispatch
internal import FlyingFox
internal import Foundation

/// Notices at once that the client of a response has closed its connection. The HTTP server itself would notice it at
/// the second write after that.
final class DisconnectMonitor: Sendable {
    private let source: any DispatchSourceRead

    /// Nil if the connection cannot be found. Then the next writes have to notice it.
    init?(_ request: HTTPRequest, gone: @escaping @Sendable () -> Void) {
        guard case .ip4(_, let port) = request.remoteAddress, let socket = Self.connection(from: port) else {
            return nil
        }
        // The monitor watches a duplicate, so that it never watches another connection after the server has closed its
        // descriptor.
        let descriptor = fcntl(socket, F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else { return nil }
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor)
        source.setEventHandler {
            switch Self.peek(descriptor) {
            case .nothing: return
            case .end: gone()
            // The client has sent its next request early. The end of the connection cannot be seen behind it.
            case .bytes: break
            }
            source.cancel()
        }
        source.setCancelHandler { close(descriptor) }
        source.activate()
        self.source = source
    }

    deinit { source.cancel() }

    func stop() { source.cancel() }

    private enum PeekResult { case nothing, bytes, end }

    private static func peek(_ descriptor: CInt) -> PeekResult {
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT))
        if count > 0 { return .bytes }
        return count < 0 && (errno == EAGAIN || errno == EINTR) ? .nothing : .end
    }

    /// Finds the socket of a request, which FlyingFox does not expose: it is the one whose peer has that port.
    private static func connection(from port: UInt16) -> CInt? {
        for descriptor in CInt(3)..<4096 {
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let status = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) }
            }
            guard status == 0, address.sin_family == sa_family_t(AF_INET), UInt16(bigEndian: address.sin_port) == port
            else { continue }
            return descriptor
        }
        return nil
    }
}

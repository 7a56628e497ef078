internal import Foundation
internal import Synchronization
internal import System

/// A TCP connection of the edge. It is closed when it is freed.
final class PeerSocket: ByteStream {
    enum ConnectionError: Error, Equatable, Sendable {
        case broken(SystemError)
    }

    private static let pieceSize = 64 << 10

    let descriptor: CInt
    private let readiness: ReadinessPoller
    /// The bytes that the next `read` returns again.
    private let unread = Mutex<[UInt8]>([])

    /// Takes over a connected socket.
    init(_ descriptor: CInt, _ readiness: ReadinessPoller) {
        self.descriptor = descriptor
        self.readiness = readiness
        Descriptor.closeOnExec(descriptor)
        Descriptor.makeNonBlocking(descriptor)
        var on: CInt = 1
        setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
    }

    deinit {
        // The thread that polls may still use the descriptor, so that closing it alone would not end the connection.
        shutdown(descriptor, CInt(SHUT_RDWR))
        close(descriptor)
    }

    /// Connects to a loopback port.
    static func connect(to port: UInt16, _ readiness: ReadinessPoller) async throws(ConnectionError) -> PeerSocket {
        let descriptor: CInt
        do throws(SystemError) {
            descriptor = try Descriptor.socket(AF_INET, isBlocking: false)
        } catch {
            throw .broken(error)
        }
        let peer = PeerSocket(descriptor, readiness)
        let status = sockaddr_in.withLoopback(port) { Foundation.connect(descriptor, $0, $1) }
        if status != 0 {
            let error = SystemError.last("connect")
            guard error.code == EINPROGRESS else { throw .broken(error) }
            await readiness.wait(for: descriptor, CInt(POLLOUT))
            var code: CInt = 0
            var length = socklen_t(MemoryLayout<CInt>.size)
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
            guard code == 0 else { throw .broken(SystemError("connect", code: code)) }
        }
        return peer
    }

    /// Makes the next `read` return these bytes.
    func unread(_ bytes: [UInt8]) {
        unread.withLock { $0 = bytes }
    }

    func read() async throws -> [UInt8] {
        let again = unread.withLock { bytes in
            defer { bytes = [] }
            return bytes
        }
        if !again.isEmpty { return again }
        var piece = [UInt8](repeating: 0, count: Self.pieceSize)
        while true {
            try Task.checkCancellation()
            let count = recv(descriptor, &piece, piece.count, CInt(MSG_DONTWAIT))
            if count >= 0 { return Array(piece.prefix(count)) }
            try await waitOrThrow(.last("recv"), CInt(POLLIN))
        }
    }

    func write(_ bytes: [UInt8]) async throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            try Task.checkCancellation()
            let flags = CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL)
            let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, flags) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else {
                try await waitOrThrow(.last("send"), CInt(POLLOUT))
            }
        }
    }

    func finish() async {
        shutdown(descriptor, CInt(SHUT_WR))
    }

    private func waitOrThrow(_ error: SystemError, _ events: CInt) async throws {
        guard error.isTemporary else { throw ConnectionError.broken(error) }
        await readiness.wait(for: descriptor, events)
    }
}

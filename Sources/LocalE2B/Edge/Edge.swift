internal import Foundation
internal import Synchronization
internal import System

/// A second loopback port, at which the ports of sandboxes are reached: `http://8080-<id>.localhost:<port>/` is the
/// server on port 8080 in that sandbox. Protocol.md, 1.3 and 6.3.
///
/// The edge reads only the head of a connection's first request, to learn where it goes. From then on it copies bytes
/// both ways, so that WebSockets, streams and everything else that begins as HTTP/1 work. Connections to envd and the
/// code interpreter go to this program's main port. Every other port is dialled by the agent inside the sandbox,
/// through its pipe. No path and no socket is involved that code in the sandbox could replace by something else.
///
/// Others are kept out because the edge listens on loopback only, and because a sandbox's identifier is random.
final class Edge: Sendable {
    /// The largest number of connections. A further one is closed at once.
    static let connectionLimit = 512

    let port: UInt16
    private let listener: PeerSocket
    private let readiness: ReadinessPoller
    private let serving = Mutex<Task<Void, Never>?>(nil)
    private let connectionCount = Mutex(0)

    /// Starts to listen. Connections wait until `serve` is called.
    ///
    /// - Parameter port: 0 takes any free one.
    init(port: UInt16) throws(LocalE2BError) {
        readiness = try ReadinessPoller()
        let descriptor: CInt
        do throws(SystemError) {
            descriptor = try Descriptor.socket(AF_INET, isBlocking: false)
        } catch {
            readiness.stop()
            throw .listenFailed("\(error)")
        }
        listener = PeerSocket(descriptor, readiness)
        var on: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
        guard sockaddr_in.withLoopback(port, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 128) == 0 else {
            let error = SystemError.last("bind")
            readiness.stop()
            throw error.code == EADDRINUSE
                ? .portTaken(port, option: "--edge-port") : .listenFailed("port \(port): \(error.words)")
        }
        self.port = sockaddr_in.port(of: descriptor)
    }

    /// The domain of the sandboxes' host names, which comes after `<port>-<id>.`.
    var domain: String { "localhost:\(port)" }

    func serve(_ router: EdgeRouter) {
        let task = Task {
            await withDiscardingTaskGroup { group in
                while let peer = await accept() {
                    guard connectionCount.withLock({ $0 < Self.connectionLimit }) else { continue }
                    connectionCount.withLock { $0 += 1 }
                    group.addTask { [self] in
                        await router.serve(peer)
                        connectionCount.withLock { $0 -= 1 }
                    }
                }
                group.cancelAll()
            }
        }
        serving.withLock { $0 = task }
    }

    /// Stops listening, and closes every connection.
    func stop() async {
        let task = serving.withLock { $0 }
        task?.cancel()
        await task?.value
        readiness.stop()
    }

    /// Waits for the next connection; nil when the task is cancelled.
    private func accept() async -> PeerSocket? {
        while !Task.isCancelled {
            let descriptor = Foundation.accept(listener.descriptor, nil, nil)
            if descriptor >= 0 { return PeerSocket(descriptor, readiness) }
            switch errno {
            case EAGAIN: await readiness.wait(for: listener.descriptor, CInt(POLLIN))
            // There are no descriptors or no memory, but some may be freed. If the task is cancelled, the sleep ends
            // and so does the loop.
            default: try? await Task.sleep(for: .milliseconds(50))
            }
        }
        return nil
    }

    func connect(to port: UInt16) async throws(PeerSocket.ConnectionError) -> PeerSocket {
        try await PeerSocket.connect(to: port, readiness)
    }
}

extension sockaddr_in {
    static func withLoopback<Value>(
        _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Value
    ) -> Value {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// The port of a bound socket.
    static func port(of descriptor: CInt) -> UInt16 {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &length) }
        }
        return UInt16(bigEndian: address.sin_port)
    }
}

internal import FlyingFox
internal import Foundation
internal import Synchronization

/// Decides where a connection to the edge goes, and answers it if it cannot go there.
final class EdgeRouter: Sendable {
    enum Limit {
        /// The largest number of connections to one sandbox. E2B refuses more in the same words.
        static let connections = 128
        /// The time for the head of the first request.
        static let head: Duration = .seconds(30)
        /// The time without a byte either way, which is the same at E2B's edge.
        static let idle: Duration = .seconds(600)
    }

    private let edge: Edge
    private let sandboxes: Sandboxes
    private let faults: Faults
    private let mainPort: UInt16
    private let connections = Mutex<[String: Int]>([:])

    init(edge: Edge, sandboxes: Sandboxes, faults: Faults, mainPort: UInt16) {
        self.edge = edge
        self.sandboxes = sandboxes
        self.faults = faults
        self.mainPort = mainPort
    }

    /// Serves one connection to its end.
    func serve(_ peer: PeerSocket) async {
        do {
            guard let head = try await head(of: peer) else { return }
            let address = try SandboxAddress(host: head.host, id: head.sandboxID, port: head.sandboxPort)
            guard let address else { throw HTTPError.plain(400, "missing header") }
            if let fault = faults.nextRule(for: [.edge]), try await !survives(fault, address, peer) { return }
            guard let sandbox = await sandboxes.find(address.sandbox) else {
                throw HTTPError.sandboxGone(address.sandbox)
            }
            try await counted(sandbox.id) {
                let destination = try await self.destination(address.port, in: sandbox)
                guard await !Splice(idleLimit: Limit.idle).run(peer, destination) else { return }
                // The sandbox may have ended meanwhile.
                throw await self.sandboxes.find(sandbox.id) == nil
                    ? HTTPError.sandboxGone(sandbox.id) : HTTPError.portClosed(sandbox.id, address.port)
            }
        } catch let refusal as HTTPError {
            await answer(refusal, on: peer)
        } catch {
            // The client has disconnected, or has never sent a request, so no response can be sent.
        }
    }

    /// Reads the head of the first request; nil if it is not complete in time. Its bytes can be read again from the
    /// peer.
    private func head(of peer: PeerSocket) async throws -> EdgeHead? {
        try await withThrowingTaskGroup(of: EdgeHead?.self) { group in
            group.addTask {
                var bytes: [UInt8] = []
                while true {
                    let piece = try await peer.read()
                    guard !piece.isEmpty else { return nil }
                    bytes += piece
                    do throws(EdgeHead.ParseError) {
                        guard let head = try EdgeHead(bytes) else { continue }
                        peer.unread(bytes)
                        return head
                    } catch {
                        throw HTTPError.plain(
                            error == .tooLarge ? 431 : 400, "This is not a request that can be routed")
                    }
                }
            }
            group.addTask {
                try await Task.sleep(for: Limit.head)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }

    /// Applies a fault. False if the connection is to be closed without an answer.
    private func survives(_ fault: FaultRule, _ address: SandboxAddress, _ peer: PeerSocket) async throws -> Bool {
        if let delay = fault.delay { try await Task.sleep(for: delay) }
        // A hanging connection lasts until the client disconnects.
        while fault.hangs, try await !peer.read().isEmpty {}
        if fault.hangs || fault.resets { return false }
        if let answer = fault.answer(address, isStream: false) { throw HTTPError(response: answer) }
        return true
    }

    private func destination(_ port: Int, in sandbox: Sandbox) async throws -> any ByteStream {
        do {
            if port == RequestRoute.envdPort || port == RequestRoute.interpreterPort {
                return try await edge.connect(to: mainPort)
            }
            return try await DialledPort.open(port, in: sandbox.agent)
        } catch AgentCallError.gone {
            throw HTTPError.sandboxGone(sandbox.id)
        } catch {
            throw HTTPError.portClosed(sandbox.id, port)
        }
    }

    private func counted(_ id: String, _ body: () async throws -> Void) async throws {
        let isAdmitted = connections.withLock { connections in
            guard connections[id, default: 0] < Limit.connections else { return false }
            connections[id, default: 0] += 1
            return true
        }
        guard isAdmitted else { throw HTTPError.tooManyConnections(id, limit: Limit.connections) }
        defer {
            connections.withLock { connections in
                connections[id, default: 0] -= 1
                if connections[id] == 0 { connections[id] = nil }
            }
        }
        try await body()
    }

    private func answer(_ refusal: HTTPError, on peer: PeerSocket) async {
        let response = refusal.response
        do {
            let body = try await response.bodyData
            var head = "HTTP/1.1 \(response.statusCode.code) \(response.statusCode.phrase)\r\n"
            head += "Content-Type: \(response.headers[.contentType] ?? "text/plain")\r\n"
            head += "Content-Length: \(body.count)\r\nConnection: close\r\n\r\n"
            try await peer.write(Array(head.utf8) + body)
            await peer.finish()
            // If bytes were unread when the connection is closed, the kernel would reset it before the client has read
            // the answer.
            try await withThrowingTaskGroup { group in
                group.addTask {
                    var count = 0
                    while count < 1 << 20, case let piece = try await peer.read(), !piece.isEmpty {
                        count += piece.count
                    }
                }
                group.addTask { try await Task.sleep(for: .seconds(1)) }
                try await group.next()
                group.cancelAll()
            }
        } catch {
            // The client has disconnected without waiting for the answer.
        }
    }
}

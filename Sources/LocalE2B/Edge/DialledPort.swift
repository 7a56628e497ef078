internal import Foundation
internal import Synchronization

/// A connection to a port inside a sandbox, made by its agent: the sandbox's loopback is another one than ours.
///
/// Bounded both ways: each piece that is written is answered when it has been taken, and the agent sends no more than
/// a window ahead of what the client has taken. So a stalled connection stalls neither its sandbox nor its neighbours.
final class DialledPort: ByteStream {
    enum ConnectionError: Error, Equatable, Sendable {
        case broken
    }

    /// What is taken is reported in pieces of this size; the agent's window is four of them.
    private static let reportSize = 256 << 10

    private let agent: Agent
    private let id: Int
    private let mailbox: Mailbox
    private let unreported = Mutex(0)

    /// - Throws: `.refused` when nothing listens there, after the second that a server may take to start listening.
    static func open(_ port: Int, in agent: Agent) async throws(AgentCallError) -> DialledPort {
        let opened: (id: Int, mailbox: Mailbox)
        do throws(Mailbox.ClosedError) {
            opened = try await agent.open(Operation.Dial(port: port))
        } catch {
            throw .gone
        }
        let dialled = DialledPort(agent, opened.id, opened.mailbox)
        _ = try await agent.result(in: opened.mailbox)
        return dialled
    }

    private init(_ agent: Agent, _ id: Int, _ mailbox: Mailbox) {
        self.agent = agent
        self.id = id
        self.mailbox = mailbox
    }

    deinit {
        agent.forget(id)
        agent.notify(Operation.HangUp(target: id))
    }

    func read() async throws -> [UInt8] {
        // Asked for the next piece, the reader is done with those before.
        report()
        while true {
            switch try await mailbox.next() {
            case .content(.data(let data)) where !data.isEmpty:
                unreported.withLock { $0 += data.count }
                return data
            case .content(.end): return []
            case .content(.failure): throw ConnectionError.broken
            case .content, .silence: continue
            }
        }
    }

    func write(_ bytes: [UInt8]) async throws {
        let data = Data(bytes).base64EncodedString()
        _ = try await agent.call(Operation.DialWrite(target: id, data: data))
    }

    func finish() async {
        // A sandbox that has gone has no use for it.
        _ = try? await agent.call(Operation.DialEnd(target: id))
    }

    private func report() {
        let count = unreported.withLock { count -> Int? in
            guard count >= Self.reportSize else { return nil }
            defer { count = 0 }
            return count
        }
        if let count { agent.notify(Operation.DialTaken(target: id, count: count)) }
    }
}

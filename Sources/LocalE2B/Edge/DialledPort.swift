internal import Foundation
internal import Synchronization

/// A connection to a port inside a sandbox. The agent makes it, because the sandbox has a loopback of its own.
///
/// It is bounded both ways: each write is answered when the port has taken it, and the agent sends no more than a
/// window ahead of what the client has taken. So a stalled connection stalls neither its sandbox nor other connections.
final class DialledPort: ByteStream {
    enum ConnectionError: Error, Equatable, Sendable {
        case broken
    }

    /// The number of bytes that the client takes before the agent is told. The agent's window is four times as large.
    private static let reportSize = 256 << 10

    private let agent: Agent
    private let id: Int
    private let mailbox: Mailbox
    private let unreported = Mutex(0)

    /// - Throws: `.refused` if nothing listens on the port after a second, which a server may take to start.
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
        // A reader that asks for the next bytes has taken those before.
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
        // An error means that the sandbox is gone, and needs no notice.
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

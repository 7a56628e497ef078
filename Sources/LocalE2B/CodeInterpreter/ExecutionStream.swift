internal import FlyingFox
internal import Foundation
internal import Synchronization

/// The response to `POST /execute`: the agent's lines as they arrive, and a keepalive after every 5 s without one.
///
/// If the client disconnects, the execution is interrupted.
final class ExecutionStream: Sendable {
    enum StartError: Error {
        case refused(AgentError)
        case gone
    }

    /// An error after which the connection is closed without a final chunk.
    enum AbortError: Error {
        case sandboxGone, clientGone
    }

    private struct State {
        /// Whether the first line has been sent. From then on keepalives are sent.
        var hasBegun = false
        /// Whether a part of a line has been sent, and its end has not.
        var isWithinLine = false
        var hasEnded = false
        var pending: [AgentFrame.Content] = []
    }

    private static let keepaliveInterval: Duration = .seconds(5)
    private static let keepalive = Array("{\"type\": \"keepalive\"}\n".utf8)

    private let agent: Agent
    private let id: Int
    private let mailbox: Mailbox
    private let watch: DisconnectMonitor?
    private let state = Mutex(State())

    /// Starts an execution, and returns when the response's header can be sent, because the context exists.
    static func start(
        _ operation: Operation.Execute, in agent: Agent, for request: HTTPRequest
    ) async throws(StartError) -> ExecutionStream {
        do {
            let (id, mailbox) = try await agent.open(operation)
            let watch = DisconnectMonitor(request) { mailbox.close(.clientGone) }
            let stream = ExecutionStream(agent, id, mailbox, watch)
            // An agent that does not accept in time is busy with another execution in the same context.
            switch try await mailbox.next(before: .now + .seconds(2)) {
            case .content(.failure(let failure)): throw StartError.refused(failure)
            case .content(.accepted), .silence: break
            case .content(let content): stream.state.withLock { $0.pending.append(content) }
            }
            return stream
        } catch let error as StartError {
            throw error
        } catch {
            throw .gone
        }
    }

    private init(_ agent: Agent, _ id: Int, _ mailbox: Mailbox, _ watch: DisconnectMonitor?) {
        self.agent = agent
        self.id = id
        self.mailbox = mailbox
        self.watch = watch
    }

    deinit {
        watch?.stop()
        agent.forget(id)
        if !state.withLock({ $0.hasEnded }) { agent.notify(Operation.Cancel(target: id)) }
    }

    var source: BodySource {
        BodySource(pull: { [self] in try await next() }, finish: {})
    }

    /// The next line with its newline, or a part of a long one.
    private func next() async throws -> [UInt8]? {
        while true {
            let (pending, hasBegun, hasEnded) = state.withLock { state in
                (state.pending.isEmpty ? nil : state.pending.removeFirst(), state.hasBegun, state.hasEnded)
            }
            if hasEnded { return nil }
            let delivery: Mailbox.Delivery
            if let pending {
                delivery = .content(pending)
            } else {
                do {
                    // While an execution waits for another one, E2B's server sends no keepalives either.
                    delivery = try await mailbox.next(before: hasBegun ? .now + Self.keepaliveInterval : nil)
                } catch {
                    throw error == .sandboxGone ? AbortError.sandboxGone : AbortError.clientGone
                }
            }
            switch delivery {
            case .content(.part(let part)) where !part.isEmpty:
                state.withLock { ($0.hasBegun, $0.isWithinLine) = (true, true) }
                return part
            case .content(.line(let line)):
                let wasWithinLine = state.withLock { state in
                    defer { (state.hasBegun, state.isWithinLine) = (true, false) }
                    return state.isWithinLine
                }
                if !line.isEmpty || wasWithinLine { return line + [UInt8(ascii: "\n")] }
            case .silence:
                // A keepalive within a line would break it.
                if !state.withLock({ $0.isWithinLine }) { return Self.keepalive }
            case .content(.end), .content(.failure):
                state.withLock { $0.hasEnded = true }
                return nil
            case .content:
                continue
            }
        }
    }
}

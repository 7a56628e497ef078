internal import FlyingFox
internal import Foundation
internal import Synchronization

/// The events of a process as a Connect stream: `start`, data, `end`, and the end envelope.
///
/// If the client disconnects, the process goes on, and its further events are dropped.
final class ProcessStream: Sendable {
    private struct State {
        var pending: [AgentFrame.Content] = []
        /// Whether the end envelope has been sent.
        var isOver = false
        /// Whether the agent has finished this request.
        var isSettled = false
    }

    private static let keepalive = Array(#"{"event":{"keepalive":{}}}"#.utf8)

    private let agent: Agent
    private let id: Int
    private let mailbox: Mailbox
    private let watch: DisconnectMonitor?
    private let deadline: ContinuousClock.Instant?
    private let keepaliveInterval: Duration
    private let state = Mutex(State())

    /// Starts a stream, and returns after the first event, or throws the error if the process cannot start.
    static func start(
        _ operation: some AgentOperation, in agent: Agent, for request: HTTPRequest, timeout: Duration?,
        keepaliveInterval: Duration
    ) async throws(ConnectError) -> ProcessStream {
        do {
            let (id, mailbox) = try await agent.open(operation)
            let watch = DisconnectMonitor(request) { mailbox.close(.clientGone) }
            let stream = ProcessStream(
                agent, id, mailbox, watch, deadline: timeout.map { .now + $0 }, keepaliveInterval)
            switch try await mailbox.next(before: stream.deadline) {
            case .content(.failure(let failure)):
                stream.state.withLock { $0.isSettled = true }
                throw ConnectError(failure)
            case .content(let content): stream.state.withLock { $0.pending.append(content) }
            case .silence: throw ConnectError.deadline
            }
            return stream
        } catch let error as ConnectError {
            throw error
        } catch {
            throw .gone
        }
    }

    private init(
        _ agent: Agent, _ id: Int, _ mailbox: Mailbox, _ watch: DisconnectMonitor?, deadline: ContinuousClock.Instant?,
        _ keepaliveInterval: Duration
    ) {
        self.agent = agent
        self.id = id
        self.mailbox = mailbox
        self.watch = watch
        self.deadline = deadline
        self.keepaliveInterval = keepaliveInterval
    }

    deinit {
        watch?.stop()
        agent.forget(id)
        if !state.withLock({ $0.isSettled }) { agent.notify(Operation.Detach(target: id)) }
    }

    var source: BodySource {
        BodySource(pull: { [self] in try await next() }, finish: {})
    }

    private func next() async throws -> [UInt8]? {
        let (pending, isOver) = state.withLock { state in
            (state.pending.isEmpty ? nil : state.pending.removeFirst(), state.isOver)
        }
        if isOver { return nil }
        let envelope = try await envelope(for: delivery(after: pending))
        if envelope.isEnd { state.withLock { $0.isOver = true } }
        return envelope.bytes
    }

    private func delivery(after pending: AgentFrame.Content?) async throws -> Mailbox.Delivery? {
        if let pending { return .content(pending) }
        let ping = ContinuousClock.Instant.now + keepaliveInterval
        do {
            return try await mailbox.next(before: deadline.map { min($0, ping) } ?? ping)
        } catch Mailbox.ClosedError.sandboxGone {
            return nil
        }
    }

    /// - Parameter delivery: nil if the sandbox has ended.
    private func envelope(for delivery: Mailbox.Delivery?) -> ConnectEnvelope {
        switch delivery {
        case .content(.event(let event)):
            return ConnectEnvelope(payload: #"{"event":"#.utf8 + event + "}".utf8)
        case .content(.failure(let failure)):
            state.withLock { $0.isSettled = true }
            return .failure(ConnectError(failure))
        case .content:
            state.withLock { $0.isSettled = true }
            return .success
        case .silence:
            let isLate = deadline.map { $0 <= .now } ?? false
            return isLate ? .failure(.deadline) : ConnectEnvelope(payload: Self.keepalive)
        case nil:
            return .failure(.gone)
        }
    }
}

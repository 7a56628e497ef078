internal import Dispatch
internal import Foundation
internal import Synchronization

/// The Python agent inside a sandbox. Requests are written to one pipe, and answers are read from another.
///
/// A thread of its own starts the process, reads until it ends, and reaps it. It has to be one thread all the time,
/// because the kernel's parent-death signal, which makes sandboxes die with this program, is bound to the thread that
/// started the process.
final class Agent: Sendable {
    private struct State {
        var nextID = 1
        var mailboxes: [Int: Mailbox] = [:]
        /// Its processes stand still, or are about to. No request would be answered.
        var isPaused = false
        var phase = Phase.starting(nil)
        var exitWaiters: [CheckedContinuation<Void, Never>] = []
        var lastLogLine = ""
    }

    private enum Phase {
        case starting(CheckedContinuation<Result<[String], LocalE2BError>, Never>?)
        case ready(languages: [String])
        case ended
    }

    /// The longest frame. The agent splits longer ones, so a frame beyond this is an attack or a bug, and the sandbox
    /// is killed.
    private static let longestFrame = 64 << 20
    private static let startLimit: Duration = .seconds(60)

    let launch: Launch
    private let state = Mutex(State())
    private let process = ChildProcess()
    private let writing = DispatchQueue(label: "e2b-local.agent.requests")

    private init(_ launch: Launch) {
        self.launch = launch
    }

    /// Starts a sandbox, and returns when its default kernel is warm.
    static func start(_ launch: Launch) async throws(LocalE2BError) -> Agent {
        let agent = Agent(launch)
        let thread = Thread { agent.run() }
        thread.name = "e2b-local agent"
        thread.stackSize = 1 << 20
        let alarm = Task {
            try await Task.sleep(for: startLimit)
            agent.killProcess()
        }
        defer { alarm.cancel() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                agent.state.withLock { $0.phase = .starting(continuation) }
                thread.start()
            }
        } onCancel: {
            agent.killProcess()
        }
        _ = try result.get()
        return agent
    }

    var isRunning: Bool {
        state.withLock { if case .ready = $0.phase { true } else { false } }
    }

    var languages: [String] {
        state.withLock { if case .ready(let languages) = $0.phase { languages } else { [] } }
    }

    /// Kills everything in the sandbox, and returns when the agent has been reaped.
    func kill() async {
        // The thread that reads answers may be blocked by a full mailbox, and would never see the end.
        for mailbox in state.withLock({ Array($0.mailboxes.values) }) { mailbox.close(.sandboxGone) }
        if launch.isIsolated {
            killProcess()
        } else {
            await resume()
            // Without a pid namespace only the agent knows its processes. It stops them when its pipe of requests is
            // closed.
            await ask(process)
        }
        await waitForExit()
    }

    /// Stops all processes of the sandbox. Whoever waits for an answer is told that the sandbox is gone.
    func pause() async {
        let mailboxes = state.withLock { state in
            state.isPaused = true
            return Array(state.mailboxes.values)
        }
        await signal { $0.stop() }
        for mailbox in mailboxes { mailbox.close(.sandboxGone) }
    }

    /// Has them go on. A sandbox that was not paused goes on as it is.
    func resume() async {
        await signal { $0.resume() }
        state.withLock { $0.isPaused = false }
    }

    private func signal(_ deed: @escaping @Sendable (SandboxProcesses) -> Void) async {
        guard let pid = process.pid else { return }
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                deed(SandboxProcesses(root: pid))
                continuation.resume()
            }
        }
    }

    func waitForExit() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if case .ended = state.phase { return true }
                state.exitWaiters.append(continuation)
                return false
            }
            if hasEnded { continuation.resume() }
        }
    }

    /// Kills everything in an isolated sandbox, and does not wait for it.
    func killProcess() {
        process.kill()
        // A bubblewrap that is killed while it starts can leave its sandbox behind, which ends when its pipe of
        // requests is closed.
        writing.async { [process] in process.closeInput() }
    }

    private func ask(_ process: ChildProcess) async {
        writing.async { process.closeInput() }
        Task {
            try await Task.sleep(for: .seconds(3))
            process.kill()
        }
    }

    // MARK: Requests

    /// Sends a request, and returns the mailbox in which its answers arrive. The caller ends the request with `forget`.
    func open(_ operation: some AgentOperation) async throws(Mailbox.ClosedError) -> (id: Int, mailbox: Mailbox) {
        let mailbox = Mailbox()
        let id = state.withLock { state -> Int? in
            guard case .ready = state.phase, !state.isPaused else { return nil }
            defer { state.nextID += 1 }
            state.mailboxes[state.nextID] = mailbox
            return state.nextID
        }
        guard let id else { throw .sandboxGone }
        do {
            try await write(operation, id: id)
        } catch {
            forget(id)
            throw error
        }
        return (id, mailbox)
    }

    /// Ends a request. Its further answers are dropped.
    func forget(_ id: Int) {
        let mailbox = state.withLock { $0.mailboxes.removeValue(forKey: id) }
        mailbox?.close(.cancelled)
    }

    /// Sends a request, and does not wait for its answer.
    func notify(_ operation: some AgentOperation) {
        Task { try? await send(operation) }  // A sandbox that has gone needs no notice.
    }

    /// Sends a request that belongs to an open one, and has no answer of its own.
    func send(_ operation: some AgentOperation) async throws(Mailbox.ClosedError) {
        try await write(operation, id: takeID())
    }

    private func takeID() -> Int {
        state.withLock { state in
            defer { state.nextID += 1 }
            return state.nextID
        }
    }

    private func write(_ operation: some AgentOperation, id: Int) async throws(Mailbox.ClosedError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        guard var line = try? encoder.encode(AgentRequest(id: id, operation: operation)) else {
            preconditionFailure("An operation is strings and numbers and always encodes.")
        }
        line.append(UInt8(ascii: "\n"))
        let wasWritten = await withCheckedContinuation { continuation in
            // A full pipe blocks this queue's thread, and never a thread of tasks.
            writing.async { [line, process] in continuation.resume(returning: process.write(line)) }
        }
        if !wasWritten { throw .sandboxGone }
    }

    // MARK: The thread

    private func run() {
        do throws(LocalE2BError) {
            try process.spawn(launch)
        } catch {
            return end(.failure(error))
        }
        process.read(
            longestLine: Self.longestFrame,
            output: { line in self.receive(line) },
            log: { text in self.log(text) })
        process.reap()
        end(.failure(.agentFailed(state.withLock { $0.lastLogLine.isEmpty ? "it ended at once" : $0.lastLogLine })))
    }

    private func receive(_ line: ArraySlice<UInt8>) {
        if let frame = AgentFrame(line) {
            state.withLock { $0.mailboxes[frame.id] }?.put(frame.content)
            return
        }
        guard let greeting = try? JSONDecoder().decode(AgentGreeting.self, from: Data(line)), greeting.ready else {
            return
        }
        let waiter = state.withLock { state -> CheckedContinuation<Result<[String], LocalE2BError>, Never>? in
            guard case .starting(let waiter) = state.phase else { return nil }
            state.phase = .ready(languages: greeting.languages ?? [])
            return waiter
        }
        if waiter != nil, let pid = process.pid { launch.memory?.add(self, pid: pid) }
        waiter?.resume(returning: .success(greeting.languages ?? []))
    }

    private func log(_ text: String) {
        state.withLock { $0.lastLogLine = text }
        Log.note("sandbox: \(text)")
    }

    private func end(_ result: Result<[String], LocalE2BError>) {
        writing.async { [process] in process.closeInput() }
        launch.cleanUp()
        let (starter, mailboxes, exitWaiters) = state.withLock { state in
            defer {
                state.phase = .ended
                state.mailboxes = [:]
                state.exitWaiters = []
            }
            guard case .starting(let starter) = state.phase else {
                return (
                    nil as CheckedContinuation<Result<[String], LocalE2BError>, Never>?, Array(state.mailboxes.values),
                    state.exitWaiters
                )
            }
            return (starter, Array(state.mailboxes.values), state.exitWaiters)
        }
        for mailbox in mailboxes { mailbox.close(.sandboxGone) }
        for waiter in exitWaiters { waiter.resume() }
        starter?.resume(returning: result)
    }
}

internal import Foundation
internal import Synchronization

/// A Python process outside the sandboxes from which their agents are forked, so that no agent has to import packages
/// itself.
///
/// If it ends, it is started again. Agents that it has forked do not need it any more.
final class ForkServer: Sendable {
    private struct State {
        var process: ChildProcess?
        var starter: CheckedContinuation<Result<Void, LocalE2BError>, Never>?
        var lastLogLine = ""
        var isStopping = false
        /// Whether no process runs: none was started, or the last one has been reaped.
        var hasEnded = true
        var stopWaiters: [CheckedContinuation<Void, Never>] = []
    }

    /// The settings of a forked agent, besides the namespaces that it joins.
    struct ForkRequest: Encodable {
        let folder: String
        let environment: [String: String]
        /// Resource limits, by the names of Python's module `resource`.
        let limits: [String: Int]
        /// A program for seccomp(2), in base64.
        let filter: String
    }

    /// The longest time for which a request waits for a server that has just ended, in seconds.
    private static let forkTimeout = 30.0

    /// An element for each time that a fork server has imported all packages, so that agents forked from then on have
    /// them.
    let warmups: AsyncStream<Void>
    private let warmupContinuation: AsyncStream<Void>.Continuation
    private let launch: Launch
    private let state = Mutex(State())

    init(_ files: AgentFiles) {
        (warmups, warmupContinuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        // When memory runs out, the kernel may kill the fork server like a sandbox, because restarting it costs only
        // time.
        let arguments =
            ["/usr/bin/choom", "-n", "\(Bubblewrap.Limit.oomScore)", "--"] + Account.dropping
            + [Launch.python, files.forkServer]
        // It has no home, because a user's own packages and settings are not for the sandboxes.
        let environment = [
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8",
            "MPLCONFIGDIR": files.matplotlib,
        ]
        launch = Launch(
            program: arguments[0], arguments: arguments, environment: environment, folder: nil, isIsolated: false,
            input: .socket)
    }

    /// Starts the server, and returns when it can fork.
    func start() async throws(LocalE2BError) {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLock { ($0.starter, $0.hasEnded) = (continuation, false) }
                let thread = Thread { self.run() }
                thread.name = "e2b-local forks"
                thread.stackSize = 1 << 20
                thread.start()
            }
        } onCancel: {
            end()
        }
        try result.get()
    }

    /// Ends the server, and returns when it has been reaped.
    func stop() async {
        end()
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.stopWaiters.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
        warmupContinuation.finish()
    }

    /// Asks the server to fork an agent. It blocks while there is no server.
    ///
    /// - Parameter descriptors: the agent's stdin, stdout and stderr, and the pipe with bubblewrap's information about
    ///   the sandbox.
    func fork(_ request: ForkRequest, handing descriptors: [CInt]) throws(LocalE2BError) {
        guard let message = try? JSONEncoder().encode(request) else {
            preconditionFailure("A request is strings and numbers and always encodes.")
        }
        let deadline = Date.now + Self.forkTimeout
        while Date.now < deadline {
            let (process, isStopping) = state.withLock { ($0.process, $0.isStopping) }
            if isStopping { break }
            if let process, process.send(message, handing: descriptors) { return }
            Thread.sleep(forTimeInterval: 0.02)
        }
        throw .agentFailed("there is no fork server: \(state.withLock { $0.lastLogLine })")
    }

    private func end() {
        state.withLock { state in
            state.isStopping = true
            return state.process
        }?.kill()
    }

    // MARK: The thread

    private func run() {
        while true {
            let process = ChildProcess()
            let started = Date.now
            let isStopping = state.withLock { state in
                if !state.isStopping { state.process = process }
                return state.isStopping
            }
            if !isStopping { runOnce(process) }
            guard shouldRestart() else { break }
            Log.note("the fork server has ended and is started again")
            // The pause keeps a server that cannot start from using all of a processor.
            if Date.now.timeIntervalSince(started) < 5 { Thread.sleep(forTimeInterval: 0.5) }
        }
        let stopWaiters = state.withLock { state in
            state.hasEnded = true
            defer { state.stopWaiters = [] }
            return state.stopWaiters
        }
        for waiter in stopWaiters { waiter.resume() }
    }

    private func runOnce(_ process: ChildProcess) {
        do throws(LocalE2BError) {
            try process.spawn(launch)
        } catch {
            return state.withLock { $0.lastLogLine = "\(error)" }
        }
        process.read(
            longestLine: 4096,
            output: { line in
                switch String(decoding: line, as: UTF8.self) {
                case "ready": answerStart(.success(()))
                case "warm": warmupContinuation.yield()
                default: break
                }
            },
            log: { text in
                Log.note("fork server: \(text)")
                state.withLock { $0.lastLogLine = text }
            })
        process.reap()
        process.closeInput()
        state.withLock { $0.process = nil }
    }

    /// Whether another server is to be started. It is not if the first one could not be started.
    private func shouldRestart() -> Bool {
        let (isFirst, isStopping, words) = state.withLock { ($0.starter != nil, $0.isStopping, $0.lastLogLine) }
        if isFirst { answerStart(.failure(.pythonMissing(words.isEmpty ? "it ended at once" : words))) }
        return !isFirst && !isStopping
    }

    private func answerStart(_ result: Result<Void, LocalE2BError>) {
        let starter = state.withLock { state in
            defer { state.starter = nil }
            return state.starter
        }
        starter?.resume(returning: result)
    }
}

import E2B
import Synchronization

/// Makes one-shot sandboxes and sees each one dead.
///
/// A sandbox that was asked for may exist although nobody heard of it: the caller hung up meanwhile, or E2B's answer was lost.
/// So creation is never abandoned, and a sandbox whose answer was lost is looked for by its metadata.
final class SandboxKeeper: Sendable {
    private struct State {
        var outstanding = 0
        var idleWaiters: [CheckedContinuation<Void, Never>] = []
    }

    private let client: E2BClient
    private let log: EventLog
    private let state = Mutex(State())

    init(client: E2BClient, log: EventLog) {
        self.client = client
        self.log = log
    }

    /// - Parameter mark: a unique value that goes into the sandbox's metadata.
    /// - Throws: `.cancelled` when the caller's task is cancelled; a sandbox that comes after that is killed.
    func create(_ options: SandboxOptions, mark: String) async throws(E2BError) -> Sandbox {
        var options = options
        options.metadata[Self.markName] = mark
        let creation = Task { [client, options] in
            do throws(E2BError) {
                return Result<Sandbox, E2BError>.success(try await client.create(options))
            } catch {
                return .failure(error)
            }
        }
        // Waits out a cancelled caller: what is being made has to be known to be killed.
        let outcome = await creation.value
        switch outcome {
        case .success(let sandbox):
            guard !Task.isCancelled else {
                kill(sandbox.id)
                throw .cancelled
            }
            return sandbox
        case .failure(let error):
            if error.mayHaveCreated { killLost(mark) }
            throw error
        }
    }

    /// Starts to kill the sandbox and returns at once.
    func kill(_ id: String) {
        keep { [self] in await killPersistently(id) }
    }

    /// Returns when every sandbox is known to be dead, or has been given up to its own timeout.
    func drain() async {
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                guard state.outstanding > 0 else { return true }
                state.idleWaiters.append(continuation)
                return false
            }
            if isIdle { continuation.resume() }
        }
    }

    private func keep(_ work: @escaping @Sendable () async -> Void) {
        state.withLock { $0.outstanding += 1 }
        // Not a child of the request's task: it outlives the request and its cancellation.
        Task {
            await work()
            let waiters = state.withLock { state in
                state.outstanding -= 1
                guard state.outstanding == 0 else { return [CheckedContinuation<Void, Never>]() }
                defer { state.idleWaiters = [] }
                return state.idleWaiters
            }
            for waiter in waiters { waiter.resume() }
        }
    }

    private func killPersistently(_ id: String) async {
        for pause in Self.pauses {
            do throws(E2BError) {
                try await client.kill(sandbox: id)
                return
            } catch {
                guard error.isTransient, let pause else {
                    return log.notice("could not kill sandbox \(id), which ends by its own timeout: \(error)")
                }
                await sleep(max(pause, min(error.retryAfter ?? .zero, .seconds(10))))
            }
        }
    }

    /// Kills the sandboxes that bear the mark: E2B may have made one although its answer did not arrive.
    private func killLost(_ mark: String) {
        keep { [self] in
            // E2B may still be making it.
            for pause in [Duration.milliseconds(500), .seconds(5)] {
                await sleep(pause)
                do throws(E2BError) {
                    for sandbox in try await client.list(metadata: [Self.markName: mark]) {
                        await killPersistently(sandbox.id)
                        return
                    }
                } catch {
                    log.notice("could not look for a sandbox whose creation went unanswered: \(error)")
                }
            }
        }
    }

    private func sleep(_ pause: Duration) async {
        // Nothing cancels these tasks, so there is nothing to catch.
        try? await Task.sleep(for: pause)
    }

    private static let markName = "e2bFcgiExecution"
    /// Between attempts; the last attempt has none after it. Together about what a short restart of E2B's API takes.
    private static let pauses: [Duration?] = [.milliseconds(200), .seconds(1), .seconds(3), .seconds(6), nil]
}

extension E2BError {
    /// The request was sent, and no refusal came back.
    fileprivate var mayHaveCreated: Bool {
        switch self {
        case .timedOut, .broken, .tooLarge: true
        // 500 and 504 may come after the sandbox was placed.
        case .refused(_, let status, _): status >= 500
        default: false
        }
    }
}

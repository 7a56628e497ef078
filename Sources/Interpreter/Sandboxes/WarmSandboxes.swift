import E2B
import Synchronization

/// Sandboxes of the operator's template that are created before a request needs one, with a kernel that has run its first code.
///
/// Each is used once. One that was used is replaced at once, which makes no more creations than there are without warm
/// sandboxes; at the start, and when they have waited for long, they are made one after the other. One that E2B refuses to make
/// is tried again, less and less often. Where E2B's limit on sandboxes keeps a request from getting one of another kind, a warm
/// one makes room.
///
/// A session's sandbox cannot be a warm one, because E2B takes what names the session at the creation only.
package final class WarmSandboxes: Sendable {
    private struct Waiting {
        let sandbox: Sandbox
        let since: ContinuousClock.Instant
        /// E2B ends it no earlier.
        let endsAt: ContinuousClock.Instant
    }

    private struct State {
        var isRunning = false
        /// Those that can be used, the oldest first.
        var waiting: [Waiting] = []
        /// Ids of those that exist and cannot be used yet.
        var preparing: Set<String> = []
        /// Those that are being made, these included.
        var making = 0
        /// Creations that have failed since the last one that did not.
        var failures = 0
        /// None is made before.
        var pauseEnd = ContinuousClock.now
        var keeper: Task<Void, Never>?
    }

    private let client: E2BClient
    private let lifecycle: SandboxLifecycle
    private let kernels: PreparedKernels
    private let size: Int
    private let options: SandboxOptions
    private let state = Mutex(State())

    /// - Parameters:
    ///   - size: how many are kept.
    ///   - options: what they are made of.
    ///   - use: the longest time for which a request needs one.
    init(
        client: E2BClient, lifecycle: SandboxLifecycle, kernels: PreparedKernels, size: Int, options: SandboxOptions,
        use: Duration
    ) {
        self.client = client
        self.lifecycle = lifecycle
        self.kernels = kernels
        self.size = size
        var options = options
        options.timeout = min(use + Self.longestWait, max(options.timeout, Self.longestLife))
        self.options = options
    }

    /// The number of those that can be used now.
    package var count: Int { state.withLock { $0.waiting.count } }

    // MARK: Use

    /// Takes one that lives for `time` from now on, or longer. From now on its time counts for `owner`.
    ///
    /// - Returns: nil if there is none.
    func take(for time: Duration, owner: String) async -> Sandbox? {
        let taken = state.withLock { state in state.waiting.isEmpty ? nil : state.waiting.removeFirst() }
        guard let taken else { return nil }
        lifecycle.measurements.usage.handedOver(taken.sandbox.id, to: owner)
        // The code begins first.
        Task { replace() }
        let (id, left) = (taken.sandbox.id, taken.endsAt - .now)
        guard left < time + Self.margin else {
            // It ends soon after its use, even if this process ends before.
            inBackground { [client] in try? await client.setTimeout(time, sandbox: id) }
            return taken.sandbox
        }
        do throws(E2BError) {
            try await client.setTimeout(time, sandbox: id)
            return taken.sandbox
        } catch {
            lifecycle.kill(id)
            return nil
        }
    }

    /// Looks at the others, because one that was taken was gone.
    func lookAtOthers() {
        inBackground { [self] in
            for waiting in state.withLock({ $0.waiting }) where (try? await client.isAlive(waiting.sandbox)) == false {
                state.withLock { state in state.waiting.removeAll { $0.sandbox.id == waiting.sandbox.id } }
            }
            replace()
        }
    }

    /// Ends one, so that E2B has room for another sandbox.
    ///
    /// - Returns: false if there is none.
    func makeRoom() -> Bool {
        let given = state.withLock { state -> Waiting? in
            guard !state.waiting.isEmpty else { return nil }
            // Otherwise the room would be taken by another one of these.
            state.pauseEnd = .now + Self.pauseForRoom
            return state.waiting.removeFirst()
        }
        guard let given else { return false }
        lifecycle.kill(given.sandbox.id)
        return true
    }

    // MARK: Life

    /// Begins to make them, and keeps their number.
    package func start() {
        let keeper = Task { await keep() }
        state.withLock { state in
            state.isRunning = true
            state.keeper = keeper
        }
    }

    /// Ends them all. The lifecycle tells when they have ended.
    package func stop() {
        let (keeper, ids) = state.withLock { state in
            defer {
                state.isRunning = false
                state.waiting = []
                state.preparing = []
            }
            return (state.keeper.take(), state.waiting.map(\.sandbox.id) + state.preparing)
        }
        keeper?.cancel()
        for id in ids { lifecycle.kill(id) }
    }

    private func keep() async {
        while !Task.isCancelled {
            let isReplacing = endOldest()
            let isMaking = replace()
            // A cancelled task sleeps no more.
            try? await Task.sleep(for: isReplacing || isMaking ? pace : Self.look)
        }
    }

    /// Ends the oldest one if it has waited so long that its time might not suffice for a request.
    private func endOldest() -> Bool {
        let old = state.withLock { state -> Waiting? in
            guard let oldest = state.waiting.first, .now - oldest.since > Self.longestWait else { return nil }
            return state.waiting.removeFirst()
        }
        guard let old else { return false }
        lifecycle.kill(old.sandbox.id)
        return true
    }

    /// Begins to make one if one is missing.
    @discardableResult
    private func replace() -> Bool {
        let isMissing = state.withLock { state in
            guard state.isRunning, state.waiting.count + state.making < size, state.pauseEnd <= .now else {
                return false
            }
            state.making += 1
            return true
        }
        if isMissing { lifecycle.keep { [self] in await E2BClient.$deadline.withValue(nil) { await make() } } }
        return isMissing
    }

    private func make() async {
        var made: Sandbox?
        do {
            guard await lifecycle.waitForTurn(while: { state.withLock { $0.isRunning } }) else { return giveUp() }
            let begin = ContinuousClock.now
            let mark = "warm-\(UInt64.random(in: .min ... .max))"
            let sandbox = try await lifecycle.create(options, for: "", mark: mark, isAhead: true)
            made = sandbox
            let isWanted = state.withLock { state in
                if state.isRunning { state.preparing.insert(sandbox.id) }
                return state.isRunning
            }
            guard isWanted else {
                lifecycle.kill(sandbox.id)
                return giveUp()
            }
            try await prepare(sandbox)
            keep(Waiting(sandbox: sandbox, since: begin, endsAt: begin + options.timeout))
        } catch {
            fail(error, made)
        }
    }

    private func giveUp() { state.withLock { $0.making -= 1 } }

    private func keep(_ waiting: Waiting) {
        let wasFailing = state.withLock { state in
            state.making -= 1
            // If it is gone from there, it has been killed.
            if state.preparing.remove(waiting.sandbox.id) != nil { state.waiting.append(waiting) }
            defer { state.failures = 0 }
            return state.failures > 0
        }
        if wasFailing { lifecycle.notice("warm sandboxes can be created again") }
    }

    /// Notes a failure. The operator is told of the first one only.
    private func fail(_ error: any Error, _ made: Sandbox?) {
        let (failures, isOurs) = state.withLock { state in
            state.making -= 1
            state.failures += 1
            let asked = (error as? E2BError)?.retryAfter ?? .zero
            let pause = Duration.seconds(1 << min(state.failures - 1, 6))
            state.pauseEnd = max(state.pauseEnd, .now + min(max(pause, asked), .seconds(300)))
            return (state.failures, made.map { state.preparing.remove($0.id) != nil } ?? false)
        }
        if let made, isOurs { lifecycle.kill(made.id) }
        guard failures == 1, state.withLock({ $0.isRunning }) else { return }
        lifecycle.notice("no warm sandbox can be created, which is tried again and again: \(error)")
    }

    /// Runs what a fresh kernel has to run before its first program. The kernels of other languages do it at their first use.
    private func prepare(_ sandbox: Sandbox) async throws {
        guard let code = Language.python.preparation(isFresh: true, setting: [:]) else { return }
        let execution = ExecutionRequest(code: code, in: .python, timeout: Self.preparationLimit)
        do {
            try await client.execute(execution, in: sandbox) { _ in }
            kernels.insert(ContextKey(sandboxID: sandbox.id, language: .python))
        } catch E2BError.refused(.execute, 500, let message) where message.isAboutMissingKernel {
            // The template has other languages only.
        }
    }

    /// Runs what no request waits for and no deadline bounds.
    private func inBackground(_ work: @escaping @Sendable () async -> Void) {
        Task { await E2BClient.$deadline.withValue(nil) { await work() } }
    }

    /// The pause between two that are made at the start.
    private var pace: Duration { min(lifecycle.creationInterval ?? .seconds(1), .seconds(1)) }

    /// How often the keeper looks for what is missing or too old.
    private static let look = Duration.seconds(3)
    /// How long one waits for its use before it is replaced.
    private static let longestWait = Duration.seconds(480)
    /// What every plan of E2B allows.
    private static let longestLife = Duration.seconds(3600)
    /// What a call takes on its way.
    private static let margin = Duration.seconds(5)
    private static let preparationLimit = Duration.seconds(30)
    private static let pauseForRoom = Duration.seconds(30)
}

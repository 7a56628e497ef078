internal import Foundation

/// Agents started ahead of time, so that a creation does not wait for a kernel.
actor AgentPool {
    private struct Idle {
        let agent: Agent
        let generation: Int
    }

    private struct Start {
        let task: Task<Void, Never>
        let generation: Int
    }

    /// More at once would only wait for each other.
    private static let startsAtOnce = max(2, ProcessInfo.processInfo.activeProcessorCount)

    /// Before a start that failed is tried again.
    private static let pauses: [Duration] = [.zero, .milliseconds(200), .seconds(1)]

    private let makeLaunch: @Sendable () throws(LocalE2BError) -> Launch
    private let target: Int
    private var idle: [Idle] = []
    private var starting: [Int: Start] = [:]
    private var nextStart = 0
    /// What is started now knows more than what was started in an earlier one.
    private var generation = 0
    private var waiters: [CheckedContinuation<Result<Agent, LocalE2BError>, Never>] = []
    private var isStopping = false

    /// - Parameter target: how many are kept ready.
    init(target: Int, makeLaunch: @escaping @Sendable () throws(LocalE2BError) -> Launch) {
        self.target = target
        self.makeLaunch = makeLaunch
    }

    /// Starts the first one, so that a machine that cannot run any is known at once.
    func prepare() async throws(LocalE2BError) {
        let generation = generation
        let first = try await Agent.start(makeLaunch())
        guard !isStopping else { return await first.kill() }
        idle.append(Idle(agent: first, generation: generation))
        refill()
    }

    /// Replaces the idle ones, since those that are started from now on are better. Until then they are good enough.
    func renew() {
        generation += 1
        refill()
    }

    /// An idle agent, or the next to be ready. It is the caller's from then on.
    func take() async throws(LocalE2BError) -> Agent {
        // The youngest generation is at the end.
        while let last = idle.popLast() {
            guard last.agent.isRunning else { continue }
            refill()
            return last.agent
        }
        guard !isStopping else { throw .agentFailed("the server is stopping") }
        let result = await withCheckedContinuation { continuation in
            waiters.append(continuation)
            refill()
        }
        return try result.get()
    }

    /// Kills the idle ones and those that are starting.
    func stop() async {
        isStopping = true
        for waiter in waiters { waiter.resume(returning: .failure(.agentFailed("the server is stopping"))) }
        waiters = []
        let (agents, tasks) = (idle.map(\.agent), starting.values.map(\.task))
        idle = []
        for task in tasks { task.cancel() }
        await withTaskGroup { group in
            for agent in agents { group.addTask { await agent.kill() } }
            for task in tasks { group.addTask { await task.value } }
        }
    }

    private func refill() {
        guard !isStopping else { return }
        while starting.count < Self.startsAtOnce, currentCount < target + waiters.count {
            let number = nextStart
            nextStart += 1
            starting[number] = Start(task: Task { await start(number) }, generation: generation)
        }
    }

    /// Those of this generation that are there or will be.
    private var currentCount: Int {
        idle.count { $0.generation == generation } + starting.values.count { $0.generation == generation }
    }

    private func start(_ number: Int) async {
        var result = await attempt()
        // The fork server may have ended with this order in its hands, and so may the one that was taking its place; another
        // one is started.
        for pause in Self.pauses {
            guard case .failure = result, !isStopping else { break }
            try? await Task.sleep(for: pause)
            result = await attempt()
        }
        let generation = starting.removeValue(forKey: number)?.generation ?? generation
        if isStopping, case .success(let agent) = result { return await agent.kill() }
        if !waiters.isEmpty {
            waiters.removeFirst().resume(returning: result)
        } else if case .success(let agent) = result {
            idle.append(Idle(agent: agent, generation: generation))
            idle.sort { $0.generation < $1.generation }
        } else {
            // A failure that nobody waits for is met again by the next creation.
            return
        }
        refill()
        await retire()
    }

    private func attempt() async -> Result<Agent, LocalE2BError> {
        do throws(LocalE2BError) {
            return .success(try await Agent.start(makeLaunch()))
        } catch {
            return .failure(error)
        }
    }

    /// Ends the idle ones of earlier generations once there are enough of this.
    private func retire() async {
        guard idle.count(where: { $0.generation == generation }) >= target else { return }
        let old = idle.filter { $0.generation != generation }
        idle.removeAll { $0.generation != generation }
        for one in old { await one.agent.kill() }
    }
}

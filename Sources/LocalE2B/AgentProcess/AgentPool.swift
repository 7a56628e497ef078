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

    /// The number of agents that are started at the same time. More would only compete for the processors.
    private static let startsAtOnce = max(2, ProcessInfo.processInfo.activeProcessorCount)

    /// The pauses before a failed start is tried again.
    private static let pauses: [Duration] = [.zero, .milliseconds(200), .seconds(1)]

    private let makeLaunch: @Sendable () throws(LocalE2BError) -> Launch
    private let target: Int
    private var idle: [Idle] = []
    private var starting: [Int: Start] = [:]
    private var nextStart = 0
    /// The current generation. Agents of a later generation have more packages imported.
    private var generation = 0
    private var waiters: [CheckedContinuation<Result<Agent, LocalE2BError>, Never>] = []
    private var isStopping = false

    /// - Parameter target: how many agents are kept ready.
    init(target: Int, makeLaunch: @escaping @Sendable () throws(LocalE2BError) -> Launch) {
        self.target = target
        self.makeLaunch = makeLaunch
    }

    /// Starts the first agent, so that a machine that cannot run any fails at once.
    func prepare() async throws(LocalE2BError) {
        let generation = generation
        let first = try await Agent.start(makeLaunch())
        guard !isStopping else { return await first.kill() }
        idle.append(Idle(agent: first, generation: generation))
        refill()
    }

    /// Begins a new generation. Idle agents of earlier ones are replaced once there are new ones, and are used until
    /// then.
    func renew() {
        generation += 1
        refill()
    }

    /// Takes an idle agent, or waits for the next to be ready. The caller owns it from then on.
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

    /// Kills the idle agents, and those that are starting.
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

    /// The number of agents of this generation that are idle or starting.
    private var currentCount: Int {
        idle.count { $0.generation == generation } + starting.values.count { $0.generation == generation }
    }

    private func start(_ number: Int) async {
        var result = await attempt()
        // The fork server may have ended before it had done this request, and so may the one that replaced it. Another
        // one is being started.
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
            // No creation waits for this agent. The next creation will get the error.
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

    /// Kills the idle agents of earlier generations once there are enough of this one.
    private func retire() async {
        guard idle.count(where: { $0.generation == generation }) >= target else { return }
        let old = idle.filter { $0.generation != generation }
        idle.removeAll { $0.generation != generation }
        for one in old { await one.agent.kill() }
    }
}

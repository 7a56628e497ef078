/// Agents started ahead of time, so that a creation does not wait for a kernel.
actor AgentPool {
    private let makeLaunch: @Sendable () throws(LocalE2BError) -> Launch
    private let target: Int
    private var warm: [Agent] = []
    private var starting: [Int: Task<Void, Never>] = [:]
    private var nextStart = 0
    private var waiters: [CheckedContinuation<Result<Agent, LocalE2BError>, Never>] = []
    private var isStopping = false

    /// - Parameter target: how many are kept ready.
    init(target: Int, makeLaunch: @escaping @Sendable () throws(LocalE2BError) -> Launch) {
        self.target = target
        self.makeLaunch = makeLaunch
    }

    /// Starts the first one, so that a machine that cannot run any is known at once.
    func prepare() async throws(LocalE2BError) {
        let first = try await Agent.start(makeLaunch())
        guard !isStopping else { return await first.kill() }
        warm.append(first)
        refill()
    }

    /// A warm agent, or the next to become warm. It is the caller's from then on.
    func take() async throws(LocalE2BError) -> Agent {
        while !warm.isEmpty {
            let agent = warm.removeFirst()
            guard agent.isRunning else { continue }
            refill()
            return agent
        }
        guard !isStopping else { throw .agentFailed("the server is stopping") }
        let outcome = await withCheckedContinuation { continuation in
            waiters.append(continuation)
            refill()
        }
        return try outcome.get()
    }

    /// Kills the warm ones and those that are starting.
    func stop() async {
        isStopping = true
        for waiter in waiters { waiter.resume(returning: .failure(.agentFailed("the server is stopping"))) }
        waiters = []
        let (agents, tasks) = (warm, Array(starting.values))
        warm = []
        for task in tasks { task.cancel() }
        await withTaskGroup { group in
            for agent in agents { group.addTask { await agent.kill() } }
            for task in tasks { group.addTask { await task.value } }
        }
    }

    private func refill() {
        guard !isStopping else { return }
        while warm.count + starting.count < target + waiters.count {
            let number = nextStart
            nextStart += 1
            starting[number] = Task { await start(number) }
        }
    }

    private func start(_ number: Int) async {
        let outcome: Result<Agent, LocalE2BError>
        do throws(LocalE2BError) {
            outcome = .success(try await Agent.start(makeLaunch()))
        } catch {
            outcome = .failure(error)
        }
        starting[number] = nil
        if isStopping, case .success(let agent) = outcome { return await agent.kill() }
        if !waiters.isEmpty {
            waiters.removeFirst().resume(returning: outcome)
            refill()
        } else if case .success(let agent) = outcome {
            warm.append(agent)
        }
        // A failure that nobody waits for is met again by the next creation.
    }
}

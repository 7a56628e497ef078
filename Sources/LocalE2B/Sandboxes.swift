internal import Foundation

/// All sandboxes of this server: those in use, and the warm ones that wait for the next creation.
actor Sandboxes {
    struct Order: Sendable {
        var template: Template
        var metadata: [String: String]
        var envs: [String: String]
        var isSecured: Bool
        var timeout: Duration
    }

    enum Refusal: Error, Equatable, Sendable {
        case tooMany(limit: Int)
        case notStarted(String)
        case notFound
        case stopping
    }

    struct Stats: Codable, Equatable, Sendable {
        var created = 0
        var killed = 0
        var expired = 0
        var running = 0
    }

    private let makeLaunch: @Sendable () throws(LocalE2BError) -> Launch
    private let warmTarget: Int
    private let limit: Int

    private var running: [String: Sandbox] = [:]
    private var alarms: [String: Task<Void, any Error>] = [:]
    private var warm: [Agent] = []
    private var starting: [Int: Task<Void, Never>] = [:]
    private var nextStart = 0
    private var waiters: [CheckedContinuation<Result<Agent, Refusal>, Never>] = []
    /// Creations that have passed the limit and are not in `running` yet.
    private var pending = 0
    private var isStopping = false
    private var totals = Stats()

    init(warm: Int, limit: Int, makeLaunch: @escaping @Sendable () throws(LocalE2BError) -> Launch) {
        self.warmTarget = warm
        self.limit = limit
        self.makeLaunch = makeLaunch
    }

    // MARK: Life

    /// Starts the first sandbox, so that a machine that cannot run any is known at once.
    func prepare() async throws(LocalE2BError) {
        let first = try await Agent.start(makeLaunch())
        guard !isStopping else { return await first.kill() }
        warm.append(first)
        refill()
    }

    func create(_ order: Order) async throws(Refusal) -> Sandbox {
        guard !isStopping else { throw .stopping }
        guard running.count + pending < limit else { throw .tooMany(limit: limit) }
        pending += 1
        defer { pending -= 1 }
        let agent = try await takeAgent()
        let id = "i" + Token.letters(19)
        do throws(AgentCallError) {
            _ = try await agent.call(
                Operation.Initialize(sandbox_id: id, template_id: order.template.id, envs: order.envs))
        } catch {
            await agent.kill()
            throw .notStarted("the sandbox ended while it was set up")
        }
        guard !isStopping else {
            await agent.kill()
            throw .stopping
        }
        let now = Date.now
        let sandbox = Sandbox(
            id: id, template: order.template, metadata: order.metadata, envs: order.envs,
            token: order.isSecured ? Token.secret() : nil,
            startedAt: now, endAt: now + order.timeout.seconds, agent: agent)
        running[id] = sandbox
        totals.created += 1
        setAlarm(id)
        Task {
            await agent.waitForExit()
            self.forget(id)
        }
        return sandbox
    }

    func kill(_ id: String) async throws(Refusal) {
        guard let sandbox = take(id) else { throw .notFound }
        totals.killed += 1
        await sandbox.agent.kill()
    }

    /// Kills everything and returns when all of it has ended.
    func stop() async {
        isStopping = true
        for waiter in waiters { waiter.resume(returning: .failure(.stopping)) }
        waiters = []
        let tasks = Array(starting.values)
        for task in tasks { task.cancel() }
        let agents = warm + running.values.map(\.agent)
        for id in running.keys { _ = take(id) }
        warm = []
        await withTaskGroup { group in
            for agent in agents { group.addTask { await agent.kill() } }
            for task in tasks { group.addTask { await task.value } }
        }
    }

    // MARK: Looking

    /// `id` with or without the client's suffix.
    func find(_ id: String) -> Sandbox? {
        running[Self.plain(id)]
    }

    func find(where isWanted: (Sandbox) -> Bool) -> Sandbox? {
        running.values.first(where: isWanted)
    }

    var all: [Sandbox] { Array(running.values) }

    var stats: Stats {
        var stats = totals
        stats.running = running.count
        return stats
    }

    static func plain(_ id: String) -> String {
        id.hasSuffix("-\(Sandbox.clientID)") ? String(id.dropLast(Sandbox.clientID.count + 1)) : id
    }

    // MARK: Time

    /// Ends the sandbox `timeout` from now, or not before that when `isExtension`.
    func setTimeout(_ timeout: Duration, of id: String, isExtension: Bool) throws(Refusal) -> Sandbox {
        guard var sandbox = find(id) else { throw .notFound }
        let end = Date.now + timeout.seconds
        guard !isExtension || end > sandbox.endAt else { return sandbox }
        sandbox.endAt = end
        running[sandbox.id] = sandbox
        setAlarm(sandbox.id)
        return sandbox
    }

    private func setAlarm(_ id: String) {
        alarms[id]?.cancel()
        guard let end = running[id]?.endAt else { return }
        alarms[id] = Task {
            try await Task.sleep(for: .seconds(end.timeIntervalSinceNow))
            await self.expire(id)
        }
    }

    private func expire(_ id: String) async {
        guard let sandbox = take(id) else { return }
        totals.expired += 1
        await sandbox.agent.kill()
    }

    private func take(_ id: String) -> Sandbox? {
        guard let sandbox = find(id) else { return nil }
        running[sandbox.id] = nil
        alarms.removeValue(forKey: sandbox.id)?.cancel()
        return sandbox
    }

    /// The sandbox ended by itself.
    private func forget(_ id: String) {
        guard take(id) != nil else { return }
        totals.killed += 1
    }

    // MARK: Warm ones

    private func takeAgent() async throws(Refusal) -> Agent {
        while !warm.isEmpty {
            let agent = warm.removeFirst()
            guard agent.isRunning else { continue }
            refill()
            return agent
        }
        let outcome = await withCheckedContinuation { continuation in
            waiters.append(continuation)
            refill()
        }
        return try outcome.get()
    }

    private func refill() {
        guard !isStopping else { return }
        while warm.count + starting.count < warmTarget + waiters.count {
            let number = nextStart
            nextStart += 1
            starting[number] = Task {
                let outcome = await self.startOne()
                await self.started(number, outcome)
            }
        }
    }

    private func startOne() async -> Result<Agent, Refusal> {
        do throws(LocalE2BError) {
            return .success(try await Agent.start(makeLaunch()))
        } catch {
            return .failure(.notStarted("\(error)"))
        }
    }

    private func started(_ number: Int, _ outcome: Result<Agent, Refusal>) async {
        starting[number] = nil
        switch outcome {
        case .success(let agent):
            if isStopping { return await agent.kill() }
            if waiters.isEmpty {
                warm.append(agent)
            } else {
                waiters.removeFirst().resume(returning: outcome)
                refill()
            }
        case .failure:
            // Whoever waits is told; nobody waiting, the next creation tries again.
            if !waiters.isEmpty { waiters.removeFirst().resume(returning: outcome) }
        }
    }
}

extension Duration {
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}

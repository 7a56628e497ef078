internal import Foundation
internal import System

/// The running sandboxes, and when each of them ends.
actor Sandboxes {
    struct CreationRequest: Sendable {
        var template: Template
        var metadata: [String: String]
        var envs: [String: String]
        var isSecured: Bool
        var timeout: Duration
    }

    enum LifecycleError: Error, Equatable, Sendable {
        case tooMany(limit: Int)
        case notStarted(String)
        case notFound
        case stopping
    }

    /// The response to `GET /local/stats`.
    struct Stats: Codable, Equatable, Sendable {
        var created = 0
        /// Sandboxes that a client has ended, or that have ended by themselves.
        var killed = 0
        var expired = 0
        var running = 0
        /// Requests that a fault has struck.
        var faults = 0
    }

    private let pool: AgentPool
    private let limit: Int

    private var running: [String: Sandbox] = [:]
    private var expiryTimers: [String: Task<Void, any Error>] = [:]
    /// Creations that count towards the limit and are not in `running` yet.
    private var pending = 0
    /// The agents of those creations that have one already.
    private var initializing: [String: Agent] = [:]
    private var isStopping = false
    private var totals = Stats()

    init(pool: AgentPool, limit: Int) {
        self.pool = pool
        self.limit = limit
    }

    func create(_ request: CreationRequest) async throws(LifecycleError) -> Sandbox {
        guard !isStopping else { throw .stopping }
        guard running.count + pending < limit else { throw .tooMany(limit: limit) }
        pending += 1
        defer { pending -= 1 }
        let id = "i" + Token.letters(19)
        let agent = try await initialize(id, request)
        let now = Date.now
        let sandbox = Sandbox(
            id: id, template: request.template, metadata: request.metadata, envs: request.envs,
            token: request.isSecured ? Token.secret() : nil, startedAt: now, endAt: now + request.timeout.inSeconds,
            agent: agent)
        running[id] = sandbox
        totals.created += 1
        scheduleExpiry(id)
        Task {
            await agent.waitForExit()
            forget(id)
        }
        return sandbox
    }

    private func initialize(_ id: String, _ request: CreationRequest) async throws(LifecycleError) -> Agent {
        let agent: Agent
        do throws(LocalE2BError) {
            agent = try await pool.take()
        } catch {
            throw isStopping ? .stopping : .notStarted("\(error)")
        }
        initializing[id] = agent
        defer { initializing[id] = nil }
        do throws(AgentCallError) {
            _ = try await agent.call(
                Operation.Initialize(sandbox_id: id, template_id: request.template.id, envs: request.envs))
        } catch {
            await agent.kill()
            throw isStopping ? .stopping : .notStarted("the sandbox ended while it was set up")
        }
        guard !isStopping else {
            await agent.kill()
            throw .stopping
        }
        return agent
    }

    func kill(_ id: String) async throws(LifecycleError) {
        guard let sandbox = take(id) else { throw .notFound }
        totals.killed += 1
        await sandbox.agent.kill()
    }

    /// Kills all sandboxes, and returns when they have ended.
    func stop() async {
        isStopping = true
        let agents = running.values.map(\.agent) + initializing.values
        for id in running.keys { _ = take(id) }
        await withTaskGroup { group in
            group.addTask { [pool] in await pool.stop() }
            for agent in agents { group.addTask { await agent.kill() } }
        }
    }

    // MARK: Looking

    /// Finds a sandbox by its identifier, with or without the client's suffix.
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

    /// Makes the sandbox end after `timeout` from now. An extension never makes it end earlier than before.
    func setTimeout(_ timeout: Duration, of id: String, isExtension: Bool) throws(LifecycleError) -> Sandbox {
        guard var sandbox = find(id) else { throw .notFound }
        let end = Date.now + timeout.inSeconds
        guard !isExtension || end > sandbox.endAt else { return sandbox }
        sandbox.endAt = end
        running[sandbox.id] = sandbox
        scheduleExpiry(sandbox.id)
        return sandbox
    }

    private func scheduleExpiry(_ id: String) {
        expiryTimers[id]?.cancel()
        guard let end = running[id]?.endAt else { return }
        expiryTimers[id] = Task {
            try await Task.sleep(for: .seconds(end.timeIntervalSinceNow))
            await expire(id)
        }
    }

    private func expire(_ id: String) async {
        guard let sandbox = running[id] else { return }
        // The end was moved just before the timer fired, or the two clocks differ slightly.
        guard sandbox.endAt <= .now else { return scheduleExpiry(id) }
        _ = take(id)
        totals.expired += 1
        await sandbox.agent.kill()
    }

    /// Removes a sandbox that has ended by itself.
    private func forget(_ id: String) {
        guard take(id) != nil else { return }
        totals.killed += 1
    }

    private func take(_ id: String) -> Sandbox? {
        guard let sandbox = find(id) else { return nil }
        running[sandbox.id] = nil
        expiryTimers.removeValue(forKey: sandbox.id)?.cancel()
        return sandbox
    }
}

internal import Foundation
internal import System

/// The sandboxes, running and paused, and when each of them ends.
actor Sandboxes {
    struct CreationRequest: Sendable {
        var template: Template
        var metadata: [String: String]
        var envs: [String: String]
        var isSecured: Bool
        var pausesAtEnd = false
        var timeout: Duration
    }

    enum LifecycleError: Error, Equatable, Sendable {
        case tooMany(limit: Int)
        case notStarted(String)
        case notFound
        case isPaused
        /// It is just being paused or resumed.
        case isChanging
        case stopping
    }

    /// The response to `GET /local/stats`.
    struct Stats: Codable, Equatable, Sendable {
        var created = 0
        /// Sandboxes that a client has ended, or that have ended by themselves.
        var killed = 0
        var expired = 0
        var running = 0
        var paused = 0
        /// Requests that a fault has struck.
        var faults = 0
    }

    private let pool: AgentPool
    private let limit: Int

    private var running: [String: Sandbox] = [:]
    private var paused: [String: Sandbox] = [:]
    /// Those that are just being paused or resumed.
    private var changing: Set<String> = []
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
            token: request.isSecured ? Token.secret() : nil, pausesAtEnd: request.pausesAtEnd, startedAt: now,
            endAt: now + request.timeout.inSeconds, agent: agent)
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
        guard let sandbox = take(id) ?? paused.removeValue(forKey: Self.plain(id)) else { throw .notFound }
        totals.killed += 1
        await sandbox.agent.kill()
    }

    /// Kills all sandboxes, and returns when they have ended.
    func stop() async {
        isStopping = true
        let agents = running.values.map(\.agent) + paused.values.map(\.agent) + initializing.values
        paused = [:]
        for id in running.keys { _ = take(id) }
        await withTaskGroup { group in
            group.addTask { [pool] in await pool.stop() }
            for agent in agents { group.addTask { await agent.kill() } }
        }
    }

    // MARK: Pausing

    /// Stops the sandbox's processes, and keeps them and its files. It does not count towards the limit then.
    func pause(_ id: String) async throws(LifecycleError) {
        let id = Self.plain(id)
        guard !changing.contains(id) else { throw .isChanging }
        guard var sandbox = take(id) else { throw paused[id] == nil ? .notFound : .isPaused }
        (sandbox.isPaused, sandbox.endAt) = (true, .now)
        paused[id] = sandbox
        changing.insert(id)
        await sandbox.agent.pause()
        changing.remove(id)
        await endOldestPaused()
    }

    /// Has a paused sandbox go on, for `timeout` from now.
    func resume(_ id: String, timeout: Duration) async throws(LifecycleError) -> Sandbox {
        let id = Self.plain(id)
        guard !isStopping else { throw .stopping }
        guard !changing.contains(id) else { throw .isChanging }
        guard paused[id] != nil else { throw .notFound }
        guard running.count + pending < limit else { throw .tooMany(limit: limit) }
        pending += 1
        defer { pending -= 1 }
        changing.insert(id)
        await paused[id]?.agent.resume()
        changing.remove(id)
        // It may have been killed meanwhile.
        guard var sandbox = paused.removeValue(forKey: id) else { throw .notFound }
        sandbox.isPaused = false
        (sandbox.startedAt, sandbox.endAt) = (.now, .now + timeout.inSeconds)
        running[id] = sandbox
        scheduleExpiry(id)
        return sandbox
    }

    /// The memory of this machine is limited, so the one that was paused first makes room.
    private func endOldestPaused() async {
        guard paused.count > Self.mostPaused, let oldest = paused.values.min(by: { $0.endAt < $1.endAt }) else {
            return
        }
        paused[oldest.id] = nil
        totals.expired += 1
        await oldest.agent.kill()
    }

    private static let mostPaused = 100

    // MARK: Looking

    /// Finds a sandbox, running or paused.
    func findInAnyState(_ id: String) -> Sandbox? { find(id) ?? paused[Self.plain(id)] }

    /// Finds a running sandbox by its identifier, with or without the client's suffix.
    func find(_ id: String) -> Sandbox? {
        running[Self.plain(id)]
    }

    func find(where isWanted: (Sandbox) -> Bool) -> Sandbox? {
        running.values.first(where: isWanted)
    }

    var all: [Sandbox] { Array(running.values) + paused.values }

    var stats: Stats {
        var stats = totals
        (stats.running, stats.paused) = (running.count, paused.count)
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
        guard !sandbox.pausesAtEnd else {
            // It is there and runs, so nothing is thrown.
            try? await pause(id)
            return
        }
        _ = take(id)
        totals.expired += 1
        await sandbox.agent.kill()
    }

    /// Removes a sandbox that has ended by itself.
    private func forget(_ id: String) {
        guard (take(id) ?? paused.removeValue(forKey: id)) != nil else { return }
        totals.killed += 1
    }

    private func take(_ id: String) -> Sandbox? {
        guard let sandbox = find(id) else { return nil }
        running[sandbox.id] = nil
        expiryTimers.removeValue(forKey: sandbox.id)?.cancel()
        return sandbox
    }
}

package import E2B
import Synchronization

/// Creates sandboxes, and makes sure that each one that has to end does end.
///
/// A sandbox may exist that no caller knows of: the caller hung up while it was being created, or E2B's answer was
/// lost. So a creation is never abandoned, and after a lost answer the sandbox is searched for by its metadata. This
/// work runs in tasks of its own, which go on when the request has ended or was cancelled.
package final class SandboxLifecycle: Sendable {
    private let client: E2BClient
    private let executor: (any TaskExecutor)?
    let measurements: Measurements
    /// Tells the operator what went wrong outside any request.
    let notice: @Sendable (String) -> Void
    private let inFlight: InFlight
    /// Limits the creations in progress. A creation keeps its place until E2B has answered, also when its caller hangs
    /// up.
    private let creations: FairSemaphore
    private let kills: PendingKills
    /// Spaces creations; nil if nothing does.
    private let governor: CreationGovernor?
    /// Ends a sandbox that nobody uses, if there is one, and tells whether there was.
    private let room = Mutex<(@Sendable () -> Bool)?>(nil)
    /// Ids and marks of sandboxes that must not be used: they are being created for a caller that may have hung up, or
    /// they are being killed.
    private let unavailable: NameSet

    /// - Parameters:
    ///   - creationLimit: the largest number of creations in progress.
    ///   - governor: spaces creations; nil if E2B alone limits their rate.
    ///   - executor: the executor on which sandboxes are created and killed; nil for the default one.
    ///   - earlier: one for the same sandboxes with another client: what is under way there counts here.
    package init(
        client: E2BClient, creationLimit: Int, governor: CreationGovernor? = nil,
        on executor: (any TaskExecutor)? = nil, continuing earlier: SandboxLifecycle? = nil,
        measurements: Measurements = Measurements(), notice: @escaping @Sendable (String) -> Void
    ) {
        self.governor = governor
        self.client = client
        self.executor = executor
        self.measurements = measurements
        inFlight = earlier?.inFlight ?? InFlight()
        kills = earlier?.kills ?? PendingKills()
        unavailable = earlier?.unavailable ?? NameSet()
        creations = earlier?.creations ?? FairSemaphore(.init(total: creationLimit, queue: .max))
        self.notice = notice
        set(creationLimit: creationLimit)
    }

    /// - Parameter creationLimit: the largest number of creations in progress.
    package func set(creationLimit: Int) { creations.resize(to: .init(total: creationLimit, queue: .max)) }

    /// - Parameters:
    ///   - mark: a unique value that goes into the sandbox's metadata.
    ///   - isAhead: no request waits for it. It has had its turn (``waitForTurn(while:)``), and takes no other sandbox's room.
    /// - Throws: `.cancelled` at once when the caller's task is cancelled. The sandbox is killed as soon as E2B has made it.
    package func create(
        _ options: SandboxOptions, for owner: String, mark: String, isAhead: Bool = false
    ) async throws(E2BError) -> Sandbox {
        var options = options
        options.metadata[Self.markName] = mark
        options.metadata[Self.keyName] = OwnerName.key(of: owner)
        let channel = OneShotChannel<Result<Sandbox, E2BError>>()
        if !isAhead { try await governor?.take(until: E2BClient.deadline) }
        try await takePlace(for: owner)
        withhold(mark)
        keep { [self, options] in
            let creation = await createWhenThereIsRoom(options, isAhead: isAhead)
            creations.giveBack(of: owner)
            do throws(E2BError) {
                let sandbox = try creation.get()
                measurements.created.add()
                measurements.usage.began(sandbox.id, for: owner, lasting: options.timeout)
                // The caller has it now, and has to release the mark.
                if channel.deliver(.success(sandbox)) { return }
                await killPersistently(sandbox.id)
            } catch {
                _ = channel.deliver(.failure(error))
                if error.mayHaveCreated { await killLost(mark) }
            }
            release(mark)
        }
        guard let outcome = await channel.receive() else { throw .cancelled }
        let sandbox = try outcome.get()
        release(mark)
        return sandbox
    }

    /// Waits for a place for a creation. Each execution creates one sandbox, so places are scarce only if callers hang
    /// up while their sandboxes are being created.
    private func takePlace(for owner: String) async throws(E2BError) {
        do throws(FairSemaphore.Shortage) {
            try await creations.take(for: owner, until: E2BClient.deadline ?? .now + .seconds(60))
        } catch {
            // All places are taken by creations that E2B has not answered either.
            throw error == .cancelled ? .cancelled : .timedOut(.create)
        }
    }

    /// Creates a sandbox. If E2B's limit on sandboxes is reached while a sandbox is being killed, it tries again after
    /// the kill.
    private func createWhenThereIsRoom(
        _ options: SandboxOptions, isAhead: Bool
    ) async -> Result<Sandbox, E2BError> {
        var attempts = Self.attempts
        // If other creations wait for a kill, E2B would refuse this one as well, or it would take their room.
        if kills.isAwaited { _ = await kills.wait(beyond: kills.endedCount, within: .seconds(10)) }
        while true {
            let endedCount = kills.endedCount
            do throws(E2BError) {
                return .success(try await client.create(options))
            } catch {
                attempts -= 1
                // Only the limit on sandboxes comes without a `Retry-After`: Protocol.md, 2.4.
                guard attempts > 0, case .rateLimited(_, _, retryAfter: nil) = error else { return .failure(error) }
                if !isAhead { _ = room.withLock { $0 }?() }
                guard await kills.wait(beyond: endedCount, within: .seconds(10)) else { return .failure(error) }
                do throws(E2BError) { if !isAhead { try await governor?.take() } } catch { return .failure(error) }
            }
        }
    }

    /// The number of attempts to create a sandbox: another creation may take the room that a kill has made.
    private static let attempts = 10

    // MARK: Creating ahead

    /// Waits for a turn that no request wants.
    ///
    /// - Returns: false if it is not wanted any more.
    func waitForTurn(while isWanted: () -> Bool) async -> Bool {
        while isWanted() {
            guard let pause = governor?.takeNow() else { return true }
            await sleep(min(pause, .seconds(1)))
        }
        return false
    }

    /// The time between two creations; nil if nothing spaces them.
    var creationInterval: Duration? { governor?.interval }

    /// - Parameter end: ends a sandbox that nobody uses, if there is one, and tells whether there was. It is called when E2B has no
    ///   room for one that a request needs.
    func whenThereIsNoRoom(_ end: @escaping @Sendable () -> Bool) { room.withLock { $0 = end } }

    // MARK: Ending

    /// Whether a sandbox of a list may be used. One that is about to be killed may not.
    func isAvailable(_ sandbox: SandboxInfo) -> Bool {
        !unavailable.contains(sandbox.id)
            && !(sandbox.metadata[Self.markName].map(unavailable.contains) ?? false)
    }

    /// Starts to kill the sandbox and returns at once.
    package func kill(_ id: String) {
        withhold(id)
        keep { [self] in
            await killPersistently(id)
            release(id)
        }
    }

    /// Returns when the sandbox is dead, or when the first try to kill it has failed and others go on.
    func end(_ id: String) async {
        withhold(id)
        kills.begin()
        defer { kills.end() }
        do throws(E2BError) {
            try await client.kill(sandbox: id)
            ended(id)
            release(id)
        } catch {
            kill(id)
        }
    }

    /// Notes that a sandbox has been killed.
    func ended(_ id: String) {
        measurements.killed.add()
        measurements.usage.ended(id)
    }

    private func withhold(_ name: String) { unavailable.insert(name) }

    private func release(_ name: String) { unavailable.remove(name) }

    /// Sandboxes that are being made or ended.
    package var outstanding: Int { inFlight.count }

    /// Returns when every sandbox is known to be dead or has been given up to its own timeout, after `limit` at the
    /// latest.
    package func drain(within limit: Duration) async { await inFlight.drain(within: limit) }

    /// Runs what goes on when its request has ended, and for which the end of the process waits.
    func keep(_ work: @escaping @Sendable () async -> Void) {
        inFlight.enter()
        // An immediate task runs here until it first waits, so the call is on its way without waking another thread.
        Task.immediate(executorPreference: executor) {
            await work()
            inFlight.leave()
        }
    }

    private func killPersistently(_ id: String) async {
        kills.begin()
        defer { kills.end() }
        // The request's deadline does not bound what has to be done after the request.
        await E2BClient.$deadline.withValue(nil) { await killAgainAndAgain(id) }
    }

    private func killAgainAndAgain(_ id: String) async {
        for pause in Self.pauses {
            do throws(E2BError) {
                try await client.kill(sandbox: id)
                return ended(id)
            } catch {
                guard error.isTransient, let pause else {
                    measurements.left.add()
                    return notice("could not kill sandbox \(id), which ends by its own timeout: \(error)")
                }
                await sleep(max(pause, min(error.retryAfter ?? .zero, .seconds(10))))
            }
        }
    }

    /// Kills the sandbox that has the mark in its metadata, if E2B has made one although its answer did not arrive.
    private func killLost(_ mark: String) async {
        await E2BClient.$deadline.withValue(nil) { await killWhenItComes(mark) }
    }

    private func killWhenItComes(_ mark: String) async {
        // E2B may still be creating the sandbox.
        for pause in [Duration.milliseconds(500), .seconds(5), .seconds(30)] {
            await sleep(pause)
            do throws(E2BError) {
                guard let sandbox = try await client.list(metadata: [Self.markName: mark]).first else { continue }
                return await killPersistently(sandbox.id)
            } catch {
                notice("could not look for a sandbox whose creation went unanswered: \(error)")
            }
        }
    }

    private func sleep(_ pause: Duration) async {
        // Nothing cancels these tasks, so there is nothing to catch.
        try? await Task.sleep(for: pause)
    }

    static let markName = "e2bFcgiExecution"
    /// The name of the key for whose caller the sandbox was made. It is for people, and decides nothing.
    static let keyName = "e2bFcgiKey"
    /// The pauses between attempts. Their sum is about what a short restart of E2B's API takes.
    private static let pauses: [Duration?] = [.milliseconds(200), .seconds(1), .seconds(3), .seconds(6), nil]
}

extension E2BError {
    /// Whether E2B may have made a sandbox: the request was sent, and no refusal came back.
    fileprivate var mayHaveCreated: Bool {
        switch self {
        case .timedOut, .broken, .tooLarge: true
        // E2B may send these after it has made the sandbox.
        case .refused(_, let status, _): status >= 500
        default: false
        }
    }
}

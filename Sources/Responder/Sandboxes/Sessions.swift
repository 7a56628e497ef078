import E2B
import FoundationEssentials

/// Finds, makes and ends the sandboxes of sessions.
final class Sessions: Sendable {
    private let client: E2BClient
    private let keeper: SandboxKeeper
    private let cache = SessionCache()
    /// One look-up or creation of a session at a time; those that come meanwhile find its outcome in the cache.
    private let lookUps = Turns<SessionKey>()

    init(client: E2BClient, keeper: SandboxKeeper) {
        self.client = client
        self.keeper = keeper
    }

    /// Runs `work` in the session's sandbox.
    ///
    /// A remembered sandbox may have been replaced meanwhile by way of another responder. Where it turns out to be gone,
    /// E2B is asked for another one, once: nothing was done in the one that is gone.
    /// - Throws: what `work` throws; ``ActionFailure`` when there is no such session, or no more.
    func with<Value>(_ key: SessionKey, _ work: (Sandbox) async throws -> Value) async throws -> Value {
        let known = cache.session(key)
        let sandbox = if let known { known.sandbox } else { try await find(key).sandbox }
        do {
            return try await work(sandbox)
        } catch E2BError.sandboxGone {
            cache.markEnded(key, sandbox: sandbox.id)
            guard known != nil else { throw absence(of: key) }
            return try await work(find(key).sandbox)
        }
    }

    /// As far as this process knows, for the log.
    func sandboxID(of key: SessionKey) -> String? { cache.session(key)?.sandbox.id }

    /// The session's sandbox, made if there is none.
    ///
    /// Two responders that do this at the same time make two. Both then see both, and the older one stays.
    /// - Parameter mark: unique, for ``SandboxKeeper``.
    func create(
        _ key: SessionKey, _ options: SandboxOptions, mark: String
    ) async throws -> (session: Session, isNew: Bool) {
        try await lookUps.run(key) {
            if let found = try await look(for: key, atLeast: options.timeout) { return (found, false) }
            var options = options
            options.metadata.merge(SessionMark.metadata(of: key)) { _, ours in ours }
            // Counted from before the call, as everywhere here: never later than E2B ends it, so that one whose time ran
            // out is not taken for one that was killed.
            let endsAt = Date.now + options.timeout.timeInterval
            let sandbox = try await keeper.create(options, mark: mark)
            let made = Session(sandbox: sandbox, endsAt: endsAt)
            do {
                if let rival = try await candidates(key).oldest, rival.id != sandbox.id,
                    let found = try await connect(rival, key, atLeast: options.timeout)
                {
                    keeper.kill(sandbox.id)
                    return (found, false)
                }
            } catch {
                // Whoever cannot see the others must not stay beside them.
                keeper.kill(sandbox.id)
                throw error
            }
            cache.keep(made, as: key)
            return (made, true)
        }
    }

    /// Every sandbox that bears the session's name. False: there was none.
    func kill(_ key: SessionKey) async throws -> Bool {
        try await lookUps.run(key) {
            let sandboxes = try await candidates(key)
            for sandbox in sandboxes { try await client.kill(sandbox: sandbox.id) }
            cache.forget(key)
            return !sandboxes.isEmpty
        }
    }

    /// nil: there is none of this id, or it is somebody else's.
    func kill(sandbox id: String, of owner: String) async throws -> SessionKey? {
        let info: SandboxInfo
        do throws(E2BError) {
            info = try await client.info(sandbox: id)
        } catch .notFound {
            return nil
        }
        guard let key = info.sessionKey, key.owner == owner else { return nil }
        try await client.kill(sandbox: info.id)
        cache.forget(key)
        return key
    }

    /// Ends a sandbox that was just made for the session.
    func discard(_ sandbox: Sandbox, _ key: SessionKey) {
        keeper.kill(sandbox.id)
        cache.forget(key)
    }

    /// - Returns: when the sandbox will end.
    func setTimeout(_ timeout: Duration, _ key: SessionKey) async throws -> Date {
        try await with(key) { sandbox in
            let end = Date.now + timeout.timeInterval
            do throws(E2BError) {
                try await client.setTimeout(timeout, sandbox: sandbox.id)
            } catch .notFound(_, let message) {
                throw E2BError.sandboxGone(message: message)
            }
            cache.extend(key, until: end)
            return end
        }
    }

    /// An owner's sessions, newest first.
    func list(_ owner: String) async throws -> [SandboxInfo] {
        try await client.list(metadata: [SessionMark.owner: owner]).filter { $0.sessionKey?.owner == owner }
    }

    // MARK: - Looking up

    private func find(_ key: SessionKey) async throws -> Session {
        try await lookUps.run(key) {
            if let known = cache.session(key) { return known }
            guard let found = try await look(for: key) else { throw absence(of: key) }
            return found
        }
    }

    private func candidates(_ key: SessionKey) async throws(E2BError) -> [SandboxInfo] {
        // The server's filter is E2B's; whose sandbox is used is for us to know.
        try await client.list(metadata: SessionMark.metadata(of: key)).filter { $0.sessionKey == key }
    }

    private func look(for key: SessionKey, atLeast timeout: Duration? = nil) async throws(E2BError) -> Session? {
        guard let info = try await candidates(key).oldest else { return nil }
        return try await connect(info, key, atLeast: timeout)
    }

    /// A list does not tell the token with which a sandbox is used.
    ///
    /// - Parameter timeout: the sandbox is to live this long from now, if not longer; nil leaves its end alone.
    /// - Returns: nil when it ended meanwhile.
    private func connect(
        _ info: SandboxInfo, _ key: SessionKey, atLeast timeout: Duration?
    ) async throws(E2BError) -> Session? {
        do throws(E2BError) {
            var session: Session
            if info.state == .paused || timeout != nil {
                let timeout = timeout ?? .seconds(300)
                let endsAt = max(info.endsAt, .now + timeout.timeInterval)
                session = Session(
                    sandbox: try await client.connect(sandbox: info.id, timeout: timeout), endsAt: endsAt)
            } else {
                session = Session(sandbox: try await client.sandbox(info.id).sandbox, endsAt: info.endsAt)
            }
            cache.keep(session, as: key)
            return session
        } catch .notFound {
            return nil
        }
    }

    /// Why there is none: E2B ended it, as far as we remember, or there never was one.
    private func absence(of key: SessionKey) -> ActionFailure {
        guard let due = cache.end(of: key) else {
            return ActionFailure(
                "No sandbox found for sessionId \(key.id). Please create one using the 'create' action.",
                sessionID: key.id)
        }
        let reason =
            due <= .now
            ? "its time ran out at \(due.written)"
            : "it was killed, or ran out of memory, before its time (\(due.written))"
        return ActionFailure(
            "The sandbox of sessionId \(key.id) has ended: \(reason). Please create another one using the 'create' action.",
            sessionID: key.id)
    }
}

extension Date {
    /// `2026-11-21T09:30:00Z`.
    var written: String { formatted(.iso8601) }
}

extension Duration {
    var timeInterval: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

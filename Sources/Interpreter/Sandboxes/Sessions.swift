package import E2B
package import FoundationEssentials
import Synchronization
import System

/// Finds, makes and ends the sandboxes of sessions.
///
/// Responders know nothing of each other, so two that make a session at the same moment make two sandboxes, and E2B has no
/// call that would let one of them through. What brings them together is a rule that each of them keeps for itself: the
/// oldest that lives is the session's, and whoever sees others beside it ends those. A new sandbox is looked at twice before
/// it is trusted: after it has been made and used once, and again within its first half minute, since E2B may list it late.
/// Who still remembers one that was ended learns so by its next call, and finds the other.
package final class Sessions: Sendable {
    private let client: E2BClient
    private let lifecycle: SandboxLifecycle
    private let cache = SessionCache()
    /// Young sandboxes for whose rivals somebody looks, by id.
    private let watched = Mutex<Set<String>>([])
    /// One look-up or creation of a session at a time; those that come meanwhile find its outcome in the cache.
    private let lookUps = KeyedLock<SessionKey>()
    private let share: SandboxShare

    /// - Parameter ownerLimit: sandboxes that the sessions of one owner may have.
    package init(client: E2BClient, lifecycle: SandboxLifecycle, ownerLimit: Int? = nil) {
        self.client = client
        self.lifecycle = lifecycle
        share = SandboxShare(limit: ownerLimit)
    }

    /// Runs `work` in the session's sandbox.
    ///
    /// A remembered sandbox may have been replaced meanwhile by way of another responder. Where it turns out to be gone,
    /// E2B is asked for another one, once: nothing was done in the one that is gone.
    /// - Throws: what `work` throws; ``InterpreterError`` when there is no such session, or no more.
    package func with<Value>(_ key: SessionKey, _ work: (Sandbox) async throws -> Value) async throws -> Value {
        let known = cache.session(key)
        let sandbox = if let known { known.sandbox } else { try await find(key).sandbox }
        do {
            return try await work(sandbox)
        } catch E2BError.sandboxGone {
            cache.markEnded(key, sandbox: sandbox.id)
            let found = try await successor(of: sandbox, key)
            // The one that was just found is no other.
            guard known != nil || found.id != sandbox.id else {
                cache.markEnded(key, sandbox: found.id)
                throw absence(of: key)
            }
            return try await work(found)
        }
    }

    /// As far as this process knows, for the log.
    package func sandboxID(of key: SessionKey) -> String? { cache.session(key)?.sandbox.id }

    /// What a creation came to.
    package struct Creation<FirstUse: Sendable>: Sendable {
        package let session: Session
        package let isNew: Bool
        package let firstUse: FirstUse
    }

    /// The session's sandbox, made if there is none.
    ///
    /// - Parameters:
    ///   - mark: unique, for ``SandboxLifecycle``.
    ///   - use: what shows that the sandbox works. One that was made and does not is ended.
    package func create<FirstUse>(
        _ key: SessionKey, _ options: SandboxOptions, mark: String, use: (Sandbox) async throws -> FirstUse
    ) async throws -> Creation<FirstUse> {
        try await lookUps.run(key, until: E2BClient.deadline) {
            for attempt in 1..<Self.attempts {
                do {
                    return try await createOnce(key, options, mark: "\(mark)-\(attempt)", use: use)
                } catch E2BError.sandboxGone {
                    // Ended meanwhile, by a responder that knows an older one, or on demand.
                    cache.forget(key)
                }
            }
            return try await createOnce(key, options, mark: "\(mark)-\(Self.attempts)", use: use)
        }
    }

    private func createOnce<FirstUse>(
        _ key: SessionKey, _ options: SandboxOptions, mark: String, use: (Sandbox) async throws -> FirstUse
    ) async throws -> Creation<FirstUse> {
        if let found = try await oldest(key, atLeast: options.timeout) {
            return Creation(session: found, isNew: false, firstUse: try await use(found.sandbox))
        }
        var options = options
        options.metadata.merge(SessionMark.metadata(of: key)) { _, ours in ours }
        // Counted from before the call, as everywhere here: never later than E2B ends it, so that one whose time ran
        // out is not taken for one that was killed.
        let endsAt = Date.now + options.timeout.inSeconds
        let begin = ContinuousClock.now
        let sandbox = try await share.create(
            for: key.owner, mark: mark, among: { try await running(of: key.owner) },
            { [options] in try await lifecycle.create(options, for: key.owner, mark: mark) })
        let made = Session(sandbox: sandbox, endsAt: endsAt)
        // One that was begun before this one may still be in the making, and will be the older one. It is likely to take
        // as long as this one took.
        let look = ContinuousClock.now + min(.now - begin, .seconds(1))
        do {
            let firstUse = try await use(sandbox)
            try await Task.sleep(until: look)
            if let older = try await oldest(key, beside: made, atLeast: options.timeout), older.sandbox.id != sandbox.id
            {
                return Creation(session: older, isNew: false, firstUse: try await use(older.sandbox))
            }
            keep(made, key, isYoung: true)
            return Creation(session: made, isNew: true, firstUse: firstUse)
        } catch {
            // Whoever cannot see the others must not stay beside them; and one that does not answer would only cost.
            lifecycle.kill(sandbox.id)
            throw error
        }
    }

    /// Sandboxes that may be ended under one who creates a session.
    private static let attempts = 3

    /// Every sandbox that bears the session's name. False: there was none.
    package func kill(_ key: SessionKey) async throws -> Bool {
        try await lookUps.run(key, until: E2BClient.deadline) {
            let sandboxes = try await candidates(key)
            var failure: E2BError?
            for sandbox in sandboxes {
                do throws(E2BError) { try await client.kill(sandbox: sandbox.id) } catch { failure = error }
            }
            if let failure { throw failure }
            cache.forget(key)
            return !sandboxes.isEmpty
        }
    }

    /// nil: there is none of this id, or it is somebody else's.
    package func kill(sandbox id: String, of owner: String) async throws -> SessionKey? {
        let info: SandboxInfo
        do throws(E2BError) {
            info = try await client.info(sandbox: id)
        } catch .notFound {
            return nil
        }
        guard let key = info.sessionKey, key.isOwned(by: owner) else { return nil }
        try await client.kill(sandbox: info.id)
        cache.forget(key)
        return key
    }

    /// - Returns: when the sandbox will end.
    package func setTimeout(_ timeout: Duration, _ key: SessionKey) async throws -> Date {
        try await with(key) { sandbox in
            let end = Date.now + timeout.inSeconds
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
    package func list(_ owner: String) async throws -> [SandboxInfo] {
        try await client.list(metadata: [SessionMark.owner: owner]).filter { $0.sessionKey?.isOwned(by: owner) == true }
    }

    /// The marks of those of an owner's sandboxes that E2B counts.
    private func running(of owner: String) async throws -> [String?] {
        try await client.list(metadata: [SessionMark.owner: owner], states: [.running])
            .filter { $0.sessionKey?.isOwned(by: owner) == true && lifecycle.isAvailable($0) }
            .map { $0.metadata[SandboxLifecycle.markName] }
    }

    // MARK: - Looking up

    private func find(_ key: SessionKey) async throws -> Session {
        try await lookUps.run(key, until: E2BClient.deadline) {
            if let known = cache.session(key) { return known }
            guard let found = try await oldest(key) else { throw absence(of: key) }
            return found
        }
    }

    /// What there is in place of a sandbox that turned out to be gone.
    ///
    /// A young one was probably ended for an older one that was made at the same moment, and that E2B does not list yet: that
    /// is waited for, for a moment.
    private func successor(of sandbox: Sandbox, _ key: SessionKey) async throws -> Sandbox {
        let isYoung = watched.withLock { $0.contains(sandbox.id) }
        for pause in isYoung ? Self.pausesForList : [] {
            do { return try await find(key).sandbox } catch is InterpreterError { try await Task.sleep(for: pause) }
        }
        return try await find(key).sandbox
    }

    private static let pausesForList: [Duration] = [.milliseconds(500), .seconds(1), .seconds(1)]

    private func candidates(_ key: SessionKey) async throws(E2BError) -> [SandboxInfo] {
        // The server's filter is E2B's; whose sandbox is used is for us to know.
        try await client.list(metadata: SessionMark.metadata(of: key)).filter {
            $0.sessionKey == key && lifecycle.isAvailable($0)
        }
    }

    /// The oldest of the session's sandboxes that lives. The others are ended.
    ///
    /// - Parameters:
    ///   - own: one that lives, and that the list may not have yet.
    ///   - timeout: the sandbox is to live this long from now, if not longer; nil leaves its end alone.
    /// - Returns: nil when there is none.
    private func oldest(
        _ key: SessionKey, beside own: Session? = nil, atLeast timeout: Duration? = nil
    ) async throws(E2BError) -> Session? {
        var candidates = try await candidates(key)
        if let own, !candidates.isEmpty, !candidates.contains(where: { $0.id == own.sandbox.id }) {
            do throws(E2BError) {
                candidates.append(try await client.info(sandbox: own.sandbox.id))
            } catch .notFound(_, let message) {
                throw .sandboxGone(message: message)
            }
        }
        candidates = candidates.oldestFirst
        for (index, candidate) in candidates.enumerated() {
            // A list may also have one that is gone.
            guard let session = candidate.id == own?.sandbox.id ? own : try await connect(candidate, atLeast: timeout)
            else { continue }
            for younger in candidates[(index + 1)...] { await lifecycle.end(younger.id) }
            if candidate.id != own?.sandbox.id {
                keep(session, key, isYoung: candidate.startedAt.timeIntervalSinceNow > -Self.youth)
            }
            return session
        }
        return own
    }

    /// A list does not tell the token with which a sandbox is used.
    ///
    /// - Parameter timeout: as above.
    /// - Returns: nil when it ended meanwhile.
    private func connect(_ info: SandboxInfo, atLeast timeout: Duration?) async throws(E2BError) -> Session? {
        do throws(E2BError) {
            guard info.state == .paused || timeout != nil else {
                return Session(sandbox: try await client.sandbox(info.id).sandbox, endsAt: info.endsAt)
            }
            let timeout = timeout ?? .seconds(300)
            let endsAt = max(info.endsAt, .now + timeout.inSeconds)
            return Session(sandbox: try await client.connect(sandbox: info.id, timeout: timeout), endsAt: endsAt)
        } catch .notFound {
            return nil
        }
    }

    // MARK: - Young sandboxes

    private func keep(_ session: Session, _ key: SessionKey, isYoung: Bool) {
        cache.keep(session, as: key)
        guard isYoung, watched.withLock({ $0.insert(session.sandbox.id).inserted }) else { return }
        // Not a child of the request's task, nor bound by its deadline: it is for those that come later.
        Task {
            await E2BClient.$deadline.withValue(nil) {
                for pause in Self.looks {
                    // Nothing cancels this task, so there is nothing to catch.
                    try? await Task.sleep(for: pause)
                    await reconsider(session, key)
                }
            }
            watched.withLock { _ = $0.remove(session.sandbox.id) }
        }
    }

    /// Looks once more whether there is an older sandbox: E2B may list one late that was made at the same moment.
    private func reconsider(_ session: Session, _ key: SessionKey) async {
        func isCurrent() -> Bool { cache.session(key)?.sandbox.id == session.sandbox.id }
        do {
            // Not in the session's turn: a slow list would keep others waiting.
            guard isCurrent(), try await candidates(key).contains(where: { $0.id != session.sandbox.id }) else {
                return
            }
            try await lookUps.run(key) {
                guard isCurrent(), let older = try await oldest(key, beside: session),
                    older.sandbox.id != session.sandbox.id
                else { return }
                lifecycle.notice(
                    "two sandboxes were made for one session: \(older.sandbox.id) stays, \(session.sandbox.id) is ended"
                )
            }
        } catch E2BError.sandboxGone {
            // Ended by a responder that knows an older one. Some actions would not notice: they only tell where it is.
            cache.markEnded(key, sandbox: session.sandbox.id)
        } catch {
            // The next look tries again.
        }
    }

    /// Seconds in which a list may be behind. E2B's servers tell each other of new sandboxes every few seconds.
    private static let youth = 30.0
    /// Pauses before each look within ``youth``.
    private static let looks: [Duration] = [.seconds(1), .seconds(4), .seconds(25)]

    /// Why there is none: E2B ended it, as far as we remember, or there never was one.
    private func absence(of key: SessionKey) -> InterpreterError {
        cache.end(of: key).map { .sessionEnded(key.id, due: $0) } ?? .noSession(key.id)
    }
}

extension Date {
    /// `2026-11-21T09:30:00Z`.
    package var written: String { formatted(.iso8601) }
}

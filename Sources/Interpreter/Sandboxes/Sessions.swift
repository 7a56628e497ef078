package import E2B
package import FoundationEssentials
import Synchronization
import System

/// Finds, makes and ends the sandboxes of sessions.
///
/// Responders do not talk to each other, so two of them that create a session at the same moment make two sandboxes, and E2B
/// has no call that would admit only one. Each responder therefore follows one rule: the oldest living sandbox is the
/// session's, and a responder that sees younger ones beside it ends them. A responder that has made a sandbox lists the
/// session's sandboxes once after the first use, and again within the first half minute, because E2B may list one late. A
/// responder that remembers a sandbox which another one has ended learns so from its next call, and then finds the older one.
package final class Sessions: Sendable {
    private let client: E2BClient
    private let lifecycle: SandboxLifecycle
    private let cache = SessionCache()
    /// Ids of young sandboxes for which a task still looks for older ones of the same session.
    private let watched = Mutex<Set<String>>([])
    /// Allows one look-up or creation of a session at a time. Those that wait find its result in the cache.
    private let lookUps = KeyedLock<SessionKey>()
    private let share: SandboxShare

    /// - Parameter ownerLimit: the largest number of sandboxes that the sessions of one owner may have; nil for no limit.
    package init(client: E2BClient, lifecycle: SandboxLifecycle, ownerLimit: Int? = nil) {
        self.client = client
        self.lifecycle = lifecycle
        share = SandboxShare(limit: ownerLimit)
    }

    /// Runs `work` in the session's sandbox.
    ///
    /// Another responder may have replaced the remembered sandbox. If it is gone, the session is looked up at E2B, and `work`
    /// runs once more, in the sandbox that is found: nothing was done in the one that is gone.
    ///
    /// - Throws: what `work` throws; ``InterpreterError`` when there is no such session, or no more.
    package func with<Value>(_ key: SessionKey, _ work: (Sandbox) async throws -> Value) async throws -> Value {
        let known = cache.session(key)
        let sandbox = if let known { known.sandbox } else { try await find(key).sandbox }
        do {
            return try await work(sandbox)
        } catch E2BError.sandboxGone {
            cache.markEnded(key, sandbox: sandbox.id)
            let found = try await successor(of: sandbox, key)
            // The sandbox was not remembered but looked up just now, so another look-up finds nothing new.
            guard known != nil || found.id != sandbox.id else {
                cache.markEnded(key, sandbox: found.id)
                throw absence(of: key)
            }
            return try await work(found)
        }
    }

    /// The id of the session's sandbox, if this process knows it. It is for the log.
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
    ///   - use: a first use of the sandbox. If it fails, a sandbox that was made for it is ended.
    package func create<FirstUse>(
        _ key: SessionKey, _ options: SandboxOptions, mark: String, use: (Sandbox) async throws -> FirstUse
    ) async throws -> Creation<FirstUse> {
        try await lookUps.run(key, until: E2BClient.deadline) {
            for attempt in 1..<Self.attempts {
                do {
                    return try await createOnce(key, options, mark: "\(mark)-\(attempt)", use: use)
                } catch E2BError.sandboxGone {
                    // Another responder that knows an older one has ended it, or a caller has.
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
        // The time is taken before the call, so `endsAt` is never later than the end at E2B. Otherwise a sandbox whose time
        // has run out would be reported as killed.
        let endsAt = Date.now + options.timeout.inSeconds
        let begin = ContinuousClock.now
        let sandbox = try await share.create(
            for: key.owner, mark: mark, among: { try await running(of: key.owner) },
            { [options] in try await lifecycle.create(options, for: key.owner, mark: mark) })
        let made = Session(sandbox: sandbox, endsAt: endsAt)
        // Another responder may have begun a sandbox earlier that is not made yet, and that will be the older one. It
        // probably takes as long as this one took.
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
            // Without the list it is unknown whether there is an older sandbox; and one that does not work is of no use.
            lifecycle.kill(sandbox.id)
            throw error
        }
    }

    /// How often the sandbox may be ended by others while a session is being created.
    private static let attempts = 3

    /// Ends every sandbox of the session.
    ///
    /// - Returns: false if there was none.
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

    /// Ends one sandbox.
    ///
    /// - Returns: its session; nil if there is no such sandbox, or it belongs to another owner.
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

    /// Has the sandbox live for `idle` from now on, if it would end clearly earlier. Returns at once: the answer does not
    /// wait for it.
    func prolong(_ key: SessionKey, for idle: Duration) {
        guard let session = cache.session(key), session.endsAt.timeIntervalSinceNow < idle.inSeconds * 0.8 else {
            return
        }
        // This task is independent of the request and of its deadline. If it fails, the next use tries again.
        Task { await E2BClient.$deadline.withValue(nil) { _ = try? await setTimeout(idle, key) } }
    }

    /// An owner's sessions, newest first.
    package func list(_ owner: String) async throws -> [SandboxInfo] {
        try await client.list(metadata: [SessionMark.owner: owner]).filter { $0.sessionKey?.isOwned(by: owner) == true }
    }

    /// The marks of an owner's sandboxes that count towards E2B's limit.
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

    /// The sandbox that has taken the place of one that is gone.
    ///
    /// A young sandbox was probably ended because an older one was made at the same moment. E2B may not list that one yet, so
    /// the look-up is repeated for a few seconds.
    private func successor(of sandbox: Sandbox, _ key: SessionKey) async throws -> Sandbox {
        let isYoung = watched.withLock { $0.contains(sandbox.id) }
        for pause in isYoung ? Self.pausesForList : [] {
            do { return try await find(key).sandbox } catch is InterpreterError { try await Task.sleep(for: pause) }
        }
        return try await find(key).sandbox
    }

    private static let pausesForList: [Duration] = [.milliseconds(500), .seconds(1), .seconds(1)]

    private func candidates(_ key: SessionKey) async throws(E2BError) -> [SandboxInfo] {
        // E2B has filtered by metadata already. Who owns a sandbox is checked here again.
        try await client.list(metadata: SessionMark.metadata(of: key)).filter {
            $0.sessionKey == key && lifecycle.isAvailable($0)
        }
    }

    /// The oldest of the session's sandboxes that lives. The others are ended.
    ///
    /// - Parameters:
    ///   - own: a living sandbox that the list may not have yet.
    ///   - timeout: the shortest time that the sandbox has to live from now on; nil leaves its end as it is.
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
            // The list may still have a sandbox that is gone.
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

    /// Asks for the token with which the sandbox is used, which a list does not have.
    ///
    /// - Parameter timeout: the shortest time that the sandbox has to live from now on; nil leaves its end as it is.
    /// - Returns: nil if the sandbox has ended.
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
        // This task is independent of the request and of its deadline, because it serves later requests.
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
            // The session's lock is not held during this list, because a slow one would make other requests wait.
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
            // Another responder that knows an older one has ended it. Actions that only tell its address would not notice.
            cache.markEnded(key, sandbox: session.sandbox.id)
        } catch {
            // The next look tries again.
        }
    }

    /// Seconds in which a list may be behind. E2B's servers tell each other of new sandboxes every few seconds.
    private static let youth = 30.0
    /// Pauses before each look within ``youth``.
    private static let looks: [Duration] = [.seconds(1), .seconds(4), .seconds(25)]

    /// Why the session has no sandbox: E2B ended the one that this process remembers, or there never was one.
    private func absence(of key: SessionKey) -> InterpreterError {
        cache.end(of: key).map { .sessionEnded(key.id, due: $0) } ?? .noSession(key.id)
    }
}

extension Date {
    /// `2026-11-21T09:30:00Z`.
    package var written: String { formatted(.iso8601) }
}

package import E2B
package import FoundationEssentials
import System

/// Finds, makes and ends the sandboxes of sessions.
///
/// Responders do not talk to each other, so two of them that create a session at the same moment make two sandboxes, and E2B
/// has no call that would admit only one. Each responder therefore follows one rule: the oldest living sandbox is the
/// session's, and a responder that sees younger ones beside it ends them. A responder that has made a sandbox lists the
/// session's sandboxes once after the first use, and again within the first half minute, because E2B may list one late. A
/// responder that remembers a sandbox which another one has ended learns so from its next call, and then finds the older one.
package final class Sessions: Sendable {
    let client: E2BClient
    let lifecycle: SandboxLifecycle
    let cache: SessionCache
    /// Ids of young sandboxes for which a task still looks for older ones of the same session.
    private let watched: NameSet
    /// Allows one look-up or creation of a session at a time. Those that wait find its result in the cache.
    let lookUps: KeyedLock<SessionKey>
    private let share: SandboxShare
    private let paused: PausedSandboxes
    private let kernels: PreparedKernels

    /// - Parameters:
    ///   - ownerLimit: the largest number of running sandboxes that the sessions of one owner may have; nil for no limit.
    ///   - kernels: those of which something is known, which a pause may change.
    ///   - earlier: one with the same kernels and other settings, which knows sessions, and may still look for some.
    init(
        client: E2BClient, lifecycle: SandboxLifecycle, ownerLimit: Int? = nil, end: SessionEnd = SessionEnd(),
        kernels: PreparedKernels = PreparedKernels(), continuing earlier: Sessions? = nil
    ) {
        self.client = client
        self.lifecycle = lifecycle
        self.kernels = kernels
        cache = earlier?.cache ?? SessionCache()
        watched = earlier?.watched ?? NameSet()
        lookUps = earlier?.lookUps ?? KeyedLock()
        share = earlier?.share ?? SandboxShare(limit: ownerLimit)
        share.set(limit: ownerLimit)
        paused = PausedSandboxes(client: client, lifecycle: lifecycle, end: end)
    }

    /// Runs `work` in the session's sandbox. One that was paused is resumed.
    ///
    /// Another responder may have replaced the remembered sandbox. If it is gone, the session is looked up at E2B, and `work`
    /// runs once more, in the sandbox that is found: nothing was done in the one that is gone.
    ///
    /// - Throws: what `work` throws; ``InterpreterError`` when there is no such session, or no more.
    package func with<Value>(
        _ key: SessionKey, _ use: SessionUse, _ work: (Sandbox) async throws -> Value
    ) async throws -> Value {
        let known = cache.session(key)
        let session = if let known { known } else { try await find(key, use) }
        do {
            if session.pausesAtEnd, session.endsAt <= .now {
                // Not every work would notice: some only tells the sandbox's address.
                throw E2BError.sandboxGone(message: "it was paused")
            }
            return try await run(work, in: session, key, use)
        } catch E2BError.sandboxGone {
            cache.markEnded(key, sandbox: session.sandbox.id)
            let found = try await successor(of: session, key, use)
            // The sandbox was not remembered but looked up just now, so another look-up finds nothing new, unless it was
            // paused in between.
            guard known != nil || session.pausesAtEnd || found.sandbox.id != session.sandbox.id else {
                cache.markEnded(key, sandbox: found.sandbox.id)
                throw absence(of: key)
            }
            return try await run(work, in: found, key, use)
        }
    }

    private func run<Value>(
        _ work: (Sandbox) async throws -> Value, in session: Session, _ key: SessionKey, _ use: SessionUse
    ) async throws -> Value {
        guard let time = use.time, let idle = use.idle ?? session.idle else { return try await work(session.sandbox) }
        try await prolong(session, key, for: idle, taking: time)
        let value = try await work(session.sandbox)
        prolong(key, for: idle)
        return value
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
    ///   - isIdle: the sandbox's time runs from each use anew, which is so in any case where it is paused at its end.
    ///   - notes: gets what has become of a sandbox that was there before.
    ///   - use: a first use of the sandbox. If it fails, a sandbox that was made for it is ended.
    package func create<FirstUse>(
        _ key: SessionKey, _ options: SandboxOptions, mark: String, isIdle: Bool = false, notes: CallNotes? = nil,
        use: (Sandbox) async throws -> FirstUse
    ) async throws -> Creation<FirstUse> {
        var options = options
        options.metadata.merge(SessionMark.metadata(of: key)) { _, ours in ours }
        if isIdle || paused.end.isPause {
            options.metadata[SessionMark.idle] = String(max(1, options.timeout.components.seconds))
        }
        if paused.end.isPause {
            options.pausesAtEnd = true
            options.metadata.merge(SessionMark.pausing) { _, ours in ours }
            options.metadata[SessionMark.made] = String(Date.now.timeIntervalSince1970)
        }
        let sessionUse = SessionUse(notes: notes)
        defer { paused.lookForUnused() }
        return try await lookUps.run(key, until: E2BClient.deadline) { [options] in
            for attempt in 1..<Self.attempts {
                do {
                    return try await createOnce(key, options, sessionUse, mark: "\(mark)-\(attempt)", use: use)
                } catch E2BError.sandboxGone {
                    // Another responder that knows an older one has ended it, or a caller has.
                    cache.forget(key)
                }
            }
            return try await createOnce(key, options, sessionUse, mark: "\(mark)-\(Self.attempts)", use: use)
        }
    }

    private func createOnce<FirstUse>(
        _ key: SessionKey, _ options: SandboxOptions, _ sessionUse: SessionUse, mark: String,
        use: (Sandbox) async throws -> FirstUse
    ) async throws -> Creation<FirstUse> {
        if let found = try await oldest(key, sessionUse, atLeast: options.timeout) {
            return Creation(session: found, isNew: false, firstUse: try await use(found.sandbox))
        }
        // The time is taken before the call, so `endsAt` is never later than the end at E2B. Otherwise a sandbox whose time
        // has run out would be reported as killed.
        let endsAt = Date.now + options.timeout.inSeconds
        let begin = ContinuousClock.now
        let sandbox = try await share.create(
            for: key.owner, mark: mark, among: { try await running(of: key.owner) },
            { try await lifecycle.create(options, for: key.owner, mark: mark) })
        var made = Session(sandbox: sandbox, endsAt: endsAt)
        made.pausesAtEnd = options.pausesAtEnd
        if options.metadata[SessionMark.idle] != nil { made.idle = options.timeout }
        // Another responder may have begun a sandbox earlier that is not made yet, and that will be the older one. It
        // probably takes as long as this one took.
        let look = ContinuousClock.now + min(.now - begin, .seconds(1))
        do {
            let firstUse = try await use(sandbox)
            try await Task.sleep(until: look)
            if let older = try await oldest(key, sessionUse, beside: made, atLeast: options.timeout),
                older.sandbox.id != sandbox.id
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

    /// An owner's sessions, newest first.
    package func list(_ owner: String) async throws -> [SandboxInfo] {
        let list = try await client.list(metadata: [SessionMark.owner: owner])
        return paused.endUnused(of: list.filter { $0.sessionKey?.isOwned(by: owner) == true })
    }

    /// The marks of an owner's sandboxes that count towards E2B's limit.
    private func running(of owner: String) async throws -> [String?] {
        try await client.list(metadata: [SessionMark.owner: owner], states: [.running])
            .filter { $0.sessionKey?.isOwned(by: owner) == true && lifecycle.isAvailable($0) }
            .map { $0.metadata[SandboxLifecycle.markName] }
    }

    // MARK: - Looking up

    /// - Parameter remembered: a sandbox that was the session's, and that E2B may have paused.
    private func find(_ key: SessionKey, _ use: SessionUse, remembered: String? = nil) async throws -> Session {
        try await lookUps.run(key, until: E2BClient.deadline) {
            if let known = cache.session(key) { return known }
            // Afterwards, so that the session is told of its own.
            defer { paused.lookForUnused() }
            guard let found = try await oldest(key, use, remembered: remembered) else { throw absence(of: key) }
            return found
        }
    }

    /// The sandbox that has taken the place of one that is gone, or that one itself, if it was paused.
    ///
    /// A young sandbox was probably ended because an older one was made at the same moment. E2B may not list that one yet, so
    /// the look-up is repeated for a few seconds.
    private func successor(of session: Session, _ key: SessionKey, _ use: SessionUse) async throws -> Session {
        let remembered = session.pausesAtEnd ? session.sandbox.id : nil
        let isYoung = watched.contains(session.sandbox.id)
        for pause in isYoung ? Self.pausesForList : [] {
            do {
                return try await find(key, use, remembered: remembered)
            } catch let error as InterpreterError where error.isAbsence {
                try await Task.sleep(for: pause)
            }
        }
        return try await find(key, use, remembered: remembered)
    }

    private static let pausesForList: [Duration] = [.milliseconds(500), .seconds(1), .seconds(1)]

    /// - Parameter remembered: a sandbox that E2B may be pausing, which its list may not have then.
    func candidates(_ key: SessionKey, remembered: String? = nil) async throws(E2BError) -> [SandboxInfo] {
        // E2B has filtered by metadata already. Who owns a sandbox is checked here again.
        var all = try await client.list(metadata: SessionMark.metadata(of: key)).filter {
            $0.sessionKey == key && lifecycle.isAvailable($0)
        }
        if let remembered, !all.contains(where: { $0.id == remembered }) {
            do throws(E2BError) {
                let info = try await client.info(sandbox: remembered)
                if info.sessionKey == key, lifecycle.isAvailable(info) { all.append(info) }
            } catch .notFound {
                // It has ended.
            }
        }
        let used = paused.endUnused(of: all)
        if used.isEmpty, !all.isEmpty { cache.markUnused(key) }
        return used
    }

    /// The oldest of the session's sandboxes that lives. The others are ended.
    ///
    /// - Parameters:
    ///   - own: a living sandbox that the list may not have yet.
    ///   - timeout: the shortest time that the sandbox has to live from now on; nil leaves its end as it is.
    /// - Returns: nil when there is none.
    private func oldest(
        _ key: SessionKey, _ use: SessionUse, remembered: String? = nil, beside own: Session? = nil,
        atLeast timeout: Duration? = nil
    ) async throws -> Session? {
        var candidates = try await candidates(key, remembered: remembered)
        if let own, !candidates.isEmpty, !candidates.contains(where: { $0.id == own.sandbox.id }) {
            candidates.append(try await info(own.sandbox))
        }
        candidates = candidates.oldestFirst
        for (index, candidate) in candidates.enumerated() {
            // The list may still have a sandbox that is gone.
            guard
                let session = candidate.id == own?.sandbox.id
                    ? own : try await connect(candidate, key, use, atLeast: timeout)
            else { continue }
            // A list may have one that is being paused or resumed in both of its states.
            for younger in candidates[(index + 1)...] where younger.id != candidate.id {
                await lifecycle.end(younger.id)
            }
            if candidate.id != own?.sandbox.id {
                keep(session, key, isYoung: candidate.startedAt.timeIntervalSinceNow > -Self.youth)
            }
            return session
        }
        return own
    }

    /// - Throws: `E2BError.sandboxGone` if it has ended.
    private func info(_ sandbox: Sandbox) async throws(E2BError) -> SandboxInfo {
        do {
            return try await client.info(sandbox: sandbox.id)
        } catch {
            if case .notFound(_, let message) = error { throw .sandboxGone(message: message) }
            throw error
        }
    }

    /// Asks for the token with which the sandbox is used, which a list does not have. A paused sandbox is resumed.
    ///
    /// - Parameter timeout: the shortest time that the sandbox has to live from now on; nil leaves its end as it is.
    /// - Returns: nil if the sandbox has ended.
    private func connect(
        _ info: SandboxInfo, _ key: SessionKey, _ use: SessionUse, atLeast timeout: Duration?
    ) async throws -> Session? {
        do {
            if info.state == .paused { return try await resume(info, key, use, atLeast: timeout) }
            guard let timeout else {
                let (sandbox, now) = try await client.sandbox(info.id)
                // It may have been paused since the list.
                if now.state == .paused { return try await resume(now, key, use, atLeast: nil) }
                return Session(sandbox: sandbox, endsAt: info.endsAt, info)
            }
            let (sandbox, endsAt) = try await paused.resume(info, for: timeout)
            return Session(sandbox: sandbox, endsAt: max(info.endsAt, endsAt), info)
        } catch E2BError.notFound {
            return nil
        }
    }

    /// Resumes a paused sandbox, which counts among those of its owner again.
    private func resume(
        _ info: SandboxInfo, _ key: SessionKey, _ use: SessionUse, atLeast timeout: Duration?
    ) async throws -> Session {
        let timeout = timeout ?? use.idle ?? info.idle ?? .seconds(300)
        let mark = info.metadata[SandboxLifecycle.markName] ?? info.id
        let (sandbox, endsAt) = try await share.create(
            for: key.owner, mark: mark, among: { try await running(of: key.owner) },
            { try await paused.resume(info, for: timeout) })
        lifecycle.measurements.usage.began(info.id, for: key.owner, lasting: timeout)
        kernels.doubt(sandbox: info.id)
        if await paused.hasLostPrograms(sandbox, info) {
            for language in Language.allCases {
                _ = kernels.takeDoubt(ContextKey(sandboxID: info.id, language: language))
            }
            use.notes?.add(
                "The sandbox was paused and has been started anew from its disk, so its variables, imports and running "
                    + "commands are gone, and its files are there.")
        }
        return Session(sandbox: sandbox, endsAt: endsAt, info)
    }

    // MARK: - Young sandboxes

    private func keep(_ session: Session, _ key: SessionKey, isYoung: Bool) {
        cache.keep(session, as: key)
        guard isYoung, watched.insert(session.sandbox.id) else { return }
        // This task is independent of the request and of its deadline, because it serves later requests.
        Task {
            await E2BClient.$deadline.withValue(nil) {
                for pause in Self.looks {
                    // Nothing cancels this task, so there is nothing to catch.
                    try? await Task.sleep(for: pause)
                    await reconsider(session, key)
                }
            }
            watched.remove(session.sandbox.id)
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
                guard isCurrent(), let older = try await oldest(key, .lookingOnly, beside: session),
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
        if cache.isUnused(key) { return .sessionUnused(key.id, days: paused.end.keepDays) }
        return cache.end(of: key).map { .sessionEnded(key.id, due: $0) } ?? .noSession(key.id)
    }
}

extension InterpreterError {
    /// Whether it says that the session has no sandbox.
    fileprivate var isAbsence: Bool {
        switch self {
        case .noSession, .sessionEnded, .sessionUnused: true
        default: false
        }
    }
}

extension Date {
    /// `2026-11-21T09:30:00Z`.
    package var written: String { formatted(.iso8601) }
}

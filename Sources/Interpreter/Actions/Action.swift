import E2B

/// Something that a caller can have done in sandboxes. Its parameters are its stored properties.
///
/// An action knows nothing of who calls it by which protocol: a surface makes it of a request, and renders its result.
package protocol Action: Equatable, Sendable {
    associatedtype ActionResult: Sendable

    /// - Throws: ``InterpreterError``, `E2BError`, ``LockTimeout``, `CancellationError`.
    func perform(_ call: ActionCall) async throws -> ActionResult
}

/// An action in the sandbox of a session.
package protocol SessionAction: Action {
    /// The caller's name for it.
    var session: String { get }
}

extension SessionAction {
    /// Runs `work` in the session's sandbox, as ``ActionCall/sandboxes`` says.
    ///
    /// - Parameter time: how long the work may take, for which the sandbox has to live. Short work takes its clients' time.
    func inSandbox<Value>(
        _ call: ActionCall, taking time: Duration = .seconds(60), _ work: (Sandbox) async throws -> Value
    ) async throws -> Value {
        try await call.inSandbox(of: session, taking: time, work)
    }
}

extension ActionCall {
    /// Runs `work` in the session's sandbox, as ``sandboxes`` says.
    ///
    /// - Parameters:
    ///   - time: how long the work may take, for which the sandbox has to live. Short work takes its clients' time.
    ///   - making: called when a sandbox is made for it.
    func inSandbox<Value>(
        of session: String, taking time: Duration = .seconds(60), making: () -> Void = {},
        _ work: (Sandbox) async throws -> Value
    ) async throws -> Value {
        let time = deadline.left(of: time)
        switch sandboxes {
        case .existing:
            return try await services.sessions.with(key(of: session), SessionUse(time: time, notes: notes), work)
        case .made(let idle):
            guard session.isEmpty else {
                let use = SessionUse(idle: idle, time: time, notes: notes)
                return try await inSandbox(of: session, use, idle: idle, making: making, work)
            }
            making()
            return try await inOwnSandbox(work)
        }
    }

    /// Runs `work` in a sandbox that is made for it and ends with it.
    private func inOwnSandbox<Value>(_ work: (Sandbox) async throws -> Value) async throws -> Value {
        let life = deadline.workTime + .seconds(30)
        if let sandbox = await services.warm?.take(for: life, owner: owner) {
            defer { services.lifecycle.kill(sandbox.id) }
            do {
                return try await work(sandbox)
            } catch E2BError.sandboxGone {
                // It died while it waited, and nothing was done in it.
                services.warm?.lookAtOthers()
            }
        }
        let options = services.sandboxOptions(endingAfter: life)
        let sandbox = try await services.lifecycle.create(options, for: owner, mark: id)
        defer { services.lifecycle.kill(sandbox.id) }
        return try await work(sandbox)
    }

    /// Runs `work` in the session's sandbox, which is made if there is none, and lives on for `idle` after its last use.
    private func inSandbox<Value>(
        of session: String, _ use: SessionUse, idle: Duration, making: () -> Void,
        _ work: (Sandbox) async throws -> Value
    ) async throws -> Value {
        let key = key(of: session)
        do {
            return try await services.sessions.with(key, use, work)
        } catch InterpreterError.noSession {
            // There has been none, or nobody remembers it: there is nothing to tell.
        } catch InterpreterError.sessionEnded(_, let due) {
            tellOfEnd(InterpreterError.end(due: due))
        } catch InterpreterError.sessionUnused(_, let days) {
            tellOfEnd(InterpreterError.end(unusedFor: days))
        }
        let options = services.sandboxOptions(endingAfter: idle)
        let creation = try await services.sessions.create(key, options, mark: id, isIdle: true, notes: notes) { _ in }
        if creation.isNew { making() }
        return try await services.sessions.with(key, use, work)
    }

    private func tellOfEnd(_ reason: String) {
        notes.add(
            "The earlier sandbox has ended (\(reason)), so its files, packages and variables are gone, and this is a new one."
        )
    }
}

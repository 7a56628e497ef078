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
        let time = call.deadline.left(of: time)
        switch call.sandboxes {
        case .existing:
            return try await call.services.sessions.with(
                call.key(of: session), SessionUse(time: time, notes: call.notes), work)
        case .made(let idle):
            guard !session.isEmpty else { return try await call.inOwnSandbox(work) }
            return try await call.inSandbox(
                of: session, SessionUse(idle: idle, time: time, notes: call.notes), idle: idle, work)
        }
    }
}

extension ActionCall {
    /// Runs `work` in a sandbox that is made for it and ends with it.
    fileprivate func inOwnSandbox<Value>(_ work: (Sandbox) async throws -> Value) async throws -> Value {
        let options = services.sandboxOptions(endingAfter: deadline.workTime + .seconds(30))
        let sandbox = try await services.lifecycle.create(options, for: owner, mark: id)
        defer { services.lifecycle.kill(sandbox.id) }
        return try await work(sandbox)
    }

    /// Runs `work` in the session's sandbox, which is made if there is none, and lives on for `idle` after its last use.
    fileprivate func inSandbox<Value>(
        of session: String, _ use: SessionUse, idle: Duration, _ work: (Sandbox) async throws -> Value
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
        _ = try await services.sessions.create(key, options, mark: id, isIdle: true, notes: notes) { _ in }
        return try await services.sessions.with(key, use, work)
    }

    private func tellOfEnd(_ reason: String) {
        notes.add(
            "The earlier sandbox has ended (\(reason)), so its files, packages and variables are gone, and this is a new one."
        )
    }
}

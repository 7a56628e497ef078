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
    /// Runs `work` in the session's sandbox.
    func inSandbox<Value>(_ call: ActionCall, _ work: (Sandbox) async throws -> Value) async throws -> Value {
        try await call.services.sessions.with(call.key(of: session), work)
    }
}

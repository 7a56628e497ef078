import Budget
import E2B
import Interpreter
import JSON
import LibreChat
import Redaction

/// One action under way: what was asked, by whom, and what it takes to do it.
struct ActionCall: Sendable {
    let arguments: Arguments
    /// The name of the key that the caller authenticated with.
    let owner: String
    /// The request's id, unique.
    let id: String
    let deadline: Deadline
    let services: ActionServices
    /// What the call keeps of output and files.
    let memory: ByteBudget.Reservation
    /// For output that is too long for the answer.
    let storage = Storage()

    var sessionID: String { arguments.sessionID ?? "" }
    var session: SessionKey { SessionKey(owner: owner, id: sessionID) }
    var configuration: Configuration { services.configuration }
    var client: E2BClient { services.client }

    func reply(_ members: (String, JSONNode)...) -> ActionReply { ActionReply(sessionID: sessionID, members) }

    func failure(_ sentence: String, logged: String? = nil) -> ActionFailure {
        ActionFailure(sentence, logged: logged, sessionID: sessionID)
    }

    /// A parameter that the action's table entry calls required.
    func required<Value>(_ path: KeyPath<Arguments, Value?>) throws(ActionFailure) -> Value {
        guard let value = arguments[keyPath: path] else { throw failure("A parameter is missing.") }
        return value
    }

    /// Runs `work` in the session's sandbox.
    func inSandbox<Value>(_ work: (Sandbox) async throws -> Value) async throws -> Value {
        try await services.sessions.with(session, work)
    }

    /// How long code or a command may take: what was asked for, within the operator's limit.
    func timeLimit(standard: Duration) throws(ActionFailure) -> Duration {
        guard let milliseconds = arguments.timeoutMs else { return min(standard, configuration.maximumTimeout) }
        let limit = configuration.maximumTimeout
        guard .milliseconds(milliseconds) <= limit else {
            throw failure(
                "`timeoutMs` must be at most \(limit.components.seconds * 1000). For what takes longer use `background`."
            )
        }
        return .milliseconds(milliseconds)
    }
}

/// What all actions share. A class: each call has it, and a copy of all these values would cost as much as the rest of it.
final class ActionServices: Sendable {
    let client: E2BClient
    let sessions: Sessions
    let runner: CodeRunner
    /// Executions of one context, one after the other.
    let contexts = KeyedLock<ContextKey>()
    let configuration: Configuration
    let hidden: SecretRedactor
    var templates: JSONNode { configuration.templates }

    init(
        client: E2BClient, sessions: Sessions, runner: CodeRunner, configuration: Configuration, hidden: SecretRedactor
    ) {
        self.client = client
        self.sessions = sessions
        self.runner = runner
        self.configuration = configuration
        self.hidden = hidden
    }
}

/// A language's kernel in a sandbox.
struct ContextKey: Hashable, Sendable {
    let sandboxID: String
    let language: Language
}

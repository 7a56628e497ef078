package import E2B
package import JSON
import Synchronization

/// An action under way: by whom, until when, and what it takes to do it.
package struct ActionCall: Sendable {
    /// The name of the key that the caller authenticated with.
    package let owner: String
    /// The request's id, unique.
    package let id: String
    package let deadline: Deadline
    package let services: ActionServices
    /// What the call keeps of output and files.
    let memory: ByteBudget.Reservation
    /// Which sandboxes the action works in.
    let sandboxes: SandboxUse
    /// What the surface does with images.
    let images: ImageUse
    /// What the caller has to be told besides the result.
    package let notes = CallNotes()

    package init(
        owner: String, id: String, deadline: Deadline, services: ActionServices, sandboxes: SandboxUse = .existing,
        images: ImageUse = .asAdmitted
    ) {
        self.sandboxes = sandboxes
        self.images = images
        self.owner = owner
        self.id = id
        self.deadline = deadline
        self.services = services
        memory = services.limits.memory.reservation(for: owner)
    }

    var client: E2BClient { services.client }
    var limits: InterpreterLimits { services.limits }
    var secrets: SecretRedactor { services.secrets }

    /// As far as this process knows, for the log.
    package func sandboxID(ofSession name: String) -> String? { services.sessions.sandboxID(of: key(of: name)) }

    func key(of session: String) -> SessionKey { SessionKey(owner: owner, id: session) }

    /// How long code or a command may take: what was asked for, within the operator's limit.
    func timeLimit(_ asked: Duration?, standard: Duration) throws(InterpreterError) -> Duration {
        guard let asked else { return min(standard, limits.time.maximum) }
        guard asked <= limits.time.maximum else { throw .timeLimitTooLong(maximum: limits.time.maximum) }
        return asked
    }
}

/// Which sandboxes the actions of a surface work in.
package enum SandboxUse: Equatable, Sendable {
    /// Those of sessions that were created before.
    case existing
    /// That of the session, made at its first use and ended when nobody has used it for `idle`; without a session one for
    /// the call alone.
    case made(idle: Duration)

    var idle: Duration? { if case .made(let idle) = self { idle } else { nil } }
}

/// Sentences for the caller that come up while an action is under way.
package final class CallNotes: Sendable {
    private let sentences = Mutex<[String]>([])

    func add(_ sentence: String) { sentences.withLock { $0.append(sentence) } }

    package var all: [String] { sentences.withLock { $0 } }
}

/// What all actions share. A class: each call has it, and a copy of all these values would cost as much as the rest of it.
package final class ActionServices: Sendable {
    let client: E2BClient
    let lifecycle: SandboxLifecycle
    let sessions: Sessions
    let runner: CodeRunner
    package let limits: InterpreterLimits
    /// What a sandbox is made of where nothing else is asked for.
    package let template: String
    /// Variables of every sandbox.
    let variables: [String: String]
    package let secrets: SecretRedactor
    /// What the operator says of further templates.
    let templates: JSONNode
    /// Executions of one context, one after the other.
    let contexts = KeyedLock<ContextKey>()
    let preparedKernels = PreparedKernels()

    package init(
        client: E2BClient, lifecycle: SandboxLifecycle, runner: CodeRunner, limits: InterpreterLimits,
        template: String, templates: JSONNode = .list([]), variables: [String: String], secrets: SecretRedactor
    ) {
        self.client = client
        self.lifecycle = lifecycle
        sessions = Sessions(
            client: client, lifecycle: lifecycle, ownerLimit: limits.executions.ownerSandboxes)
        self.runner = runner
        self.limits = limits
        self.template = template
        self.templates = templates
        self.variables = variables
        self.secrets = secrets
    }

    /// The options of a new sandbox, with the variables that every sandbox gets.
    ///
    /// - Parameters:
    ///   - template: nil for the standard template.
    ///   - variables: further variables. They overrule those of every sandbox.
    func sandboxOptions(
        endingAfter timeout: Duration, template: String? = nil, variables: [String: String] = [:]
    ) -> SandboxOptions {
        SandboxOptions(
            template: template ?? self.template, timeout: timeout,
            envs: self.variables.merging(variables) { _, own in own })
    }
}

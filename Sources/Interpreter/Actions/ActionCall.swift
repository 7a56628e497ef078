package import E2B
package import JSON
import Synchronization

/// One call of an action: its caller, its time, and the services that it uses.
package struct ActionCall: Sendable {
    /// The name of the key that the caller authenticated with.
    package let owner: String
    /// The unique id of the request.
    package let id: String
    package let deadline: Deadline
    package let services: ActionServices
    /// The memory for the output and the files that the call holds.
    let memory: ByteBudget.Reservation
    /// The choice of the sandbox in which the action works.
    let sandboxes: SandboxUse
    /// The form in which the surface shows images.
    let images: ImageUse
    /// The way in which the caller reaches shared files; nil if it gets links to the sandbox's own files.
    let links: LinkUse?
    /// The sentences that the caller reads besides the result.
    package let notes = CallNotes()

    package init(
        owner: String, id: String, deadline: Deadline, services: ActionServices, sandboxes: SandboxUse = .existing,
        images: ImageUse = .asAdmitted, links: LinkUse? = nil
    ) {
        self.links = links
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

    /// Returns the id of a session's sandbox for the log; nil if this process does not know it.
    package func sandboxID(ofSession name: String) -> String? { services.sessions.sandboxID(of: key(of: name)) }

    func key(of session: String) -> SessionKey { SessionKey(owner: owner, id: session) }

    /// Returns the time that code or a command may take. The caller may ask for any time within the operator's limit.
    func timeLimit(_ asked: Duration?, standard: Duration) throws(InterpreterError) -> Duration {
        guard let asked else { return min(standard, limits.time.maximum) }
        guard asked <= limits.time.maximum else { throw .timeLimitTooLong(maximum: limits.time.maximum) }
        return asked
    }
}

/// The sandboxes in which the actions of a surface work.
package enum SandboxUse: Equatable, Sendable {
    /// An action needs a session that was created before.
    case existing
    /// An action without a session has a sandbox for this call alone. The sandbox of a session is created at its first
    /// use, and ends when nobody has used it for `idle`.
    case made(idle: Duration)

    var idle: Duration? { if case .made(let idle) = self { idle } else { nil } }
}

/// Collects sentences for the caller while an action runs.
package final class CallNotes: Sendable {
    private let sentences = Mutex<[String]>([])

    func add(_ sentence: String) { sentences.withLock { $0.append(sentence) } }

    package var all: [String] { sentences.withLock { $0 } }
}

/// The services that all actions share. This is a class, because each call holds it, and a copy of all these values
/// would cost as much as the rest of the call.
package final class ActionServices: Sendable {
    let client: E2BClient
    let lifecycle: SandboxLifecycle
    let sessions: Sessions
    let runner: CodeRunner
    package let limits: InterpreterLimits
    /// The template of sandboxes for which the caller names none.
    package let template: String
    /// The variables that every sandbox gets.
    let variables: [String: String]
    package let secrets: SecretRedactor
    /// The operator's list of templates.
    let templates: JSONNode
    /// The store of shared files; nil if nothing is kept outside of sandboxes.
    let sharing: FileSharing?
    /// Lets the executions of one context run one after the other.
    let contexts: KeyedLock<ContextKey>
    let preparedKernels: PreparedKernels
    /// Sandboxes that are created ahead; nil if there are none.
    package let warm: WarmSandboxes?

    /// - Parameter earlier: those with other settings that the calls in flight have. What they know of sessions, and whose turn it
    ///   is in a kernel, goes for all.
    package init(
        client: E2BClient, lifecycle: SandboxLifecycle, runner: CodeRunner, limits: InterpreterLimits,
        template: String, templates: JSONNode = .list([]), variables: [String: String], secrets: SecretRedactor,
        sessionEnd: SessionEnd = SessionEnd(), sharing: FileSharing? = nil, continuing earlier: ActionServices? = nil
    ) {
        contexts = earlier?.contexts ?? KeyedLock()
        preparedKernels = earlier?.preparedKernels ?? PreparedKernels()
        self.sharing = sharing
        self.client = client
        self.lifecycle = lifecycle
        sessions = Sessions(
            client: client, lifecycle: lifecycle, ownerLimit: limits.executions.ownerSandboxes, end: sessionEnd,
            kernels: preparedKernels, continuing: earlier?.sessions)
        self.runner = runner
        self.limits = limits
        self.template = template
        self.templates = templates
        self.variables = variables
        self.secrets = secrets
        let executions = limits.executions
        guard executions.warm > 0 else {
            warm = nil
            return
        }
        let warm = WarmSandboxes(
            client: client, lifecycle: lifecycle, kernels: preparedKernels, size: executions.warm,
            options: SandboxOptions(template: template, envs: variables), use: limits.time.answer + .seconds(30))
        self.warm = warm
        lifecycle.whenThereIsNoRoom { [weak warm] in warm?.makeRoom() ?? false }
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

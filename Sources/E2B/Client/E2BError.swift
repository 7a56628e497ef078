/// What went wrong between us and E2B.
public enum E2BError: Error, Equatable, Sendable {
    /// What was being done, in words for people.
    public enum Step: String, Sendable, CaseIterable {
        case create = "creating the sandbox"
        case execute = "running the code"
        case kill = "killing the sandbox"
        case list = "listing the sandboxes"
        case info = "looking up the sandbox"
        case setTimeout = "setting the sandbox's timeout"
        case connect = "connecting to the sandbox"
        case health = "asking whether the sandbox is alive"
        case startProcess = "starting the command"
        case runProcess = "running the command"
        case attach = "attaching to the command"
        case listProcesses = "listing the commands"
        case signal = "signalling the command"
        case sendInput = "sending input to the command"
        case writeFile = "writing the file"
        case readFile = "reading the file"
        case fileURL = "making the file's URL"
        case lookUpFile = "looking up the file"
        case listFiles = "listing the files"
        case makeDirectory = "making the directory"
        case moveFile = "moving the file"
        case removeFile = "removing the file"
        case createContext = "creating the context"
        case listContexts = "listing the contexts"
        case restartContext = "restarting the context"
        case deleteContext = "deleting the context"
    }

    /// There was no connection, so nothing was sent.
    case unreachable(Step, why: String)
    /// This process, or the system, cannot open another file. Nothing was sent.
    case outOfDescriptors(Step)
    case tls(Step, why: String)
    /// E2B answered with 401, or the control API with 403.
    case unauthorized(Step, message: String)
    /// E2B answered with 404: there is no such template, sandbox, context, process or file.
    case notFound(Step, message: String)
    /// E2B answered with 429. Not every such answer says when to try again.
    case rateLimited(Step, message: String, retryAfter: Duration?)
    /// The control API answered with 503 or 504: it has no room for another sandbox.
    case noCapacity(Step, message: String, retryAfter: Duration?)
    /// The edge says that the sandbox is gone. Every call to a sandbox may throw it.
    case sandboxGone(message: String)
    /// E2B answered with another status that means failure.
    case refused(Step, status: Int, message: String)
    /// E2B did not answer in time.
    case timedOut(Step)
    /// The code, or the command, ran into its time limit.
    case executionTimedOut
    /// The interpreter sent signs of life for this long and did not start the code. The code surely never ran, so the same
    /// execution may be sent again, best in another context or after a restart of this one. Protocol.md, 5.7.
    case notStarted(within: Duration)
    /// The stream or the response ended early, or was not what the protocol says. A part of it may have taken effect.
    case broken(Step, why: String)
    case tooLarge(Step, limit: Int)
    /// The answer would have taken more memory than all calls together may hold.
    case outOfMemory(Step)
    case cancelled
    case shutDown
    case invalidConfiguration(String)
}

extension E2BError {
    /// How long E2B asks the caller to wait; nil if it does not say.
    public var retryAfter: Duration? {
        switch self {
        case .rateLimited(_, _, let pause), .noCapacity(_, _, let pause): pause
        default: nil
        }
    }

    /// Whether the same call may succeed a moment later. This does not tell whether the call took effect: a kill may be repeated,
    /// but an execution only after `.notStarted`.
    public var isTransient: Bool {
        switch self {
        case .unreachable, .outOfDescriptors, .rateLimited, .noCapacity, .timedOut, .broken, .notStarted, .outOfMemory:
            true
        case .refused(_, let status, _): status >= 500 || status == 408 || status == 409 || status == 425
        case .tls, .unauthorized, .notFound, .sandboxGone, .executionTimedOut, .tooLarge, .cancelled, .shutDown,
            .invalidConfiguration:
            false
        }
    }
}

extension E2BError {
    /// Whether surely nothing was sent.
    var isBeforeSending: Bool {
        switch self {
        case .unreachable, .outOfDescriptors: true
        default: false
        }
    }
}

extension E2BError.Step {
    /// Whether this is a call to the control API, and not to a sandbox.
    var isControl: Bool {
        switch self {
        case .create, .kill, .list, .info, .setTimeout, .connect: true
        default: false
        }
    }
}

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

    /// Before anything was sent.
    case unreachable(Step, why: String)
    /// Before anything was sent, too: this process, or the system, has no further file to open.
    case outOfDescriptors(Step)
    case tls(Step, why: String)
    /// 401, and the control API's 403, with E2B's words.
    case unauthorized(Step, message: String)
    /// 404: the template, the sandbox, the context, the process or the file.
    case notFound(Step, message: String)
    /// 429. Not every one says when to come back.
    case rateLimited(Step, message: String, retryAfter: Duration?)
    /// 503 and 504 of the control API: no room for another sandbox.
    case noCapacity(Step, message: String, retryAfter: Duration?)
    /// The edge says that the sandbox is gone. From every call to a sandbox.
    case sandboxGone(message: String)
    /// Any other refusal.
    case refused(Step, status: Int, message: String)
    /// E2B did not answer in time.
    case timedOut(Step)
    /// The code, or the command, ran into its time limit.
    case executionTimedOut
    /// There were signs of life for this long, but the code was not begun. It surely never ran: the same execution may
    /// be sent again, best in another context or after a restart of this one. Protocol.md, 5.7.
    case notStarted(within: Duration)
    /// The stream or the response ended early, or was not what the protocol says.
    case broken(Step, why: String)
    case tooLarge(Step, limit: Int)
    /// What came would have taken more memory than there is for all calls together.
    case outOfMemory(Step)
    case cancelled
    case shutDown
    case invalidConfiguration(String)
}

extension E2BError {
    /// How long E2B asks to stay away, where it says so.
    public var retryAfter: Duration? {
        switch self {
        case .rateLimited(_, _, let pause), .noCapacity(_, _, let pause): pause
        default: nil
        }
    }

    /// The same call may succeed a moment later. Says nothing about whether this one took effect: repeat a kill, but
    /// never an execution, except after `.notStarted`.
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
    /// Nothing has arrived anywhere.
    var isBeforeSending: Bool {
        switch self {
        case .unreachable, .outOfDescriptors: true
        default: false
        }
    }
}

extension E2BError.Step {
    /// A call to the control API, not to a sandbox.
    var isControl: Bool {
        switch self {
        case .create, .kill, .list, .info, .setTimeout, .connect: true
        default: false
        }
    }
}

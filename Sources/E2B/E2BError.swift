/// What went wrong between us and E2B.
public enum E2BError: Error, Equatable, Sendable {
    /// What was being done. The words are for people: "creating the sandbox".
    public enum Step: String, Sendable, CaseIterable {
        case create, execute, kill, list, info, setTimeout, connect
    }

    /// Before anything was sent.
    case unreachable(Step, why: String)
    case tls(Step, why: String)
    /// 401 or 403, with E2B's words.
    case unauthorized(Step, message: String)
    /// 404 of the control API: the template or the sandbox.
    case notFound(Step, message: String)
    /// 429. Not every one says when to come back.
    case rateLimited(Step, message: String, retryAfter: Duration?)
    /// 503 and 504 of the control API: no room for another sandbox.
    case noCapacity(Step, message: String, retryAfter: Duration?)
    /// The edge says that the sandbox is gone.
    case sandboxGone(message: String)
    /// Any other refusal.
    case refused(Step, status: Int, message: String)
    /// E2B did not answer in time.
    case timedOut(Step)
    /// The code ran into its time limit.
    case executionTimedOut
    /// The stream or the response ended early, or was not what the protocol says.
    case broken(Step, why: String)
    case tooLarge(Step, limit: Int)
    case cancelled
    case shutDown
    case invalidConfiguration(String)
}

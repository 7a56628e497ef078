/// One event of a process's stream. Protocol.md, 4.4.
public enum ProcessEvent: Equatable, Sendable {
    case started(pid: UInt32)
    /// Output as it was read. It may be cut anywhere, also within a character. A terminal's output comes as this event, too.
    case stdout([UInt8])
    case stderr([UInt8])
    case ended(ProcessExit)
}

/// How a process ended.
public struct ProcessExit: Equatable, Sendable {
    /// The exit status; -1 if a signal ended the process.
    public var code: Int
    /// Whether the process exited. If not, a signal ended it.
    public var isExited: Bool
    /// The end in the sandbox's words, such as `exit status 1` or `signal: killed`.
    public var status: String
    /// What went wrong, in the sandbox's words; nil after success.
    public var error: String?

    public init(code: Int, isExited: Bool, status: String, error: String? = nil) {
        self.code = code
        self.isExited = isExited
        self.status = status
        self.error = error
    }

    /// The name of the signal that ended the process, such as `killed` or `terminated`; nil if it exited.
    public var signal: String? {
        guard !isExited else { return nil }
        let prefix = "signal: "
        return status.hasPrefix(prefix) ? String(status.dropFirst(prefix.count)) : status
    }
}

/// Names a process of a sandbox.
public enum ProcessSelector: Equatable, Sendable {
    case pid(UInt32)
    case tag(String)
}

public enum ProcessSignal: String, Sendable, CaseIterable {
    case kill = "SIGNAL_SIGKILL"
    case terminate = "SIGNAL_SIGTERM"
}

/// A process in the list of those that run.
public struct RunningProcess: Equatable, Sendable {
    public var pid: UInt32
    public var command: String
    public var arguments: [String]
    public var envs: [String: String]
    public var cwd: String?
    public var tag: String?

    public init(
        pid: UInt32, command: String, arguments: [String] = [], envs: [String: String] = [:], cwd: String? = nil,
        tag: String? = nil
    ) {
        self.pid = pid
        self.command = command
        self.arguments = arguments
        self.envs = envs
        self.cwd = cwd
        self.tag = tag
    }
}

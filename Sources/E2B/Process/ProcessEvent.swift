/// What a process does, in the order in which it does it. Protocol.md, 4.4.
public enum ProcessEvent: Equatable, Sendable {
    case started(pid: UInt32)
    /// Bytes as they were read, cut anywhere, also inside a character. A terminal's output is here, too.
    case stdout([UInt8])
    case stderr([UInt8])
    case ended(ProcessExit)
}

/// How a process ended.
public struct ProcessExit: Equatable, Sendable {
    /// The exit status; -1 when a signal ended it.
    public var code: Int
    /// False: a signal ended it.
    public var isExited: Bool
    /// In the sandbox's words: `exit status 1`, `signal: killed`.
    public var status: String
    /// nil after success.
    public var error: String?

    public init(code: Int, isExited: Bool, status: String, error: String? = nil) {
        self.code = code
        self.isExited = isExited
        self.status = status
        self.error = error
    }

    /// What the signal that ended it is called, `killed` or `terminated` for example; nil when it exited by itself.
    public var signal: String? {
        guard !isExited else { return nil }
        let prefix = "signal: "
        return status.hasPrefix(prefix) ? String(status.dropFirst(prefix.count)) : status
    }
}

/// Which process of a sandbox is meant.
public enum ProcessSelector: Equatable, Sendable {
    case pid(UInt32)
    case tag(String)
}

public enum ProcessSignal: String, Sendable, CaseIterable {
    case kill = "SIGNAL_SIGKILL"
    case terminate = "SIGNAL_SIGTERM"
}

/// A process as a list of them shows it.
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

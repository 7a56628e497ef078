/// A command to run in a sandbox. Protocol.md, 4.4.
public struct ProcessRequest: Equatable, Sendable {
    /// The program, run directly: no shell looks at it or its arguments.
    public var command: String
    public var arguments: [String]
    /// Beside the sandbox's own.
    public var envs: [String: String]
    /// Absolute, with `~`, or relative to the user's home, which is also what nil means.
    public var cwd: String?
    /// nil: the sandbox's default user.
    public var user: String?
    /// A name to find the process by, instead of its pid.
    public var tag: String?
    /// Whether there will be input. False: the process reads from `/dev/null`.
    public var hasStdin: Bool
    /// After this long the sandbox kills the process, whoever listens. nil: never.
    public var timeout: Duration?

    public init(
        command: String, arguments: [String] = [], envs: [String: String] = [:], cwd: String? = nil,
        user: String? = nil, tag: String? = nil, hasStdin: Bool = false, timeout: Duration? = .seconds(60)
    ) {
        self.command = command
        self.arguments = arguments
        self.envs = envs
        self.cwd = cwd
        self.user = user
        self.tag = tag
        self.hasStdin = hasStdin
        self.timeout = timeout
    }

    /// A line for the shell, as E2B's own SDKs run it: `/bin/bash -l -c <line>`.
    public static func shell(
        _ line: String, envs: [String: String] = [:], cwd: String? = nil, user: String? = nil, tag: String? = nil,
        hasStdin: Bool = false, timeout: Duration? = .seconds(60)
    ) -> ProcessRequest {
        ProcessRequest(
            command: "/bin/bash", arguments: ["-l", "-c", line], envs: envs, cwd: cwd, user: user, tag: tag,
            hasStdin: hasStdin, timeout: timeout)
    }
}

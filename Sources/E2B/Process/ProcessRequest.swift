/// A command to run in a sandbox. Protocol.md, 4.4.
public struct ProcessRequest: Equatable, Sendable {
    /// The program. It is run directly: no shell reads it or its arguments.
    public var command: String
    public var arguments: [String]
    /// Variables in addition to the sandbox's own.
    public var envs: [String: String]
    /// The working directory: absolute, with `~`, or relative to the user's home. nil stands for the home.
    public var cwd: String?
    /// The user; nil for the sandbox's default one.
    public var user: String?
    /// A name by which the process can be found, instead of by its pid.
    public var tag: String?
    /// Whether the process gets input. Without it the process reads from `/dev/null`.
    public var hasStdin: Bool
    /// The time after which the sandbox kills the process, attached or not; nil for never.
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

    /// Makes a command of a line for the shell, as E2B's own SDKs do: `/bin/bash -l -c <line>`.
    public static func shell(
        _ line: String, envs: [String: String] = [:], cwd: String? = nil, user: String? = nil, tag: String? = nil,
        hasStdin: Bool = false, timeout: Duration? = .seconds(60)
    ) -> ProcessRequest {
        ProcessRequest(
            command: "/bin/bash", arguments: ["-l", "-c", line], envs: envs, cwd: cwd, user: user, tag: tag,
            hasStdin: hasStdin, timeout: timeout)
    }
}

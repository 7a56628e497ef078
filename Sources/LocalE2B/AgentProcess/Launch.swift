internal import Foundation

/// The command that starts a sandbox's agent: program, arguments and environment.
struct Launch: Sendable {
    let program: String
    let arguments: [String]
    let environment: [String: String]
    /// The working directory; nil if bubblewrap sets it.
    let folder: String?
    let isIsolated: Bool
    var input = Input.pipe
    /// Set if the program only creates the sandbox, and the agent is forked into it.
    var fork: (server: ForkServer, request: ForkServer.ForkRequest)?
    /// The monitor of its memory; nil for none.
    var memory: MemoryMonitor?

    /// The kind of stdin.
    enum Input {
        case pipe
        /// A socket for messages with descriptors.
        case socket
    }

    /// Removes what the sandbox had on disk. Under bubblewrap there is nothing, because its home is in memory.
    func cleanUp() {
        guard let folder else { return }
        do {
            try FileManager.default.removeItem(atPath: folder)
        } catch {
            Log.note("could not remove \(folder): \(error.localizedDescription)")
        }
    }

    static let python = "/usr/bin/python3"

    /// Variables for pip and npm. pip may install for the user next to Debian's packages, and without a network both
    /// fail at once.
    static func installers(_ network: SandboxNetwork) -> [(String, String)] {
        let always = [("PIP_BREAK_SYSTEM_PACKAGES", "1"), ("PIP_DISABLE_PIP_VERSION_CHECK", "1")]
        guard network == .none else { return always }
        return always + [("PIP_RETRIES", "0"), ("PIP_DEFAULT_TIMEOUT", "5"), ("npm_config_fetch_retries", "0")]
    }

    /// The agent with this user's own rights, in a home of its own.
    static func bare(_ files: AgentFiles) throws(LocalE2BError) -> Launch {
        let home = try files.makeFolder(named: "home-\(Token.letters(12))")
        let path = "/usr/local/bin:/usr/bin:/bin"
        var environment = [
            "PATH": path, "HOME": home, "E2B_HOME": home, "USER": NSUserName(), "LOGNAME": NSUserName(),
            "SHELL": "/bin/bash", "LANG": "C.UTF-8",
        ]
        // pip installs into that home even if this user could write to the system's folders.
        environment["PIP_USER"] = "1"
        for (name, value) in installers(.host) { environment[name] = value }
        return Launch(
            program: python, arguments: [python, files.agent, "--preload"], environment: environment,
            folder: home, isIsolated: false)
    }

    /// The agent, forked into a sandbox that bubblewrap creates.
    static func isolated(_ files: AgentFiles, _ bubblewrap: Bubblewrap, _ server: ForkServer, _ memory: MemoryMonitor)
        -> Launch
    {
        let arguments = bubblewrap.emptySandbox(files)
        return Launch(
            program: arguments[0], arguments: arguments, environment: [:], folder: nil, isIsolated: true,
            fork: (server, bubblewrap.forkRequest), memory: memory)
    }
}

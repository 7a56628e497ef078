internal import Foundation

/// How one sandbox's agent is started: program, arguments, environment.
struct Launch: Sendable {
    let program: String
    let arguments: [String]
    let environment: [String: String]
    /// Working directory; nil where bubblewrap sets it.
    let folder: String?
    let isIsolated: Bool
    var input = Input.pipe
    /// Where the program only makes the sandbox, and the agent is forked into it.
    var fork: (server: ForkServer, request: ForkServer.ForkRequest)?
    /// Who looks after its memory.
    var memory: MemoryMonitor?

    /// What stdin is.
    enum Input {
        case pipe
        /// Messages with descriptors.
        case socket
    }

    /// Removes what the sandbox had on disk. Under bubblewrap that is nothing: its home is memory.
    func cleanUp() {
        guard let folder else { return }
        do {
            try FileManager.default.removeItem(atPath: folder)
        } catch {
            Log.note("could not remove \(folder): \(error.localizedDescription)")
        }
    }

    static let python = "/usr/bin/python3"

    /// pip installs for the user although the system's packages are Debian's. Without a network, pip and npm say so at
    /// once.
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
        // Into that home, also where this user could write to the system's folders.
        environment["PIP_USER"] = "1"
        for (name, value) in installers(.host) { environment[name] = value }
        return Launch(
            program: python, arguments: [python, files.agent, "--preload"], environment: environment,
            folder: home, isIsolated: false)
    }

    /// The agent forked into what bubblewrap makes.
    static func isolated(_ files: AgentFiles, _ bubblewrap: Bubblewrap, _ server: ForkServer, _ memory: MemoryMonitor)
        -> Launch
    {
        let arguments = bubblewrap.emptySandbox(files)
        return Launch(
            program: arguments[0], arguments: arguments, environment: [:], folder: nil, isIsolated: true,
            fork: (server, bubblewrap.forkRequest), memory: memory)
    }
}

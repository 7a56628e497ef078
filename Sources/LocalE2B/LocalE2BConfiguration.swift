/// What `e2b-local` can be told on its command line.
package struct LocalE2BConfiguration: Sendable {
    /// The loopback port; 0 takes any free one.
    package var port: UInt16 = 3002
    /// The loopback port at which the sandboxes' ports are reached; 0 takes any free one.
    package var edgePort: UInt16 = 0
    /// False runs code with this user's full rights. Only for machines where bubblewrap cannot run.
    package var isIsolated = true
    package var network = SandboxNetwork.none
    /// Sandboxes kept started, so that a creation does not wait for a kernel.
    package var warm = 1
    /// Running sandboxes; one more is refused with 429, as E2B does.
    package var maxSandboxes = 20
    /// Bytes of memory that one isolated sandbox may take; nil is 4 GiB, or half of the machine's where that is less.
    package var memory: Int?
    /// What the control API asks for in `X-API-Key`; nil makes one, of E2B's form.
    package var apiKey: String?
    /// Allows `PUT /local/faults`.
    package var allowsFaults = false
    package var faults: [FaultRule] = []

    package init() {}

    var hasNetwork: Bool { !isIsolated || network == .host }
}

/// What code in a sandbox can reach.
package enum SandboxNetwork: String, Sendable, CaseIterable {
    /// Its own loopback.
    case none
    /// All that this machine can reach, this machine's own services included.
    case host
}

/// Why the local server did not start.
package enum LocalE2BError: Error, Equatable, Sendable, CustomStringConvertible {
    case portTaken(UInt16, option: String)
    case listenFailed(String)
    case bubblewrapMissing
    case bubblewrapRefused(String)
    case pythonMissing(String)
    case agentFailed(String)
    case filesFailed(String)

    package var description: String {
        switch self {
        case .portTaken(let port, let option):
            "Port \(port) on 127.0.0.1 is taken. Choose another with \(option), or 0 for any."
        case .listenFailed(let reason): "Cannot listen on 127.0.0.1: \(reason)."
        case .bubblewrapMissing:
            "bubblewrap (bwrap) is not installed, so code cannot be kept apart from this machine. "
                + "Install the package bubblewrap, or run without isolation: --no-isolation."
        case .bubblewrapRefused(let reason):
            "bubblewrap cannot make a sandbox here: \(reason)\n"
                + "Allow user namespaces, or run without isolation: --no-isolation."
        case .pythonMissing(let reason):
            "/usr/bin/python3 cannot run a kernel: \(reason)\n"
                + "Install the packages python3 and python3-ipykernel "
                + "(and for plots python3-matplotlib, python3-pandas, python3-pil)."
        case .agentFailed(let reason): "The first sandbox did not start: \(reason)."
        case .filesFailed(let reason): "Cannot write to the temporary folder: \(reason)."
        }
    }
}

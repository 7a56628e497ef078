/// The reason why the local server did not start.
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
                + "Allow user namespaces (on Ubuntu: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0), "
                + "or run without isolation: --no-isolation."
        case .pythonMissing(let reason):
            "/usr/bin/python3 cannot run a kernel: \(reason)\n"
                + "Install the packages python3 and python3-ipykernel "
                + "(and for plots python3-matplotlib, python3-pandas, python3-pil)."
        case .agentFailed(let reason): "The first sandbox did not start: \(reason)."
        case .filesFailed(let reason): "Cannot write to the temporary folder: \(reason)."
        }
    }
}

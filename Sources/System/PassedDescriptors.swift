internal import Glibc

/// The descriptors that a service manager has opened and passed to this process: sd_listen_fds(3).
package struct PassedDescriptors: Equatable, Sendable {
    package struct Entry: Equatable, Sendable {
        package let descriptor: CInt
        /// The name that the service manager gives it, which is that of its unit by default; nil if it gives none.
        package let name: String?
    }

    package let entries: [Entry]
    /// Why the variables that are for this process cannot be used; nil if they can, or if there are none.
    package let problem: String?

    /// The first one comes after those of standard input, output and error.
    private static let first: CInt = 3
    /// More descriptors than anybody passes.
    private static let most: CInt = 1000
    private static let variables = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"]

    /// Takes the descriptors, and removes the variables from the environment, so that no child process takes the descriptors for
    /// its own. Call it before the second thread starts.
    package static func take() -> PassedDescriptors {
        var environment: [String: String] = [:]
        for name in variables {
            environment[name] = getenv(name).map { String(cString: $0) }
            unsetenv(name)
        }
        let passed = PassedDescriptors(environment: environment, process: getpid())
        for entry in passed.entries { Descriptor.closeOnExec(entry.descriptor) }
        return passed
    }

    /// - Parameter process: the id of this process. Descriptors for another one are not meant: a program that runs others may
    ///   have left the variables to them.
    package init(environment: [String: String], process: Int32) {
        guard let pid = environment["LISTEN_PID"], pid_t(pid) == process else {
            (entries, problem) = ([], nil)
            return
        }
        guard let count = environment["LISTEN_FDS"].flatMap({ CInt($0) }), 0...Self.most ~= count else {
            (entries, problem) = ([], "LISTEN_FDS must be a number from 0 to \(Self.most)")
            return
        }
        let names = environment["LISTEN_FDNAMES"]?.split(separator: ":", omittingEmptySubsequences: false).map(
            String.init)
        guard names == nil || names?.count == Int(count) || count == 0 else {
            (entries, problem) = (
                [], "LISTEN_FDNAMES must have a name for each of LISTEN_FDS, with colons between them"
            )
            return
        }
        entries = (0..<count).map { index in
            let name = names?[Int(index)]
            return Entry(descriptor: Self.first + index, name: name?.isEmpty == false ? name : nil)
        }
        problem = nil
    }
}

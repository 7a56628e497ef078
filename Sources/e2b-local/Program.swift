import ArgumentParser
import Foundation
import LocalE2B

/// Settles with the system what has to be settled before there is a second thread, then does what the command line says.
@main
enum Program {
    static func main() {
        StopSignals.block()
        openMissingStandardDescriptors()
        raiseDescriptorLimit()
        // A reader of the log that is gone is an error of the write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        // Not on the main actor, whose thread is busy with signals.
        Task.detached { await run() }
        StopSignals.wait()
    }

    private static func run() async -> Never {
        do {
            let command = try E2BLocal.parse()
            try await command.run()
            leave(EXIT_SUCCESS)
        } catch {
            let code = E2BLocal.exitCode(for: error)
            let message = E2BLocal.fullMessage(for: error)
            if code == .success { print(message) } else if !message.isEmpty { Log.write(message) }
            leave(code.rawValue)
        }
    }

    private static func leave(_ status: CInt) -> Never {
        Log.flush()
        exit(status)
    }

    /// A descriptor from 0 to 2 that is closed would be the next connection's, and lines of the log would go into it.
    private static func openMissingStandardDescriptors() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest number that is free: this one.
            if open("/dev/null", O_RDWR) < 0 { _ = open("/", O_RDONLY) }
        }
    }

    /// Each sandbox takes a dozen, each connection into one two. Sandboxes have limits of their own.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(kind, &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(kind, &limit)
    }
}

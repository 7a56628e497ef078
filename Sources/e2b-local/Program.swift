import ArgumentParser
import Foundation
import LocalE2B
import System

/// The entry point of the process. It makes the settings that have to precede the second thread, and then runs the
/// command line.
@main
enum Program {
    static func main() {
        StopSignals.block()
        Descriptor.openMissingStandard()
        // Each sandbox takes a dozen descriptors, and each connection to one takes two. Sandboxes have limits of their
        // own.
        OpenFiles.raiseLimit()
        // If the reader of the log is gone, a write must fail (EPIPE) and not end the process.
        signal(SIGPIPE, SIG_IGN)
        // The task is detached, because the main actor's thread waits for signals.
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
}

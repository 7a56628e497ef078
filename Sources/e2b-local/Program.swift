import ArgumentParser
import Foundation
import LocalE2B
import System

/// Settles with the system what has to be settled before there is a second thread, then does what the command line says.
@main
enum Program {
    static func main() {
        StopSignals.block()
        Descriptor.openMissingStandard()
        // Each sandbox takes a dozen, each connection into one two. Sandboxes have limits of their own.
        OpenFiles.raiseLimit()
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
}

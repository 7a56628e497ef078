import ArgumentParser
import FastCGI
import FoundationEssentials
import Glibc
import ImageGate
import Responder

/// The entry point of the process, which runs as a decoder process or as the program that its arguments name.
///
/// `main` is synchronous: an asynchronous one would start a thread and an event loop in each decoder process first.
@main
enum Program {
    static func main() {
        StopSignals.block()
        refuseSearchWords()
        DecoderMain.runIfAsked(CommandLine.arguments)
        ProcessStart.settle()
        // The task is detached, because the main actor's thread waits for signals.
        Task.detached { await run() }
        StopSignals.shared.wait()
    }

    private static func run() async -> Never {
        // When the first timer is set, libdispatch opens descriptors, and ends the process if it cannot. This timer
        // makes it open them while descriptors are available.
        try? await Task.sleep(for: .microseconds(1))
        do {
            var command = try E2BFCGI.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            leave(EXIT_SUCCESS)
        } catch {
            // This does what ParsableCommand.exit(withError:) does, which would block if standard error is a pipe that
            // is not read.
            let code = E2BFCGI.exitCode(for: error)
            let message = E2BFCGI.fullMessage(for: error)
            if code == .success {
                print(message)
            } else if !message.isEmpty {
                StandardError.lines.write(message + "\n")
            }
            let isUsage = code == .validationFailure && Check.isAsked(CommandLine.arguments)
            leave(isUsage ? Check.usageStatus : code.rawValue)
        }
    }

    static func leave(_ status: CInt) -> Never {
        StandardError.lines.flush(within: StandardError.patience)
        exit(status)
    }

    /// Refuses a CGI request whose query has no `=`: a web server passes the words of such a query to a CGI program as
    /// arguments (RFC 3875, section 4.4). They come from a client, and could choose another subcommand or another file
    /// of settings. No endpoint takes a query.
    private static func refuseSearchWords() {
        let environment = ProcessInfo.processInfo.environment
        guard CommandLine.argc > 1, LaunchMode(environment: environment) == .cgi else { return }
        let query = environment["QUERY_STRING"] ?? ""
        guard !query.isEmpty, !query.contains("=") else { return }
        print(
            "Status: 400 Bad Request\r\nContent-Type: text/plain\r\n\r\nNothing here takes a query.\r\n", terminator: ""
        )
        exit(EXIT_SUCCESS)
    }
}

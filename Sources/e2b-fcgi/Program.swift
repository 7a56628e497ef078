import ArgumentParser
import FastCGI
import FoundationEssentials
import Glibc
import ImageGate
import Responder

/// Where the process begins: as one that decodes images for another, or as the program that its arguments ask for.
///
/// `main` is not asynchronous, because a decoder process would then get a thread and an event loop before its own code.
@main
enum Program {
    static func main() {
        StopSignals.block()
        refuseSearchWords()
        DecoderMain.runIfAsked(CommandLine.arguments)
        ProcessStart.settle()
        // Not on the main actor, whose thread is busy with signals.
        Task.detached { await run() }
        StopSignals.shared.wait()
    }

    private static func run() async -> Never {
        // libdispatch opens what its clocks need when the first one is set, and ends the process if it cannot: now, while
        // there are descriptors.
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
            // As ParsableCommand.exit(withError:), which would wait for whoever does not read standard error.
            let code = E2BFCGI.exitCode(for: error)
            let message = E2BFCGI.fullMessage(for: error)
            if code == .success {
                print(message)
            } else if !message.isEmpty {
                StandardError.lines.write(message + "\n")
            }
            leave(code.rawValue)
        }
    }

    static func leave(_ status: CInt) -> Never {
        StandardError.lines.flush(within: StandardError.patience)
        exit(status)
    }

    /// A web server hands the words of a query without `=` to a CGI program as its arguments: RFC 3875, section 4.4. They are
    /// a stranger's, and could ask for another subcommand or another file of settings. No request of ours has a query.
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

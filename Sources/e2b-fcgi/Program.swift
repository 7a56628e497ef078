import ArgumentParser
import Dispatch
import FastCGI
import FoundationEssentials
import Glibc
import ImageGate

/// Where the process begins: as one that decodes images for another, or as the program that its arguments ask for.
///
/// Not an asynchronous `main`, whose thread and event loop a helper would have before it has said a word.
@main
enum Program {
    static func main() {
        refuseSearchWords()
        DecodingHelper.runIfAsked(CommandLine.arguments)
        Task { @MainActor in
            await E2BFCGI.main()
            exit(EXIT_SUCCESS)
        }
        dispatchMain()
    }

    /// A web server hands the words of a query without `=` to a CGI program as its arguments: RFC 3875, section 4.4. They are
    /// a stranger's, and could ask for another subcommand or another file of settings. No request of ours has a query.
    private static func refuseSearchWords() {
        let environment = ProcessInfo.processInfo.environment
        guard CommandLine.argc > 1, Invocation(environment: environment) == .cgi else { return }
        let query = environment["QUERY_STRING"] ?? ""
        guard !query.isEmpty, !query.contains("=") else { return }
        print(
            "Status: 400 Bad Request\r\nContent-Type: text/plain\r\n\r\nNothing here takes a query.\r\n", terminator: ""
        )
        exit(EXIT_SUCCESS)
    }
}

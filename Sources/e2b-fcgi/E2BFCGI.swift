import ArgumentParser
import Responder

struct E2BFCGI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "e2b-fcgi",
        abstract: "A code interpreter for LibreChat, behind nginx: code runs in E2B sandboxes, images are checked.",
        discussion: """
            Started without a subcommand it serves FastCGI on --listen, or on the socket that it inherits as standard input \
            (spawn-fcgi, systemd, mod_fcgid), or answers one request when a web server starts it as CGI.

            --listen unix:PATH or tcp:HOST:PORT    where the web server connects
            --env-file FILE                        settings, instead of .env in the working directory

            Settings are environment variables, or lines of a .env file; the environment wins:

            \(Setting.all.map(\.helpLine).joined(separator: "\n"))
            """,
        version: "e2b-fcgi \(Version.number)",
        subcommands: [Serve.self, Check.self, Admit.self, Settings.self],
        defaultSubcommand: Serve.self)
}

extension Setting {
    /// The setting's help text, as two lines that are short enough not to be wrapped.
    fileprivate var helpLine: String { "  \(name)\(standard.isEmpty ? "" : "=\(standard)")\n      \(meaning)" }
}

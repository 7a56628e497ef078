import ArgumentParser
import Responder

@main
struct E2BFCGI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "e2b-fcgi",
        abstract: "A code interpreter for LibreChat, behind nginx: code runs in E2B sandboxes, images are checked.",
        discussion: """
            Started without a subcommand it serves FastCGI on --listen, or on the socket that it inherits as standard input \
            (spawn-fcgi, systemd, mod_fcgid), or answers one request when a web server starts it as CGI.

            Settings are environment variables, or lines of a .env file; the environment wins:

            \(Setting.all.map(\.helpLine).joined(separator: "\n"))
            """,
        subcommands: [Serve.self, Check.self],
        defaultSubcommand: Serve.self)
}

extension Setting {
    fileprivate var helpLine: String {
        let padding = String(repeating: " ", count: max(1, 27 - name.count))
        return "  \(name)\(padding)\(meaning)\(standard.isEmpty ? "" : " (\(standard))")"
    }
}

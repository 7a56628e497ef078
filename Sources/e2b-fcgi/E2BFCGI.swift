import ArgumentParser
import Responder

struct E2BFCGI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "e2b-fcgi",
        abstract: "A code interpreter for LibreChat, behind nginx: code runs in E2B sandboxes, images are checked.",
        discussion: """
            Started without a subcommand it serves FastCGI on --listen, or on the sockets that it inherits: those of LISTEN_FDS \
            (systemd), else standard input (spawn-fcgi, mod_fcgid). Or it answers one request when a web server starts it as CGI.

            --listen unix:PATH or tcp:HOST:PORT    where the web server connects
            --take-over                            take the socket of --listen unix:PATH over from the e2b-fcgi that has it, \
            which finishes what it has accepted and ends
            --env-file FILE                        settings, instead of .env in the working directory

            Signals:

              HUP                     read the .env file, the files of secrets, keys, tokens and templates again. New requests have
                                      the new configuration, those in flight keep theirs. A wrong one is refused, and the log says why.
              TERM, INT, QUIT, USR1   stop: accept nothing more, finish what was accepted, for E2B_FCGI_GRACE seconds at most,
                                      end sandboxes, exit with 0. On an inherited socket the next process serves what waits there.
              the same again          end executions in flight now
              a third time            do not wait for E2B to end sandboxes

            A service manager that sets NOTIFY_SOCKET is told READY, RELOADING and STOPPING, and WATCHDOG if it sets WATCHDOG_USEC.

            Settings are environment variables, or lines of a .env file; the environment wins. Each secret can be in a file \
            instead, whose path is in a variable of the same name and _FILE: \
            \(SecretFiles.names.map { "\($0)_FILE" }.joined(separator: ", ")).


            \(Setting.all.map(\.helpLine).joined(separator: "\n"))
            """,
        version: "e2b-fcgi \(Version.number)",
        subcommands: [Serve.self, Check.self, Admit.self, Sandboxes.self, Settings.self],
        defaultSubcommand: Serve.self)
}

extension Setting {
    /// The setting's help text, as two lines that are short enough not to be wrapped.
    fileprivate var helpLine: String { "  \(name)\(standard.isEmpty ? "" : "=\(standard)")\n      \(meaning)" }
}

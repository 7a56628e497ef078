import ArgumentParser
import E2B
import FastCGI
import Fetch
import FoundationEssentials
import Interpreter
import Responder

/// Looks at everything that an installation needs, and says of each thing that it is in order, or what to do.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at the installation, and say of each thing that it is in order, or what to do.",
        discussion: """
            One line each: settings, E2B's key, the template, the clock, permissions, the socket, the confinement of \
            decoders, libraries, the store. With a URL, what answers there is used as its callers use it, the web server \
            included: the first key of E2B_FCGI_KEYS is sent along, code runs in a few sandboxes, a file is stored and removed.

            Exit status: 0 if all is in order (warnings count as that), 1 if something is not, 2 if the arguments are wrong.
            """)

    @Argument(help: "Where the web server answers, https://sandbox.example; without it only this machine is looked at.")
    var url: String?

    @Flag(help: "Only the settings, without any connection.")
    var config = false

    @Option(
        help: """
            Where the responder listens: unix:PATH or tcp:HOST:PORT. (default: \(Self.standardSocket), if it is there)
            """)
    var socket: String?

    @Option(help: "A file of settings, instead of .env in the working directory.")
    var envFile: String?

    private static let standardSocket = "unix:/run/e2b-fcgi/e2b-fcgi.sock"

    func validate() throws {
        if config, url != nil || socket != nil {
            throw ValidationError("--config looks at the settings alone, without a URL or a socket.")
        }
        if let url, BaseURL(BaseURL.withoutUser(url)) == nil {
            throw ValidationError("The URL begins with http:// or https://, and has no query or fragment.")
        }
        if let socket {
            let address: Listener.Address
            do { address = try Listener.Address(socket) } catch { throw ValidationError("--socket: \(error)") }
            if case .inherited = address { throw ValidationError("--socket is unix:PATH or tcp:HOST:PORT.") }
        }
    }

    mutating func run() async throws {
        StopSignals.shared.leaveToSystem()
        var report = CheckReport()
        let settings = SettingsCheck(envFile: envFile)
        report.add(settings.findings())
        if let configuration = settings.configuration, !config {
            report.redactor = SecretRedactor(settings.secrets)
            await look(with: configuration, settings.environment, &report)
        }
        guard !report.hasFailed else { throw ExitCode(1) }
    }

    private func look(
        with configuration: Configuration, _ environment: [String: String], _ report: inout CheckReport
    ) async {
        let client: E2BClient?
        do throws(E2BError) {
            client = configuration.isAPIKeyConfigured ? try E2BClient(configuration.e2b) : nil
        } catch {
            report.add([.failed("E2B key", "\(error)")])
            client = nil
        }
        let file = envFile ?? (FileManager.default.fileExists(atPath: ".env") ? ".env" : nil)
        let context = CheckContext(
            environment: environment, configuration: configuration, envFile: file, client: client)
        var checks: [any ServiceCheck] = [
            E2BCheck(context: context), PermissionCheck(context: context, socket: socketPath),
            SocketCheck(address: socketAddress), ConfinementCheck(configuration: configuration), LibraryCheck(),
            StoreCheck(configuration: configuration),
        ]
        do {
            checks += try url.map { try Surface.checks(at: $0, configuration) } ?? []
        } catch {
            report.add([.failed("URL", "\(error)")])
        }
        for check in checks { report.add(await check.findings()) }
        if url == nil {
            report.add([.skipped("surfaces", "no URL was given: e2b-fcgi check https://sandbox.example")])
        }
        await client?.stop()
    }

    /// Where the responder is asked; nil if nobody has said so and it is not at the usual place.
    private var socketAddress: Listener.Address? {
        if let socket { return try? Listener.Address(socket) }
        guard let standard = try? Listener.Address(Self.standardSocket), case .unix(let path) = standard,
            FileManager.default.fileExists(atPath: path)
        else { return nil }
        return standard
    }

    private var socketPath: String? {
        if case .unix(let path)? = socketAddress { path } else { nil }
    }

    /// Whether the command line asks for this command, whose wrong arguments have a status of their own.
    static func isAsked(_ arguments: [String]) -> Bool { arguments.dropFirst().first == "check" }

    /// The exit status for wrong arguments.
    static let usageStatus: CInt = 2
}

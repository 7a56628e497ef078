import ArgumentParser
import FastCGI
import FoundationEssentials
import Responder

/// Prints values of settings, one on each line, for the script that starts the responder. The script does not read the
/// settings itself, because two implementations could differ. If any setting is invalid, the command fails and reports
/// it.
struct Settings: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the values of settings, a line for each.", shouldDisplay: false)

    @Argument(help: "The settings' names.")
    var names: [String]

    @Option(help: "A file of settings, instead of .env in the working directory.")
    var envFile: String?

    mutating func run() async throws {
        // A web server would send the output of a CGI program to the client, so nothing is printed there.
        guard LaunchMode(environment: ProcessInfo.processInfo.environment) != .cgi else { throw ExitCode.failure }
        let environment = try makeEnvironment(envFile: envFile)
        _ = try Configuration(environment: environment)
        let values = SecretFiles(environment).environment
        for name in names {
            guard let setting = Setting.all.first(where: { $0.name == name }) else {
                throw ValidationError("There is no setting \(name)")
            }
            print(values[name] ?? setting.standard)
        }
    }
}

import ArgumentParser
import FastCGI
import FoundationEssentials
import Responder

/// Prints settings as the responder finds them, a line for each, for the script that starts it: two readers of one file
/// would sooner or later differ. Everything that is wrong with any setting is said first.
struct Settings: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the values of settings, a line for each.", shouldDisplay: false)

    @Argument(help: "The settings' names.")
    var names: [String]

    @Option(help: "A file of settings, instead of .env in the working directory.")
    var envFile: String?

    mutating func run() async throws {
        // What a web server starts prints what anybody may read.
        guard LaunchMode(environment: ProcessInfo.processInfo.environment) != .cgi else { throw ExitCode.failure }
        let environment = try makeEnvironment(envFile: envFile)
        _ = try Configuration(environment: environment)
        for name in names {
            guard let setting = Setting.all.first(where: { $0.name == name }) else {
                throw ValidationError("There is no setting \(name)")
            }
            print(environment[name] ?? setting.standard)
        }
    }
}

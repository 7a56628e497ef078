import FoundationEssentials
import Glibc
import Responder

/// The settings of this process: the variables of the `.env` file, overridden by the environment of the process.
struct Environment {
    let variables: [String: String]
    /// The names of settings that the file has, and for which the process's environment has another value.
    let overriddenNames: [String]

    /// - Parameter envFile: the path of the file; nil for `.env` in the working directory, which may be absent.
    init(envFile: String?) throws {
        let path = envFile ?? ".env"
        let environment = ProcessInfo.processInfo.environment
        guard envFile != nil || FileManager.default.fileExists(atPath: path) else {
            (variables, overriddenNames) = (environment, [])
            return
        }
        // The path may also name a pipe or /dev/null.
        let bytes = try NamedFile(path, inherited: STDIN_FILENO).read(limit: 1 << 20)
        let file = try DotEnv(utf8: bytes).variables
        variables = file.merging(environment) { _, fromProcess in fromProcess }
        overriddenNames = file.keys.filter { environment[$0] != nil && environment[$0] != file[$0] }.sorted()
    }
}

/// Reads the settings.
///
/// - Parameter envFile: the path of the file; nil for `.env` in the working directory, which may be absent.
func makeEnvironment(envFile: String?) throws -> [String: String] { try Environment(envFile: envFile).variables }

import FoundationEssentials
import Glibc
import Responder

/// Reads the settings: the variables of the `.env` file, overridden by the environment of the process.
///
/// - Parameter envFile: the path of the file; nil for `.env` in the working directory, which may be absent.
func makeEnvironment(envFile: String?) throws -> [String: String] {
    let path = envFile ?? ".env"
    let environment = ProcessInfo.processInfo.environment
    guard envFile != nil || FileManager.default.fileExists(atPath: path) else { return environment }
    // The path may also name a pipe or /dev/null.
    let bytes = try NamedFile(path, inherited: STDIN_FILENO).read(limit: 1 << 20)
    return try DotEnv(utf8: bytes).variables.merging(environment) { _, fromProcess in fromProcess }
}

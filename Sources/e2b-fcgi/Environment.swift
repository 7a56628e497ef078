import FoundationEssentials
import Glibc
import Responder

/// The process's environment over the `.env` file's.
///
/// - Parameter envFile: nil for `.env` in the working directory, which may be absent.
func makeEnvironment(envFile: String?) throws -> [String: String] {
    let path = envFile ?? ".env"
    let environment = ProcessInfo.processInfo.environment
    guard envFile != nil || FileManager.default.fileExists(atPath: path) else { return environment }
    // Whatever can be read: /dev/null, and a pipe as well.
    let bytes = try NamedFile(path, inherited: STDIN_FILENO).read(limit: 1 << 20)
    return try DotEnv(utf8: bytes).variables.merging(environment) { _, fromProcess in fromProcess }
}

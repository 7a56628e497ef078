import ArgumentParser
import FoundationEssentials
import Responder

/// The process's environment over the `.env` file's.
///
/// - Parameter envFile: nil for `.env` in the working directory, which may be absent.
func makeEnvironment(envFile: String?) throws -> [String: String] {
    let path = envFile ?? ".env"
    let environment = ProcessInfo.processInfo.environment
    guard envFile != nil || FileManager.default.fileExists(atPath: path) else { return environment }
    let text: String
    do {
        text = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
        throw ValidationError("The file \(path) cannot be read as UTF-8 text")
    }
    return try DotEnv(text).variables.merging(environment) { _, fromProcess in fromProcess }
}

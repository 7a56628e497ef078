package import Foundation

/// Pythons with a package of PyPI's, made once and kept in the build folder.
package enum PythonEnvironment {
    /// - Parameter requirement: `mcp==2.3.0`.
    /// - Returns: the interpreter.
    package static func with(_ requirement: String) async throws -> URL {
        let parts = requirement.split(separator: "=", omittingEmptySubsequences: true)
        let folder = Binaries.repository.appending(path: ".build/python-\(parts.joined(separator: "-"))")
        let python = folder.appending(path: "bin/python")
        // Made last of all: what was interrupted is made again.
        let mark = folder.appending(path: "complete")
        guard !FileManager.default.fileExists(atPath: mark.path) else { return python }
        let scratch = folder.appendingPathExtension("log")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        for (program, arguments) in [
            (try Binaries.system("python3"), ["-m", "venv", "--clear", folder.path]),
            (python, ["-m", "pip", "--quiet", "--disable-pip-version-check", "install", requirement]),
        ] {
            let process = try await ChildProcess(
                program, arguments, name: "python", environment: settings, in: scratch)
            let exit = await process.ended()
            guard exit == .status(0) else {
                throw HarnessError.ended(program: "\(program.path) \(arguments)", exit: exit, log: process.log)
            }
        }
        try Data().write(to: mark)
        return python
    }

    /// How this machine reaches the package index.
    private static var settings: [String: String] {
        ProcessInfo.processInfo.environment.filter { name, _ in
            ["PIP_", "SSL_", "REQUESTS_"].contains { name.hasPrefix($0) } || name.lowercased().hasSuffix("_proxy")
        }
    }
}

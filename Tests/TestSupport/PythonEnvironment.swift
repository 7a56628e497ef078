package import Foundation

/// Pythons with packages of PyPI's, made once and kept in the build folder.
package enum PythonEnvironment {
    /// MCP's newest clients and a checker of conformance, which can share a Python. Each takes its time to make.
    package static let newestMCP = ["mcp==2.3.0", "fastmcp==4.2.3", "jbt-mcpcheck==0.1.1"]

    /// - Parameter requirements: `mcp==2.3.0`.
    /// - Returns: the interpreter.
    package static func with(_ requirements: [String]) async throws -> URL {
        let name = requirements.map { $0.replacing("==", with: "-") }.joined(separator: "-")
        let folder = Binaries.repository.appending(path: ".build/python-\(name)")
        let python = folder.appending(path: "bin/python")
        // Made last of all: what was interrupted is made again.
        let mark = folder.appending(path: "complete")
        guard !FileManager.default.fileExists(atPath: mark.path) else { return python }
        let scratch = folder.appendingPathExtension("log")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        for (program, arguments) in [
            (try Binaries.system("python3"), ["-m", "venv", "--clear", folder.path]),
            (python, ["-m", "pip", "--quiet", "--disable-pip-version-check", "install"] + requirements),
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

import E2B

/// Installs packages. Their names travel as arguments: no shell sees them.
package struct InstallPackages: SessionAction {
    package enum Manager: Equatable, Sendable {
        case pip, npm
        /// Debian's, as root.
        case apt
    }

    package var session: String
    package var packages: [PackageName]
    package var manager: Manager
    package var variables: [String: String]

    package init(session: String, packages: [PackageName], manager: Manager, variables: [String: String] = [:]) {
        self.session = session
        self.packages = packages
        self.manager = manager
        self.variables = variables
    }

    package func perform(_ call: ActionCall) async throws -> RunCommandResult {
        try await inSandbox(call) { sandbox in
            switch manager {
            case .pip:
                try await run("python3", ["-m", "pip", "install", "--no-input", "--"], call, in: sandbox)
            case .npm: try await run("npm", ["install", "--no-fund", "--no-audit", "--"], call, in: sandbox)
            case .apt: try await runApt(call, in: sandbox)
            }
        }
    }

    private func run(
        _ command: String, _ arguments: [String], _ call: ActionCall, in sandbox: Sandbox
    ) async throws -> RunCommandResult {
        let process = ProcessRequest(
            command: command, arguments: arguments + packages.map(\.text), envs: variables,
            timeout: call.limits.time.maximum)
        return try await call.complete(process, in: sandbox)
    }

    private func runApt(_ call: ActionCall, in sandbox: Sandbox) async throws -> RunCommandResult {
        let variables = ["DEBIAN_FRONTEND": "noninteractive"].merging(variables) { _, own in own }
        func apt(_ arguments: [String], within limit: Duration) async throws -> RunCommandResult {
            let process = ProcessRequest(
                command: "apt-get", arguments: arguments, envs: variables, user: "root", timeout: limit)
            return try await call.complete(process, in: sandbox)
        }
        // One limit for both.
        let limit = call.limits.time.maximum
        let start = ContinuousClock.now
        let updated = try await apt(["update"], within: limit)
        guard updated.problem == nil else { return updated }
        return try await apt(
            ["install", "--yes", "--no-install-recommends", "--"] + packages.map(\.text),
            within: max(.seconds(1), limit - (.now - start)))
    }
}

/// What may be the name of a package, and cannot be an option.
package struct PackageName: Equatable, Sendable {
    let text: String

    package init?(_ text: String) {
        guard
            (1...500).contains(text.utf8.count), text.utf8.first != UInt8(ascii: "-"),
            text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
        else { return nil }
        self.text = text
    }
}

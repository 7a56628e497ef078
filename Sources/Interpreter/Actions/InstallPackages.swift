import E2B

/// Installs packages. The names are arguments of the installer, so no shell interprets them.
package struct InstallPackages: SessionAction {
    package enum Manager: Equatable, Sendable {
        case pip, npm
        /// apt-get for Debian's packages, which runs as root.
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
        try await inSandbox(call, taking: call.limits.time.maximum) { sandbox in
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
        // Both commands share one time limit.
        let limit = call.limits.time.maximum
        let start = ContinuousClock.now
        let updated = try await apt(["update"], within: limit)
        guard updated.problem == nil else { return updated }
        return try await apt(
            ["install", "--yes", "--no-install-recommends", "--"] + packages.map(\.text),
            within: max(.seconds(1), limit - (.now - start)))
    }
}

/// The name of a package. It cannot be an option of the installer.
package struct PackageName: Equatable, Sendable {
    let text: String

    /// Returns the names in texts that may be whole commands, such as `pip install numpy`.
    package static func texts(_ texts: [String]) -> [String] {
        // The caller has split a command into its words.
        if texts.count > 2, isCommand(texts[0]), texts[0] != "-m", texts.prefix(6).contains(where: verbs.contains) {
            return names(texts.joined(separator: " "))
        }
        return texts.flatMap(names)
    }

    private static func names(_ text: String) -> [String] {
        var words = text.split { $0.isWhitespace }.map(String.init)
        guard let verb = words.firstIndex(where: verbs.contains), words[..<verb].allSatisfy(isCommand), verb > 0 else {
            return [text]
        }
        words.removeFirst(verb + 1)
        return words.filter { !options.contains($0) }
    }

    private static let verbs: Set = ["install", "i", "add"]
    /// The options of installers that change nothing here, and are left out.
    private static let options: Set = [
        "-y", "--yes", "-q", "--quiet", "-qq", "-g", "--global", "-S", "--save", "--no-cache-dir", "--no-input",
        "--user",
    ]

    private static func isCommand(_ word: String) -> Bool {
        let name = word.drop { $0 == "!" || $0 == "%" }
        return name.isEmpty
            || [
                "sudo", "pip", "pip3", "python", "python3", "-m", "uv", "npm", "yarn", "pnpm", "bun", "apt", "apt-get",
                "conda", "-y", "-q", "-qq",
            ].contains(name)
    }

    package init?(_ text: String) {
        guard
            (1...500).contains(text.utf8.count), text.utf8.first != UInt8(ascii: "-"),
            text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
        else { return nil }
        self.text = text
    }
}

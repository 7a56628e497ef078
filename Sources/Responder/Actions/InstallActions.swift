import E2B
import Interpreter
import LibreChat

/// Packages. Their names travel as arguments: no shell sees them.
extension ActionCall {
    func install() async throws -> ActionOutcome {
        var packages = arguments.packages ?? []
        // One name, or a few: as the plugin took them.
        packages += (arguments.code ?? "").unicodeScalars.split(
            maxSplits: 101, whereSeparator: \.properties.isWhitespace
        )
        .map(String.init)
        let names = try checkedPackages(packages, "`code` or `packages`")
        let process =
            switch arguments.language ?? "python" {
            case "python":
                ProcessRequest(
                    command: "python3", arguments: ["-m", "pip", "install", "--no-input", "--"] + names,
                    envs: arguments.envs ?? [:])
            default:
                ProcessRequest(
                    command: "npm", arguments: ["install", "--no-fund", "--no-audit", "--"] + names,
                    envs: arguments.envs ?? [:])
            }
        return try await run(process, within: configuration.maximumTimeout)
    }

    func systemInstall() async throws -> ActionOutcome {
        let names = try checkedPackages(try required(\.packages), "`packages`")
        let envs = ["DEBIAN_FRONTEND": "noninteractive"].merging(arguments.envs ?? [:]) { _, own in own }
        let update = ProcessRequest(command: "apt-get", arguments: ["update"], envs: envs, user: "root")
        // One limit for both.
        let limit = configuration.maximumTimeout
        let start = ContinuousClock.now
        let updated = try await run(update, within: limit)
        guard updated.problem == nil else { return updated }
        let install = ProcessRequest(
            command: "apt-get", arguments: ["install", "--yes", "--no-install-recommends", "--"] + names, envs: envs,
            user: "root")
        return try await run(install, within: max(.seconds(1), limit - (.now - start)))
    }

    private func run(_ process: ProcessRequest, within limit: Duration) async throws -> ActionOutcome {
        var process = process
        process.timeout = limit
        return try await run(process) { [("output", $0), ("error", $1)] }
    }

    private func checkedPackages(_ names: [String], _ parameter: String) throws(ActionFailure) -> [String] {
        guard !names.isEmpty else {
            throw failure("\(parameter) is required: the names of packages to install.")
        }
        guard names.count <= 100 else { throw failure("\(parameter) must be at most 100 names.") }
        for name in names {
            let isName =
                (1...500).contains(name.utf8.count) && name.utf8.first != UInt8(ascii: "-")
                && name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
            guard isName else {
                throw failure(
                    "'\(name.prefix(100).withoutControls)' is not a package's name: it may not begin with '-'.",
                    logged: "\(parameter) has what is not a package's name.")
            }
        }
        return names
    }
}

extension Substring {
    fileprivate var withoutControls: String {
        String(String.UnicodeScalarView(unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }))
    }
}

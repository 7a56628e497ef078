internal import Foundation

/// One sandbox, running or paused.
struct Sandbox: Sendable {
    static let clientID = "6532622b"
    static let envdVersion = "0.6.13"
    static let cpuCount = ProcessInfo.processInfo.activeProcessorCount

    let id: String
    let template: Template
    let metadata: [String: String]
    let envs: [String: String]
    /// The access token, 64 hexadecimal digits; nil if the sandbox is not secured.
    let token: String?
    /// Whether it is paused at its end, and not killed.
    let pausesAtEnd: Bool
    /// The start, or when it was resumed.
    var startedAt: Date
    /// The end to come; of a paused one when it was paused.
    var endAt: Date
    var isPaused = false
    let agent: Agent
    let watchers = FolderWatchers()

    /// The global environment, as `GET /envs` shows it.
    var environment: [String: String] {
        let own = ["E2B_SANDBOX": "true", "E2B_SANDBOX_ID": id, "E2B_TEMPLATE_ID": template.id]
        return envs.merging(own) { $1 }
    }

    /// Whether a request that carries `token` may use this sandbox's files and processes.
    func admits(token candidate: String?) -> Bool {
        guard let token else { return true }
        return candidate.map { Token.isEqual($0, token) } ?? false
    }
}

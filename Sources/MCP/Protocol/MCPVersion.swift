/// The revisions of the Model Context Protocol.
enum MCPVersion {
    /// The stateless revision, in which each request names its version and its client.
    static let modern = "2026-07-28"
    /// The revisions that begin with a handshake.
    static let legacy = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]
    /// The version for a client that asks for an unknown one.
    static let newestLegacy = "2025-11-25"
    static let supported = [modern] + legacy
}

/// A service that every sandbox has, at a port of its own. Protocol.md, 1.1.
enum SandboxService {
    /// Files and processes.
    case envd
    /// Executions and contexts.
    case interpreter

    var port: Int {
        switch self {
        case .envd: 49983
        case .interpreter: 49999
        }
    }
}

/// The version of a sandbox's envd, on which it depends what envd can do. Protocol.md, 4.5.
struct EnvdVersion: Comparable {
    private let parts: [Int]

    /// Returns nil if the text is not three numbers with dots between them.
    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 3, parts.allSatisfy({ $0.map { $0 >= 0 } ?? false }) else { return nil }
        self.parts = parts.compactMap(\.self)
    }

    private init(_ parts: Int...) { self.parts = parts }

    static let defaultUser = EnvdVersion(0, 4, 0)
    static let rawUpload = EnvdVersion(0, 5, 7)

    static func < (one: Self, other: Self) -> Bool { one.parts.lexicographicallyPrecedes(other.parts) }
}

extension Sandbox {
    /// The user that a call has to name. Early versions of envd have no default user.
    func user(_ user: String?) -> String? {
        guard user == nil, let version = EnvdVersion(envdVersion), version < .defaultUser else { return user }
        return "user"
    }
}

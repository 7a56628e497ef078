import FastCGI

/// A key in the path, `/k/<key>/v1/…`, for programs that send no other: LibreChat puts what its base URL says before each path.
///
/// It is taken out before anything else sees the path: the log, the router, and the answers.
enum PathSecret {
    private static let prefix = "/k/"
    /// The paths that may follow a key.
    private static let root = "/v1"

    /// Splits the path.
    ///
    /// - Returns: the key, and the path after it, which is one where nothing is if it is none of those that may follow; nil if
    ///   there is no key in the path. A key may contain slashes.
    static func split(_ path: String) -> (secret: String, path: String)? {
        guard path.utf8.starts(with: prefix.utf8) else { return nil }
        let rest = Substring(path).dropFirst(prefix.count)
        guard !rest.isEmpty else { return nil }
        var parts = rest.split(separator: "/", omittingEmptySubsequences: false)[...]
        var secret: [Substring] = []
        while let part = parts.first, part != root.dropFirst() || secret.allSatisfy(\.isEmpty) {
            secret.append(part)
            parts.removeFirst()
        }
        let key = secret.joined(separator: "/")
        guard !parts.isEmpty else { return (key, String(prefix.dropLast())) }
        return (key, "/" + parts.joined(separator: "/"))
    }
}

extension FastCGIRequest {
    /// Takes the key out of the path.
    ///
    /// - Returns: nil if there is none.
    mutating func takePathSecret() -> String? {
        guard let (secret, rest) = PathSecret.split(path) else { return nil }
        setPath(rest)
        return secret
    }
}

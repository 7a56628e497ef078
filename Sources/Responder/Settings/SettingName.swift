/// Judges by the name of an environment variable whether it is meant as a setting.
package enum SettingName {
    enum Standing: Equatable {
        case known
        /// The variable is not a setting of this program.
        case foreign
        /// The variable looks like a setting, but there is none of this name.
        ///
        /// - Parameter intended: the setting with the most similar name; nil if no name is similar.
        case misspelt(intended: String?)
    }

    private static let known = Set(
        Setting.all.map(\.name) + Setting.secrets.map { $0.name + SecretFiles.suffix })
    private static let secretPrefix = String(Setting.secretPrefix.name.dropLast())
    /// The variables of E2B's own programs. Some look like settings of this program, but are not.
    private static let ofE2B: Set = [
        "E2B_ACCESS_TOKEN", "E2B_API_HEADERS", "E2B_CONNECTION_RETRIES", "E2B_DEBUG", "E2B_EVENTS_ADDRESS",
        "E2B_KEEPALIVE_EXPIRY", "E2B_MAX_CONNECTIONS", "E2B_MAX_KEEPALIVE_CONNECTIONS", "E2B_SANDBOX", "E2B_SANDBOX_ID",
        "E2B_TEAM_ID", "E2B_TEMPLATE_ID", "E2B_VALIDATE_API_KEY",
        // Those of e2b-local.
        "E2B_LOCAL_API_KEY", "E2B_LOCAL_FAULTS",
    ]

    /// A sentence for each variable that looks like a setting in another spelling, and that may be somebody else's all the same, so
    /// that it is no reason not to start: `FCGI_WEB_SERVER_ADDR`, `EB2_FCGI_KEYS`, `PUBLIC_BASEURL`.
    package static func warnings(about names: some Sequence<String>) -> [String] {
        names.sorted().compactMap { name in
            guard standing(of: name) == .foreign, let near = lookAlike(name) else { return nil }
            return "\(name) has no effect. Is \(near) meant?"
        }
    }

    /// The setting that a foreign name resembles; nil for none.
    private static func lookAlike(_ name: String) -> String? {
        // What a client sends is a CGI program's `HTTP_…`.
        guard !name.hasPrefix("HTTP_"), !others.contains(name) else { return nil }
        let letters = letters(of: name)
        // Short names are near to many others, such as PORT.
        guard letters.count >= 8 else { return nil }
        // Below E2B's prefix what is near has been refused.
        guard !letters.starts(with: "E2B".utf8) else { return nil }
        let beginning = Self.letters(of: ours)
        if isNear(Array(letters.prefix(beginning.count)), beginning), let setting = nearest(letters, within: 3) {
            return setting
        }
        return nearest(letters, within: 1)
    }

    private static let ours = "E2B_FCGI"

    private static func isNear(_ one: [UInt8], _ other: [UInt8]) -> Bool { distance(one, other) <= 2 }

    /// The setting with the most similar name; nil if none has so few mistakes.
    private static func nearest(_ letters: [UInt8], within limit: Int) -> String? {
        known.map { (name: $0, distance: distance(letters, Self.letters(of: $0))) }
            .filter { $0.distance <= limit }.min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
    }

    /// Names of other programs that are one letter from one of ours.
    private static let others: Set = ["B2B_API_KEY"]

    /// What a web server says of a request or of itself: a CGI program finds it in its environment.
    private static let params: Set = ["E2B_FCGI_PROXIED", FileSender.param]

    static func standing(of name: String) -> Standing {
        if known.contains(name) || name.hasPrefix(secretPrefix) { return .known }
        let letters = letters(of: name)
        guard letters.starts(with: "E2B".utf8), !ofE2B.contains(name), !params.contains(name) else { return .foreign }
        if let near = nearest(letters, within: 2) { return .misspelt(intended: near) }
        if begins(letters, with: secretPrefix) { return .misspelt(intended: Setting.secretPrefix.name) }
        return begins(letters, with: "E2B_FCGI_") ? .misspelt(intended: nil) : .foreign
    }

    /// The letters and digits of a name in upper case, without underscores and hyphens.
    private static func letters(of name: String) -> [UInt8] {
        name.uppercased().utf8.filter { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") }
    }

    /// Whether the name begins with the prefix, or with a text that differs from it in one letter.
    private static func begins(_ letters: [UInt8], with prefix: String) -> Bool {
        let prefix = self.letters(of: prefix)
        return (prefix.count - 1...prefix.count + 1).contains { distance(Array(letters.prefix($0)), prefix) <= 1 }
    }

    /// The number of insertions, deletions, changes and swaps of neighbours that turn one name into the other (optimal
    /// string alignment distance).
    static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        // The time is the product of the lengths. Names of settings are short, but a variable's name may have a
        // megabyte.
        guard a.count <= 64, b.count <= 64, !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        var rows = [[Int](repeating: 0, count: b.count + 1)]
        rows[0] = Array(0...b.count)
        for i in 1...a.count {
            var row = [i]
            for j in 1...b.count {
                var best = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { best = min(best, rows[i - 2][j - 2] + 1) }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}

/// What the name of a variable says about whether a setting is meant by it.
enum SettingName {
    enum Standing: Equatable {
        case known
        /// None of ours.
        case foreign
        /// - Parameter intended: the setting that it resembles, if there is one.
        case misspelt(intended: String?)
    }

    private static let known = Set(Setting.all.map(\.name))
    private static let secretPrefix = String(Setting.secretPrefix.name.dropLast())
    /// Of E2B's own programs, and of none of ours, though some look like it.
    private static let ofE2B: Set = [
        "E2B_ACCESS_TOKEN", "E2B_DEBUG", "E2B_EVENTS_ADDRESS", "E2B_SANDBOX", "E2B_SANDBOX_ID", "E2B_TEAM_ID",
        "E2B_TEMPLATE_ID",
    ]

    static func standing(of name: String) -> Standing {
        if known.contains(name) || name.hasPrefix(secretPrefix) { return .known }
        let letters = letters(of: name)
        guard letters.starts(with: "E2B".utf8), !ofE2B.contains(name) else { return .foreign }
        let near = known.map { (name: $0, distance: distance(letters, Self.letters(of: $0))) }
            .filter { $0.distance <= 2 }.min { ($0.distance, $0.name) < ($1.distance, $1.name) }
        if let near { return .misspelt(intended: near.name) }
        if begins(letters, with: secretPrefix) { return .misspelt(intended: Setting.secretPrefix.name) }
        return begins(letters, with: "E2B_FCGI_") ? .misspelt(intended: nil) : .foreign
    }

    /// What is left when case and underscores do not count.
    private static func letters(of name: String) -> [UInt8] {
        name.uppercased().utf8.filter { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") }
    }

    /// Whether a beginning of the name is the prefix, with one mistake at most.
    private static func begins(_ letters: [UInt8], with prefix: String) -> Bool {
        let prefix = self.letters(of: prefix)
        return (prefix.count - 1...prefix.count + 1).contains { distance(Array(letters.prefix($0)), prefix) <= 1 }
    }

    /// How many letters have to be put in, left out, changed or swapped with their neighbour (optimal string alignment).
    static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        // Names are short; somebody's variable of a megabyte is not.
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

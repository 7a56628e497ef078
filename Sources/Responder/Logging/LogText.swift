import Interpreter
import LibreChat

/// Makes a text fit for the log: one line of bounded length, with secrets redacted.
enum LogText {
    /// The limit in Unicode scalars.
    static let limit = 600

    /// The path of a target, without the query, and without what a link's path lets its holder do.
    ///
    /// - Parameter target: without secrets.
    static func path(of target: String) -> String {
        let path = String(Substring(target.utf8.prefix { $0 != UInt8(ascii: "?") }))
        guard let end = EndpointPath.sharedFile.firstIndex(of: "{") else { return path }
        let beginning = EndpointPath.sharedFile[..<end]
        return path.hasPrefix(beginning) ? beginning + "…" : path
    }

    static func of(_ text: String, without secrets: SecretRedactor) -> String {
        // Joining parts may put a secret together, so the joined line is redacted as well. If the line was cut, its end
        // may be the first half of a secret, so that much of it is removed.
        let room = limit + secrets.longest
        let (line, isWhole) = joined(secrets.redacted(text), limit: room)
        let redacted = secrets.redacted(line).unicodeScalars
        guard !isWhole || redacted.count > limit else { return String(redacted) }
        let kept = isWhole ? redacted[...] : redacted.dropLast(secrets.longest)
        return String(Substring(kept.prefix(limit - 1))) + "…"
    }

    /// Replaces each run of white space by one space, and removes invisible characters, which could forge a line or
    /// change the direction of the text.
    private static func joined(_ text: String, limit: Int) -> (line: String, isWhole: Bool) {
        var line = String.UnicodeScalarView()
        var count = 0
        var needsSpace = false
        for scalar in text.unicodeScalars {
            if scalar.properties.isWhitespace {
                needsSpace = count > 0
                continue
            }
            if isInvisible(scalar) { continue }
            guard count + (needsSpace ? 2 : 1) <= limit else { return (String(line), false) }
            if needsSpace {
                line.append(" ")
                count += 1
            }
            line.append(scalar)
            count += 1
            needsSpace = false
        }
        return (String(line), true)
    }

    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .privateUse, .surrogate, .unassigned: true
        default: false
        }
    }
}

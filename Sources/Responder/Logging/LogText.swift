import Interpreter
import LibreChat

/// A text as the log has it: one line, bounded, secrets redacted.
enum LogText {
    /// Unicode scalars.
    static let limit = 600

    static func of(_ text: String, without secrets: SecretRedactor) -> String {
        // Joining what stood apart may put a value together: what comes out is redacted, too. Where something was left out,
        // half of a value may stand at the end, and goes.
        let room = limit + secrets.longest
        let (line, isWhole) = joined(secrets.redacted(text), limit: room)
        let redacted = secrets.redacted(line).unicodeScalars
        guard !isWhole || redacted.count > limit else { return String(redacted) }
        let kept = isWhole ? redacted[...] : redacted.dropLast(secrets.longest)
        return String(Substring(kept.prefix(limit - 1))) + "…"
    }

    /// White space becomes one space. Other characters that cannot be seen go: they could forge a line, or turn its
    /// direction.
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

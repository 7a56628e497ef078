/// A `.env` file: `NAME=value` lines, `#` comments, an optional `export`, values plain or in quotes.
package struct DotEnv: Equatable, Sendable {
    package private(set) var variables: [String: String] = [:]

    /// - Throws: ``ConfigurationError`` naming the lines that are not of that form, never what they say.
    package init(_ text: String) throws(ConfigurationError) {
        var complaints: [String] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            var line = line.trimmingSpaces
            if line.isEmpty || line.hasPrefix("#") { continue }
            if line.hasPrefix("export ") { line = line.dropFirst(7).trimmingSpaces }
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts[0].trimmingSpaces
            guard parts.count == 2, name.isVariableName, let value = Self.value(parts[1]) else {
                complaints.append("line \(index + 1) of the .env file: it must be NAME=value.")
                continue
            }
            variables[name] = value
        }
        guard complaints.isEmpty else { throw ConfigurationError(complaints: complaints) }
    }

    /// nil when a quote is not closed.
    private static func value(_ text: Substring) -> String? {
        let text = text.trimmingSpaces
        guard let quote = text.first, quote == "'" || quote == "\"" else {
            // A comment after a plain value begins at a blank and a number sign.
            return text.firstRange(of: " #").map { text[..<$0.lowerBound].trimmingSpaces } ?? text
        }
        let body = text.dropFirst()
        guard let end = body.lastIndex(of: quote) else { return nil }
        let rest = body[body.index(after: end)...].trimmingSpaces
        guard rest.isEmpty || rest.hasPrefix("#") else { return nil }
        return String(body[..<end])
    }
}

import JSON

/// A `.env` file: `NAME=value` lines, `#` comments, an optional `export`, values plain or in quotes.
///
/// The rules, here and for `nginx/run.sh`, which asks the program:
/// - UTF-8, perhaps with a byte order mark; a line ends with a line feed, and a carriage return before it belongs to the end.
/// - Blanks (spaces and tabs) around the line, the name and the value do not count.
/// - In single or double quotes the value is what stands between them, as it stands: there are no escapes.
/// - Otherwise it ends at a number sign with a blank before it, where a comment begins.
/// - Of a name that is there twice the last one counts. An empty value is a value.
package struct DotEnv: Equatable, Sendable {
    package private(set) var variables: [String: String] = [:]

    package init(_ text: String) throws(ConfigurationError) { try self.init(utf8: Array(text.utf8)) }

    /// - Throws: ``ConfigurationError`` naming the lines that are not of that form, never what they say.
    package init(utf8 bytes: [UInt8]) throws(ConfigurationError) {
        let mark: [UInt8] = [0xef, 0xbb, 0xbf]
        let bytes = bytes.starts(with: mark) ? bytes[mark.count...] : bytes[...]
        var complaints: [String] = []
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            do throws(Flaw) {
                guard let (name, value) = try Self.assignment(line) else { continue }
                variables[name] = value
            } catch {
                complaints.append("line \(index + 1) of the .env file: it \(error.rawValue).")
            }
        }
        guard complaints.isEmpty else { throw ConfigurationError(complaints: complaints) }
    }

    private enum Flaw: String, Error {
        case form = "must be NAME=value"
        case control = "has a control character"
        case encoding = "is not UTF-8"
    }

    /// nil for a line that says nothing.
    private static func assignment(_ line: ArraySlice<UInt8>) throws(Flaw) -> (name: String, value: String)? {
        let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        guard let text = String(validating: line, as: UTF8.self) else { throw .encoding }
        // In comments, too: a line end of another system would make the rest of the file a comment.
        guard text.unicodeScalars.allSatisfy({ $0 == "\t" || !$0.endsLineSomewhere }) else { throw .control }
        var rest = line.trimmingBlanks
        if rest.isEmpty || rest.first == UInt8(ascii: "#") { return nil }
        let export = Array("export".utf8)
        if rest.starts(with: export), rest.dropFirst(export.count).first?.isBlank == true {
            rest = rest.dropFirst(export.count).trimmingBlanks
        }
        guard let equals = rest.firstIndex(of: UInt8(ascii: "=")) else { throw .form }
        let name = String(decoding: rest[..<equals].trimmingBlanks, as: UTF8.self)
        guard name.isVariableName else { throw .form }
        return (name, String(decoding: try value(rest[(equals + 1)...]), as: UTF8.self))
    }

    private static func value(_ text: ArraySlice<UInt8>) throws(Flaw) -> ArraySlice<UInt8> {
        let comment = UInt8(ascii: "#")
        let body = text.trimmingBlanks
        guard let quote = body.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
            let end = text.indices.first { text[$0] == comment && $0 > text.startIndex && text[$0 - 1].isBlank }
            return text[..<(end ?? text.endIndex)].trimmingBlanks
        }
        guard let end = body.dropFirst().firstIndex(of: quote) else { throw .form }
        let rest = body[(end + 1)...]
        // As after a plain value, a comment is apart from what it comments on.
        let isComment = rest.first?.isBlank == true && rest.trimmingBlanks.first == comment
        guard rest.isEmpty || isComment else { throw .form }
        return body[(body.startIndex + 1)..<end]
    }
}

extension UInt8 {
    fileprivate var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}

extension ArraySlice<UInt8> {
    fileprivate var trimmingBlanks: Self {
        let rest = drop { $0.isBlank }
        guard let last = rest.lastIndex(where: { !$0.isBlank }) else { return [] }
        return rest[...last]
    }
}

extension Unicode.Scalar {
    /// Control characters, and what Unicode has as separators of lines.
    fileprivate var endsLineSomewhere: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}

import JSON

/// The variables of a `.env` file: `NAME=value` lines, `#` comments, an optional `export`, values with or without
/// quotes.
///
/// `nginx/run.sh` reads the file through this program, so the rules are the same there:
/// - The file is UTF-8, with or without a byte order mark. A line ends with a line feed, or with a carriage return and
///   a line feed.
/// - Spaces and tabs around the line, the name and the value are ignored.
/// - A value in single or double quotes is the text between the quotes. There are no escapes.
/// - A value without quotes ends before a comment, which is a number sign after a space or a tab.
/// - If a name occurs twice, the last value counts. A value may be empty.
package struct DotEnv: Equatable, Sendable {
    package private(set) var variables: [String: String] = [:]

    package init(_ text: String) throws(ConfigurationError) { try self.init(utf8: Array(text.utf8)) }

    /// - Throws: ``ConfigurationError`` with the numbers of the malformed lines, but not their content, which may be
    ///   secret.
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

    /// Reads a line; nil if the line is blank or a comment.
    private static func assignment(_ line: ArraySlice<UInt8>) throws(Flaw) -> (name: String, value: String)? {
        let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        guard let text = String(validating: line, as: UTF8.self) else { throw .encoding }
        // Comments are checked as well: a line separator of another system would make the rest of the file part of the
        // comment.
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
        // A comment after a quoted value has to be separated by a space or a tab, as after a plain value.
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
    /// Whether this is a control character or a line separator of Unicode.
    fileprivate var endsLineSomewhere: Bool {
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}

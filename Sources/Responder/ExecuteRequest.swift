import FoundationEssentials

/// The body of `POST /execute`, checked.
struct ExecuteRequest: Equatable, Sendable {
    let code: String
    let language: Language
    let envs: [String: String]
    let timeout: Duration

    /// - Throws: a 400 that names the field.
    init(json: [UInt8], standardTimeout: Duration, maximumTimeout: Duration) throws(Refusal) {
        let body: Body
        do {
            body = try JSONDecoder().decode(Body.self, from: Data(json))
        } catch {
            throw Refusal(badRequest: Self.complaint(error))
        }
        guard let code = body.code else {
            throw Refusal(badRequest: "`code` is missing: it is the program to run, as a string.")
        }
        guard code.contains(where: { !$0.isWhitespace }) else {
            throw Refusal(badRequest: "`code` is blank: it is the program to run.")
        }
        guard let language = Language(name: body.language ?? "python") else {
            let names = Language.allCases.map(\.rawValue).joined(separator: ", ")
            throw Refusal(badRequest: "`language` must be one of \(names).")
        }
        self.code = code
        self.language = language
        envs = body.envs ?? [:]
        if let name = envs.keys.first(where: { !$0.isVariableName }) {
            throw Refusal(
                badRequest: "`envs` has the name '\(name.prefix(100))': names are letters, digits and underscores.")
        }
        guard let seconds = body.timeout else {
            timeout = standardTimeout
            return
        }
        let maximum = Double(maximumTimeout.components.seconds)
        guard seconds >= 1, seconds <= maximum else {
            throw Refusal(badRequest: "`timeout` must be from 1 to \(Int(maximum)) seconds.")
        }
        timeout = .milliseconds(Int(seconds * 1000))
    }

    private struct Body: Decodable {
        let code: String?
        let language: String?
        let envs: [String: String]?
        let timeout: Double?
    }

    private static func complaint(_ error: any Error) -> String {
        guard case .typeMismatch(let type, let context) = error as? DecodingError, let field = context.codingPath.first
        else {
            if case .typeMismatch = error as? DecodingError { return "The body must be a JSON object." }
            // `code: "\u0000…"` and the like arrive here as well: the decoder's words may quote the body.
            return "The body is not valid JSON."
        }
        let path = context.codingPath.map(\.stringValue).joined(separator: ".")
        let expected =
            type == Double.self
            ? "a number of seconds" : field.stringValue == "envs" ? "an object of strings" : "a string"
        return path == field.stringValue
            ? "`\(field.stringValue)` must be \(expected)."
            : "`\(field.stringValue)` must be \(expected): '\(path.prefix(100))' is not one."
    }
}

/// A language of the code interpreter's template.
enum Language: String, CaseIterable, Sendable {
    case python, javascript, typescript, r, java, bash

    /// Takes the usual short names too.
    init?(name: String) {
        switch name.lowercased() {
        case "py": self = .python
        case "js": self = .javascript
        case "ts": self = .typescript
        case "sh", "shell": self = .bash
        case let name: self.init(rawValue: name)
        }
    }

    /// The value as it must be written so that the code interpreter, which puts it between quotes into the code it runs
    /// without escaping (protocol 5.6), gives the program the right one.
    func escaped(variable value: String) -> String {
        // By scalar: a quote under an accent is one character with it, as CR LF are one, and the quote would stand bare.
        var escaped = ""
        for scalar in value.unicodeScalars { escaped.unicodeScalars += escape(for: scalar).unicodeScalars }
        return escaped
    }

    private func escape(for scalar: Unicode.Scalar) -> String {
        switch (self, scalar) {
        // Between single quotes nothing is special but the quote.
        case (.bash, "'"): #"'\''"#
        case (.bash, _): String(scalar)
        case (_, "\\"), (_, "'"), (_, "\""): "\\\(scalar)"
        case (_, "\n"): #"\n"#
        case (_, "\r"): #"\r"#
        default: String(scalar)
        }
    }
}

package import Interpreter
internal import JSON

/// The body of `POST /v1/exec`, read tolerantly: unknown members are passed over, and of those that were renamed both names are
/// known.
package struct ExecRequest: Equatable, Sendable {
    /// The program; or what is wrong with it, for the model, which never sees the body of another status than 200.
    package let program: Result<WorkspaceProgram, UnfitProgram>
    /// Those that are named last count: LibreChat appends.
    package let inputs: [InputReference]
    /// The user on whose behalf the caller asks, if the body says so.
    package let userID: String?
    /// What is the same in all runs that are to find each other's files; nil for a run of its own.
    package let hint: String?

    /// - Throws: status 400 for what is no such request at all.
    package init(json: [UInt8], time: TimeLimits) throws(CodeAPIFailure) {
        let result = json.withUnsafeBytes { bytes in
            Result { () throws(CodeAPIFailure) in
                var members: [String: JSONValue] = [:]
                do throws(MalformedJSON) {
                    try JSONScanner.members(of: bytes) { key, value in members.keep(key, value, of: Self.names) }
                } catch {
                    throw CodeAPIFailure(status: 400, "The body must be a JSON object.")
                }
                guard bytes.isUTF8 else { throw CodeAPIFailure(status: 400, "The body must be UTF-8.") }
                return try Self(members, time)
            }
        }
        self = try result.get()
    }

    private init(_ members: [String: JSONValue], _ time: TimeLimits) throws(CodeAPIFailure) {
        guard let code = members["code"], code.isString else {
            throw CodeAPIFailure(status: 400, "`code` must be a string: it is the program to run.")
        }
        let timeLimit = Self.timeLimit(members["timeout"], time)
        let language = members["lang"] ?? members["language"]
        do throws(UnfitProgram) {
            let arguments = try Self.arguments(members["args"])
            guard let text = code.exactString else { throw UnfitProgram(ArgumentError.halfPair("code").sentence) }
            var named: Language?
            if let word = language?.string, !word.isEmpty {
                named = Language(alias: word)
                guard named != nil else { throw UnfitProgram(language: word) }
            }
            let (program, spoken) = try Self.program(text, named)
            self.program = .success(
                WorkspaceProgram(code: program, language: spoken, arguments: arguments, timeLimit: timeLimit))
        } catch {
            program = .failure(error)
        }
        inputs = InputReference.list(members["files"])
        userID = Self.name(members["user_id"])
        hint = Self.name(members["runtime_session_hint"])
    }

    private static let names: Set = [
        "lang", "language", "code", "args", "files", "user_id", "timeout", "runtime_session_hint",
    ]

    private static func program(
        _ code: String, _ language: Language?
    ) throws(UnfitProgram) -> (code: String, language: Language) {
        do throws(ArgumentError) {
            return try code.program(in: language)
        } catch {
            throw UnfitProgram(error.sentence)
        }
    }

    /// The time in milliseconds, within the operator's limit.
    private static func timeLimit(_ json: JSONValue?, _ time: TimeLimits) -> Duration {
        guard let milliseconds = json?.bareText.flatMap(Double.init), milliseconds > 0 else { return time.standard }
        return min(max(.seconds(min(milliseconds, 1e9) / 1000), .seconds(1)), time.maximum)
    }

    /// - Returns: what a string, a number or an array of them says. A string is one argument.
    private static func arguments(_ json: JSONValue?) throws(UnfitProgram) -> [String] {
        var arguments: [String] = []
        if json?.kind == .array {
            try? json?.elements { element in
                if let text = element.argument { arguments.append(text) }
            }
        } else if let text = json?.argument, !text.isEmpty {
            arguments = [text]
        }
        guard arguments.count <= 1000, arguments.reduce(0, { $0 + $1.utf8.count }) <= 100_000 else {
            throw UnfitProgram("`args` may have at most 1000 arguments of 100000 bytes together. Write them to a file.")
        }
        guard !arguments.contains(where: { $0.utf8.contains(0) }) else {
            throw UnfitProgram("`args` has a NUL character (U+0000), which no argument can have.")
        }
        return arguments
    }

    private static func name(_ json: JSONValue?) -> String? {
        guard let text = json?.string, !text.allSatisfy(\.isWhitespace), text.utf8.count <= 1024 else { return nil }
        return text
    }
}

extension JSONValue {
    fileprivate var argument: String? {
        switch kind {
        case .plainString, .escapedString: string
        case .number, .true, .false: text
        case .null, .array, .object: nil
        }
    }
}

/// Why a program is not run, for the model.
package struct UnfitProgram: Error, Equatable, Sendable {
    package let sentence: String

    init(_ sentence: String) { self.sentence = sentence }

    init(language word: String) {
        let known = Language.allCases.map { "\($0.alias) (\($0.name))" }.joined(separator: ", ")
        let name = String(
            word.unicodeScalars.prefix(40).filter { $0.value >= 0x20 && $0.value != 0x7f }.map(Character.init))
        sentence = "There is no language \(name) here. These are there: \(known)."
    }
}

extension Language {
    /// Takes what LibreChat calls languages, and what stands at the head of code blocks.
    fileprivate init?(alias: String) {
        switch alias.filter({ !$0.isWhitespace }).lowercased() {
        case "bun", "mjs", "cjs", "jsx": self = .javascript
        case "rscript": self = .r
        case let name:
            guard let language = Language(name: name) else { return nil }
            self = language
        }
    }

    /// The name by which LibreChat asks for it.
    fileprivate var alias: String {
        switch self {
        case .python: "py"
        case .javascript: "js"
        case .typescript: "ts"
        case .r, .java, .bash: rawValue
        }
    }
}

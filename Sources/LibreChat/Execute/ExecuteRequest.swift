package import Interpreter
package import JSON

/// The validated body of `POST /execute`.
package struct ExecuteRequest: Equatable, Sendable {
    /// The code as the request has it.
    package let code: String
    /// The program that is run: the code without a code block's fences and other marks.
    package let program: String
    package let language: Language
    package let envs: [String: String]
    package let timeout: Duration

    /// - Throws: ``ArgumentError``, whose sentence names the field.
    package init(json: [UInt8], standardTimeout: Duration, maximumTimeout: Duration) throws(ArgumentError) {
        let body = try json.withUnsafeBufferPointer { bytes throws(ArgumentError) in
            try Body(UnsafeRawBufferPointer(bytes))
        }
        guard let code = body.code else {
            throw ArgumentError("`code` is missing: it is the program to run, as a string.")
        }
        (program, language) = try code.program(in: body.language)
        guard !program.isBlank else {
            throw ArgumentError("`code` is blank: it is the program to run.")
        }
        self.code = code
        envs = body.envs ?? [:]
        if let name = envs.keys.first(where: { !$0.isVariableName }) {
            throw ArgumentError(
                "`envs` has the name '\(name.prefix(100))': names are letters, digits and underscores.",
                logged: "`envs` has a name of other characters than letters, digits and underscores.")
        }
        guard let seconds = body.timeout else {
            timeout = standardTimeout
            return
        }
        let maximum = Double(maximumTimeout.components.seconds)
        guard seconds >= 1, seconds <= maximum else {
            throw ArgumentError("`timeout` must be from 1 to \(Int(maximum)) seconds.")
        }
        timeout = .milliseconds(Int(seconds * 1000))
    }

    /// The members with their types checked; nil for those that are absent or null.
    private struct Body {
        var code: String?
        var language: Language?
        var envs: [String: String]?
        var timeout: Double?

        init(_ bytes: UnsafeRawBufferPointer) throws(ArgumentError) {
            let arguments: ArgumentReader
            do throws(MalformedJSON) {
                arguments = try ArgumentReader(bytes, names: Self.names)
            } catch {
                throw ArgumentError(Self.complaint(bytes))
            }
            code = try arguments.value("code", .text)
            language = try arguments.value("language", .choice(Language.allCases.map(\.rawValue)))
            timeout = try arguments.value(
                "timeout", .form(expectation: "a number of seconds", example: "60"))
            envs = try arguments.value("envs", .form(expectation: "an object of strings", example: "{}"))
        }

        /// Returns a sentence about a body that is not a JSON object.
        private static func complaint(_ bytes: UnsafeRawBufferPointer) -> String {
            if let format = bytes.foreignFormat { return format }
            let isOtherJSON = bytes.first { $0 > 0x20 }.map { "[\"-0123456789".utf8.contains($0) } ?? false
            return isOtherJSON ? "The body must be a JSON object." : "The body is not valid JSON."
        }

        private static let names: Set = ["code", "language", "envs", "timeout"]
    }
}

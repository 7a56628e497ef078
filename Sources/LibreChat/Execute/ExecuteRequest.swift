package import Interpreter
package import JSON

/// The validated body of `POST /execute`.
package struct ExecuteRequest: Equatable, Sendable {
    package let code: String
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
        guard !code.isBlank else {
            throw ArgumentError("`code` is blank: it is the program to run.")
        }
        guard let language = Language(name: body.language ?? "python") else {
            let names = Language.allCases.map(\.rawValue).joined(separator: ", ")
            throw ArgumentError("`language` must be one of \(names).")
        }
        self.code = code
        self.language = language
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
        var language: String?
        var envs: [String: String]?
        var timeout: Double?

        init(_ bytes: UnsafeRawBufferPointer) throws(ArgumentError) {
            var members: [String: JSONValue] = [:]
            let isObject: Void? = try? JSONScanner.members(of: bytes) { key, value in
                guard let name = key.string, Self.names.contains(name), value.kind != .null else { return }
                members[name] = value
            }
            guard isObject != nil, bytes.isUTF8 else {
                let isOtherJSON = bytes.first { $0 > 0x20 }.map { "[\"-0123456789".utf8.contains($0) } ?? false
                throw ArgumentError(
                    isOtherJSON ? "The body must be a JSON object." : "The body is not valid JSON.")
            }
            code = try Self.value(members["code"], "`code` must be a string.")
            language = try Self.value(members["language"], "`language` must be a string.")
            timeout = try Self.value(members["timeout"], "`timeout` must be a number of seconds.")
            envs = try Self.value(
                members["envs"],
                "`envs` must be an object of strings"
                    + (members["envs"].flatMap(Self.stranger).map { ": 'envs.\($0.prefix(100))' is not one." } ?? "."),
                logged: "`envs` must be an object of strings.")
        }

        private static func value<Value: ArgumentValue>(
            _ json: JSONValue?, _ complaint: @autoclosure () -> String, logged: String? = nil
        ) throws(ArgumentError) -> Value? {
            guard let json else { return nil }
            guard let value = Value(json: json) else { throw ArgumentError(complaint(), logged: logged) }
            return value
        }

        /// The name of the first member of an object whose value is not a string.
        private static func stranger(in json: JSONValue) -> String? {
            var name: String?
            // The scanner has read the object before, so its members are well-formed.
            try? json.members { key, value in
                if name == nil, value.exactString == nil { name = key.string }
            }
            return name
        }

        private static let names: Set = ["code", "language", "envs", "timeout"]
    }
}

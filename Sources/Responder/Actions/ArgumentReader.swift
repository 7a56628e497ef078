import JSON

/// Reads parameters out of a request's JSON object, in place. Unknown members are not looked at.
///
/// Not `JSONDecoder`: it copies the body, which may be a file, and takes a tenth of what the responder does for an action.
struct ArgumentReader: ~Copyable {
    static let action = "action"

    /// Of the members that some action knows. They point into the body.
    private let members: [String: JSONValue]
    private let body: UnsafeRawBufferPointer
    /// For a failure's answer: what cannot be a session's is not sent back. Empty without one.
    let sessionID: String

    /// - Parameter body: has to outlive the reader.
    /// - Throws: a 400 for what is not a JSON object, in UTF-8.
    init(_ body: UnsafeRawBufferPointer) throws(ActionFailure) {
        var members: [String: JSONValue] = [:]
        let isObject: Void? = try? JSONScanner.members(of: body) { key, value in
            guard let name = key.string, Self.names.contains(name), members[name] == nil else { return }
            members[name] = value
        }
        guard isObject != nil, body.isUTF8 else {
            throw ActionFailure(
                Refusal(badRequest: "The body must be a JSON object with `action` and its parameters."))
        }
        self.members = members
        self.body = body
        sessionID = members[Parameter.sessionID.name]?.exactString.flatMap { $0.isSessionID ? $0 : nil } ?? ""
    }

    /// nil: it is absent or null.
    /// - Throws: a failure that names the parameter and says what it must be.
    func value<Value: ArgumentValue>(_ name: String, _ type: ParameterType) throws(ActionFailure) -> Value? {
        guard let json = members[name], json.kind != .null else { return nil }
        guard let value = Value(json: json) else {
            throw ActionFailure("`\(name)` must be \(type.expectation).", sessionID: sessionID)
        }
        guard value.satisfies(type) else {
            let isVariables = type == .variables
            throw ActionFailure(
                "`\(name)` must be \(type.expectation)\(isVariables ? ", named with letters, digits and underscores" : "").",
                sessionID: sessionID)
        }
        return value
    }

    /// Where a string is in the body; nil: it is absent or null.
    func place(of name: String) throws(ActionFailure) -> FileContent.Place? {
        guard let json = members[name], json.kind != .null else { return nil }
        guard let range = json.exactPlace(in: body) else {
            throw ActionFailure("`\(name)` must be \(ParameterType.text.expectation).", sessionID: sessionID)
        }
        return FileContent.Place(range: range, hasEscapes: json.kind == .escapedString)
    }

    /// What a body is kept of, however many members it has.
    private static let names = Set(
        Action.all.flatMap { $0.required + $0.optional }.flatMap { [$0.name, $0.alias].compactMap(\.self) } + [action])
}

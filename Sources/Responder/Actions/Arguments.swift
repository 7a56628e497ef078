/// The parameters of an action as they came, checked for their types. nil: not there.
struct Arguments: Equatable, Sendable {
    var sessionID: String?
    var sandboxID: String?
    var timeout: Double?
    var envs: [String: String]?
    var template: String?
    var code: String?
    var language: String?
    var timeoutMs: Int?
    var format: String?
    var command: String?
    var background: Bool?
    var cwd: String?
    var user: String?
    var commandID: String?
    var pid: Int?
    var filePath: String?
    var fileContent: String?
    var encoding: String?
    var packages: [String]?
    var expiresIn: Double?
    var port: Int?
    var logFile: String?
    var commandName: String?
}

/// What a parameter's value may be in Swift.
protocol ArgumentValue: Decodable, Sendable {
    static var type: ParameterType { get }
    /// Whether the value is within what the parameter's type says.
    func satisfies(_ type: ParameterType) -> Bool
}

extension String: ArgumentValue {
    static var type: ParameterType { .text }

    func satisfies(_ type: ParameterType) -> Bool {
        guard case .choice(let words) = type else { return true }
        return words.contains(self)
    }
}

extension Bool: ArgumentValue {
    static var type: ParameterType { .flag }
    func satisfies(_ type: ParameterType) -> Bool { true }
}

extension Int: ArgumentValue {
    static var type: ParameterType { .integer(.min ... .max) }

    func satisfies(_ type: ParameterType) -> Bool {
        guard case .integer(let range) = type else { return true }
        return range.contains(self)
    }
}

extension Double: ArgumentValue {
    static var type: ParameterType { .number(0 ... .greatestFiniteMagnitude) }

    func satisfies(_ type: ParameterType) -> Bool {
        guard case .number(let range) = type else { return true }
        return range.contains(self)
    }
}

extension [String]: ArgumentValue {
    static var type: ParameterType { .texts }
    func satisfies(_ type: ParameterType) -> Bool { true }
}

extension [String: String]: ArgumentValue {
    static var type: ParameterType { .variables }
    func satisfies(_ type: ParameterType) -> Bool { keys.allSatisfy(\.isVariableName) }
}

/// Reads parameters out of a request's JSON object. Unknown members are not looked at.
struct ArgumentReader: ~Copyable {
    struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private let container: KeyedDecodingContainer<Name>
    private let sessionID: String

    /// - Parameter sessionID: for the failure's answer.
    init(_ container: KeyedDecodingContainer<Name>, sessionID: String = "") {
        self.container = container
        self.sessionID = sessionID
    }

    /// nil: it is absent or null.
    /// - Throws: a failure that names the parameter and says what it must be.
    func value<Value: ArgumentValue>(_ name: String, _ type: ParameterType) throws(ActionFailure) -> Value? {
        let value: Value?
        do {
            value = try container.decodeIfPresent(Value.self, forKey: Name(stringValue: name))
        } catch {
            throw ActionFailure("`\(name)` must be \(type.expectation).", sessionID: sessionID)
        }
        guard let value else { return nil }
        guard value.satisfies(type) else {
            let isVariables = type == .variables
            throw ActionFailure(
                "`\(name)` must be \(type.expectation)\(isVariables ? ", named with letters, digits and underscores" : "").",
                sessionID: sessionID)
        }
        return value
    }
}

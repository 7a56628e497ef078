import JSON

/// What a parameter's value may be in Swift.
protocol ArgumentValue: Sendable {
    static var type: ParameterType { get }
    /// nil: it is of another type.
    init?(json: JSONValue)
    /// Whether the value is within what the parameter's type says.
    func satisfies(_ type: ParameterType) -> Bool
}

extension String: ArgumentValue {
    static var type: ParameterType { .text }

    init?(json: JSONValue) {
        guard let text = json.exactString else { return nil }
        self = text
    }

    func satisfies(_ type: ParameterType) -> Bool {
        guard case .choice(let words) = type else { return true }
        return words.contains(self)
    }
}

extension Bool: ArgumentValue {
    static var type: ParameterType { .flag }

    init?(json: JSONValue) {
        switch json.kind {
        case .true: self = true
        case .false: self = false
        default: return nil
        }
    }

    func satisfies(_ type: ParameterType) -> Bool { true }
}

extension Int: ArgumentValue {
    static var type: ParameterType { .integer(.min ... .max) }

    /// 60.0 and 6e1 are whole numbers, too.
    init?(json: JSONValue) {
        guard let number = json.integer ?? Double(json: json).flatMap({ Int(exactly: $0) }) else { return nil }
        self = number
    }

    func satisfies(_ type: ParameterType) -> Bool {
        guard case .integer(let range) = type else { return true }
        return range.contains(self)
    }
}

extension Double: ArgumentValue {
    static var type: ParameterType { .number(0 ... .greatestFiniteMagnitude) }

    init?(json: JSONValue) {
        guard let number = json.double else { return nil }
        self = number
    }

    func satisfies(_ type: ParameterType) -> Bool {
        guard case .number(let range) = type else { return true }
        return range.contains(self)
    }
}

extension [String]: ArgumentValue {
    static var type: ParameterType { .texts }

    init?(json: JSONValue) {
        guard json.kind == .array else { return nil }
        var texts: [String] = []
        var areTexts = true
        // What is in the array has been read before: it is JSON.
        try? json.elements { element in
            if let text = element.exactString { texts.append(text) } else { areTexts = false }
        }
        guard areTexts else { return nil }
        self = texts
    }

    func satisfies(_ type: ParameterType) -> Bool { true }
}

extension [String: String]: ArgumentValue {
    static var type: ParameterType { .variables }

    init?(json: JSONValue) {
        guard json.kind == .object else { return nil }
        var variables: [String: String] = [:]
        var areTexts = true
        // As above.
        try? json.members { key, value in
            if let name = key.exactString, let text = value.exactString {
                variables[name] = text
            } else {
                areTexts = false
            }
        }
        guard areTexts else { return nil }
        self = variables
    }

    func satisfies(_ type: ParameterType) -> Bool { keys.allSatisfy(\.isVariableName) }
}

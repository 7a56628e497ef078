/// A parameter of a tool: its name, its type and its description.
///
/// The reading, its errors, help texts and JSON Schemas are all made from this one description, so that they cannot
/// contradict each other.
package struct Parameter<Value: ArgumentValue>: Sendable {
    package let name: String
    /// A second name under which the parameter is accepted.
    package let alias: String?
    package let type: ArgumentType
    /// A description of a few words, which a language model reads.
    package let meaning: String

    package init(
        _ name: String, alias: String? = nil, _ meaning: String, _ type: ArgumentType = Value.type
    ) {
        self.name = name
        self.alias = alias
        self.type = type
        self.meaning = meaning
    }

    /// Reads the argument under the parameter's name or its alias.
    ///
    /// - Returns: nil if the argument is absent or null.
    package func read(
        _ arguments: borrowing ArgumentReader, isOptional: Bool = false
    ) throws(ArgumentError) -> Value? {
        if let value: Value = try arguments.value(name, type, isOptional: isOptional) { return value }
        guard let alias else { return nil }
        return try arguments.value(alias, type, isOptional: isOptional)
    }

    fileprivate func description(isRequired: Bool) -> ParameterDescription {
        ParameterDescription(name, alias: alias, type, meaning, isRequired: isRequired)
    }
}

/// The description of a parameter, without the Swift type of its value.
package struct ParameterDescription: Equatable, Sendable {
    package let name: String
    package let alias: String?
    package let type: ArgumentType
    package let meaning: String
    package let isRequired: Bool

    package init(
        _ name: String, alias: String? = nil, _ type: ArgumentType, _ meaning: String, isRequired: Bool = false
    ) {
        self.name = name
        self.alias = alias
        self.type = type
        self.meaning = meaning
        self.isRequired = isRequired
    }
}

/// A parameter in a tool's list, with the Swift type of the argument that the tool gets.
package protocol ToolParameter: Sendable {
    associatedtype Argument: Sendable
    var description: ParameterDescription { get }
    func argument(_ arguments: borrowing ArgumentReader) throws(ArgumentError) -> Argument
}

package struct RequiredParameter<Value: ArgumentValue>: ToolParameter {
    fileprivate let parameter: Parameter<Value>
    package var description: ParameterDescription { parameter.description(isRequired: true) }

    package func argument(_ arguments: borrowing ArgumentReader) throws(ArgumentError) -> Value {
        guard let value = try parameter.read(arguments) else { throw ArgumentError(missing: parameter.name) }
        return value
    }
}

package struct OptionalParameter<Value: ArgumentValue>: ToolParameter {
    fileprivate let parameter: Parameter<Value>
    package var description: ParameterDescription { parameter.description(isRequired: false) }

    package func argument(_ arguments: borrowing ArgumentReader) throws(ArgumentError) -> Value? {
        try parameter.read(arguments, isOptional: true)
    }
}

/// A string parameter whose text is not copied out of the JSON, because it may be a whole file.
package struct TextPlaceParameter: ToolParameter {
    package let description: ParameterDescription

    package init(_ name: String, _ meaning: String) {
        description = ParameterDescription(name, .text, meaning, isRequired: true)
    }

    package func argument(_ arguments: borrowing ArgumentReader) throws(ArgumentError) -> JSONTextPlace {
        guard let place = try arguments.place(of: description.name) else {
            throw ArgumentError(missing: description.name)
        }
        return place
    }
}

package func required<Value>(_ parameter: Parameter<Value>) -> RequiredParameter<Value> {
    RequiredParameter(parameter: parameter)
}

package func optional<Value>(_ parameter: Parameter<Value>) -> OptionalParameter<Value> {
    OptionalParameter(parameter: parameter)
}

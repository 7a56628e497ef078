package import Interpreter
package import JSON

/// One action of `POST /e2bcode`: what it takes, what help says of it, and what is made of a request for it.
package struct ActionDefinition: Sendable {
    package let name: String
    /// For the model: one sentence.
    package let purpose: String
    package let parameters: [ParameterDescription]
    /// A request's members besides `action` and `sessionId`, as JSON.
    let example: String
    /// Reads the arguments; what it returns makes the action, of the request's body where that is needed.
    let read: @Sendable (borrowing ArgumentReader) throws(ArgumentError) -> Making

    typealias Making = @Sendable (_ body: consuming [UInt8]) throws(ArgumentError) -> PreparedAction

    init<each P: ToolParameter>(
        _ name: String, _ purpose: String, _ parameters: repeat each P, example: String = "",
        make: @escaping @Sendable (repeat (each P).Argument) throws(ArgumentError) -> PreparedAction
    ) {
        self.init(name, purpose, Self.descriptions(repeat each parameters), example: example) {
            arguments throws(ArgumentError) in
            let action = try make(repeat try (each parameters).argument(arguments))
            return { _ in action }
        }
    }

    /// For an action that takes a large part of the request's body, without a copy of it.
    init<each P: ToolParameter>(
        ofBody name: String, _ purpose: String, _ parameters: repeat each P, example: String = "",
        make:
            @escaping @Sendable (_ body: consuming [UInt8], repeat (each P).Argument) throws(ArgumentError)
            -> PreparedAction
    ) {
        self.init(name, purpose, Self.descriptions(repeat each parameters), example: example) {
            arguments throws(ArgumentError) in
            let arguments = (repeat try (each parameters).argument(arguments))
            return { body throws(ArgumentError) in try make(body, repeat each arguments) }
        }
    }

    private init(
        _ name: String, _ purpose: String, _ parameters: [ParameterDescription], example: String,
        read: @escaping @Sendable (borrowing ArgumentReader) throws(ArgumentError) -> Making
    ) {
        self.name = name
        self.purpose = purpose
        self.parameters = parameters
        self.example = example
        self.read = read
    }

    private static func descriptions<each P: ToolParameter>(
        _ parameters: repeat each P
    ) -> [ParameterDescription] {
        var descriptions: [ParameterDescription] = []
        for parameter in repeat each parameters { descriptions.append(parameter.description) }
        return descriptions
    }

    package static func named(_ name: String) -> ActionDefinition? { byName[name] }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
}

/// An action with its arguments, and how its result is told.
package struct PreparedAction: Sendable {
    package let action: any Action
    private let run: @Sendable (ActionCall) async throws -> ActionAnswer

    init<Prepared: Action>(
        _ action: Prepared, answer: @escaping @Sendable (Prepared.ActionResult) async throws -> ActionAnswer
    ) {
        self.action = action
        run = { call in try await answer(try await action.perform(call)) }
    }

    /// - Throws: ``ActionFailure``, and what ``Action/perform(_:)`` throws.
    package func perform(_ call: ActionCall) async throws -> ActionAnswer { try await run(call) }
}

/// What an action answers with.
///
/// A `problem` says for the log why what ran in the sandbox did not succeed: nothing of what it printed or threw.
package enum ActionAnswer: Sendable {
    case reply(ActionReply, problem: String? = nil)
    /// The two-element content of `POST /execute`, where it was asked for.
    case content(ToolContent, problem: String? = nil)

    package var problem: String? {
        switch self {
        case .reply(_, let problem), .content(_, let problem): problem
        }
    }
}

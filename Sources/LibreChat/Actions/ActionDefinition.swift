package import Interpreter
package import JSON

/// The definition of one action of `POST /e2bcode`: its parameters, its help text, and how a request becomes the
/// action.
package struct ActionDefinition: Sendable {
    package let name: String
    /// One sentence that tells the model what the action does.
    package let purpose: String
    package let parameters: [ParameterDescription]
    /// The members of an example request besides `action` and `sessionId`, as JSON.
    let example: String
    /// Reads the arguments, and returns a function that makes the action. That function gets the request's body,
    /// because a file's content stays in it.
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

    /// Defines an action that takes a large part of the request's body, without copying it.
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

    /// Finds an action by its name, or by another spelling of it: `listSandboxes`, `List-Sandboxes`, ` kill `.
    package static func named(_ name: String) -> ActionDefinition? { byName[name] ?? byName[name.inSnakeCase] }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
}

/// An action with its arguments, and the function that turns its result into an answer.
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

/// The answer to an action.
///
/// If what ran in the sandbox failed, `problem` tells the log why, without anything that the code printed or threw.
package enum ActionAnswer: Sendable {
    case reply(ActionReply, problem: String? = nil)
    /// The two-element content of `POST /execute`, if the request asks for it.
    case content(ToolContent, problem: String? = nil)

    package var problem: String? {
        switch self {
        case .reply(_, let problem), .content(_, let problem): problem
        }
    }

    /// With sentences that the caller has to be told besides the result.
    package func telling(_ notes: [String]) -> ActionAnswer {
        guard !notes.isEmpty else { return self }
        switch self {
        case .reply(var reply, let problem):
            reply.tell(notes)
            return .reply(reply, problem: problem)
        case .content(var content, let problem):
            content.text = (notes + [content.text]).joined(separator: "\n\n")
            return .content(content, problem: problem)
        }
    }
}

extension String {
    /// The words of a name in small letters, with underscores between them; empty if the name is longer than any here.
    fileprivate var inSnakeCase: String {
        guard utf8.count <= 40 else { return "" }
        var words: [[UInt8]] = [[]]
        var wasSmall = false
        for byte in utf8 {
            let isCapital = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            if isCapital, wasSmall { words.append([]) }
            wasSmall = !isCapital
            if " -_\t\r\n".utf8.contains(byte) {
                words.append([])
            } else {
                words[words.count - 1].append(isCapital ? byte | 0x20 : byte)
            }
        }
        return String(decoding: Array(words.filter { !$0.isEmpty }.joined(separator: "_".utf8)), as: UTF8.self)
    }
}

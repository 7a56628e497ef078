import Interpreter
import JSON

/// The definition of a tool: its parameters, its description for models, and the function that makes a call.
struct ToolDefinition: Sendable {
    /// The annotations by which a client decides whether to ask its user (MCP 2025-11-25, ToolAnnotations).
    struct Hints: Sendable {
        var isReadOnly = false
        var isDestructive = false
        var isIdempotent = false
        /// Whether the tool reaches beyond the sandbox.
        var isOpenWorld = false
    }

    let name: String
    let title: String
    /// The description for the model, in two sentences at most.
    let purpose: String
    let hints: Hints
    /// The parameters without `session`, which every tool has.
    let parameters: [ParameterDescription]
    let names: Set<String>
    /// Reads the arguments, and returns a function that makes the call for a session.
    let read: @Sendable (borrowing ArgumentReader) throws(ArgumentError) -> Making

    typealias Making = @Sendable (_ session: String) -> PreparedTool

    init<each P: ToolParameter>(
        _ name: String, _ title: String, _ purpose: String, _ hints: Hints = Hints(), _ parameters: repeat each P,
        make: @escaping @Sendable (repeat (each P).Argument) throws(ArgumentError) -> Making
    ) {
        self.name = name
        self.title = title
        self.purpose = purpose
        self.hints = hints
        var descriptions: [ParameterDescription] = []
        for parameter in repeat each parameters { descriptions.append(parameter.description) }
        self.parameters = descriptions
        names = Set(descriptions.flatMap { [$0.name, $0.alias].compactMap(\.self) } + ["session"])
        read = { arguments throws(ArgumentError) in try make(repeat try (each parameters).argument(arguments)) }
    }

    /// The tool as `tools/list` describes it.
    func node(_ sandbox: StandardSandbox) -> JSONNode {
        [
            "name": .text(name), "title": .text(title), "description": .text(purpose),
            "inputSchema": ObjectSchema(parameters + [sandbox.session]).node,
            "annotations": [
                "title": .text(title), "readOnlyHint": .flag(hints.isReadOnly),
                "destructiveHint": .flag(hints.isDestructive), "idempotentHint": .flag(hints.isIdempotent),
                "openWorldHint": .flag(hints.isOpenWorld),
            ],
        ]
    }
}

import Interpreter
import JSON

/// One tool: what it takes, what a model is told of it, and what is made of a call.
struct ToolDefinition: Sendable {
    /// What a client may rely on before it asks the user (MCP 2025-11-25, ToolAnnotations).
    struct Hints: Sendable {
        var isReadOnly = false
        var isDestructive = false
        var isIdempotent = false
        /// Whether it reaches beyond the sandbox.
        var isOpenWorld = false
    }

    let name: String
    let title: String
    /// For the model: two sentences at most.
    let purpose: String
    let hints: Hints
    /// Without `session`, which every tool has.
    let parameters: [ParameterDescription]
    let names: Set<String>
    /// Reads the arguments; what it returns makes the call, once its session is known.
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

import Interpreter
import JSON

/// The operations that LibreChat's Actions offer to a model.
extension OpenAPIOperation {
    /// The operation of `POST /execute`.
    ///
    /// - Parameters:
    ///   - path: the path of the endpoint.
    ///   - maximumTimeout: the longest timeout that a request may ask for.
    package static func execute(at path: String, maximumTimeout: Duration) -> OpenAPIOperation {
        OpenAPIOperation(
            path: path, id: "execute_code",
            purpose: """
                Run a program in a fresh sandbox and get its output, the value of its last expression, and its plots. \
                Nothing is kept between calls. In Python, numpy, pandas and matplotlib are there; show a plot with plt.show().
                """,
            schema: ObjectSchema([
                ParameterDescription("code", .text, "The complete program.", isRequired: true),
                ParameterDescription("language", .choice(Language.allCases.map(\.rawValue)), "Default python."),
                ParameterDescription(
                    "timeout", .number(1...Double(maximumTimeout.components.seconds)), "Seconds."),
            ]),
            answer: "Output, results, errors and images.")
    }

    /// The operation of `POST /e2bcode`. Its properties are the parameters of all actions.
    package static func actions(at path: String) -> OpenAPIOperation {
        OpenAPIOperation(
            path: path, id: "e2bcode",
            purpose: """
                Work in a sandbox, a Linux machine of your own that keeps files, variables and servers between calls. \
                First `create` with a sessionId of your choice; give the same sessionId in every call; `kill` it at the end. \
                `execute` runs code, `shell` a command (background: true for servers, then `get_host`), `install` adds packages, \
                `write_file`, `read_file` and `get_file_downloadurl` are for files. Answers have `success`, and `error` that says \
                what to do. `help` with command_name explains an action.
                """,
            schema: .actions,
            answer: "The action's result.")
    }
}

extension ObjectSchema {
    fileprivate static let actions = ObjectSchema(
        [
            ParameterDescription(
                ActionRequest.actionName, .choice(ActionDefinition.all.map(\.name)), "What to do.", isRequired: true)
        ] + parametersOfAllActions)

    /// The parameters of all actions, each once and in the order of the actions. None is required, because no parameter
    /// is required by every action.
    private static var parametersOfAllActions: [ParameterDescription] {
        var seen: Set<String> = []
        return ActionDefinition.all.flatMap {
            $0.parameters.filter(\.isRequired) + $0.parameters.filter { !$0.isRequired }
        }
        // A parameter whose alias is listed already is the same parameter under another name.
        .filter { seen.insert($0.name).inserted && $0.alias.map { !seen.contains($0) } ?? true }
        .map { ParameterDescription($0.name, alias: $0.alias, $0.type, $0.meaning) }
    }
}

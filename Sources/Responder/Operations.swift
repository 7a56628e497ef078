import Interpreter
import LibreChat

/// The operations that LibreChat's Actions offer to a model.
extension OpenAPIOperation {
    static func execute(_ configuration: Configuration) -> OpenAPIOperation {
        OpenAPIOperation(
            path: "/execute", id: "execute_code",
            purpose: """
                Run a program in a fresh sandbox and get its output, the value of its last expression, and its plots. \
                Nothing is kept between calls. In Python, numpy, pandas and matplotlib are there; show a plot with plt.show().
                """,
            properties: [
                OpenAPIProperty("code", .string, "The complete program.", isRequired: true),
                OpenAPIProperty("language", .choice(Language.allCases.map(\.rawValue)), "Default python."),
                OpenAPIProperty(
                    "timeout", .number(1...Int(configuration.maximumTimeout.components.seconds)), "Seconds."),
            ],
            answer: "Output, results, errors and images.")
    }

    /// All actions are one operation: its properties are those of all of them.
    static let actions = OpenAPIOperation(
        path: "/e2bcode", id: "e2bcode",
        purpose: """
            Work in a sandbox, a Linux machine of your own that keeps files, variables and servers between calls. \
            First `create` with a sessionId of your choice; give the same sessionId in every call; `kill` it at the end. \
            `execute` runs code, `shell` a command (background: true for servers, then `get_host`), `install` adds packages, \
            `write_file`, `read_file` and `get_file_downloadurl` are for files. Answers have `success`, and `error` that says \
            what to do. `help` with command_name explains an action.
            """,
        properties: [
            OpenAPIProperty("action", .choice(Action.all.map(\.name)), "What to do.", isRequired: true)
        ] + Parameter.ofAllActions.map { OpenAPIProperty($0.name, $0.type.kind, $0.meaning) },
        answer: "The action's result.")
}

extension Parameter {
    /// One for each name, in the order in which the actions have them.
    fileprivate static let ofAllActions: [Parameter] = {
        var seen: Set<String> = []
        return Action.all.flatMap { $0.required + $0.optional }.filter {
            // The same under its other name.
            seen.insert($0.name).inserted && $0.alias.map { !seen.contains($0) } ?? true
        }
    }()
}

extension ParameterType {
    fileprivate var kind: OpenAPIProperty.Kind {
        switch self {
        case .text: .string
        case .choice(let words): .choice(words)
        case .flag: .boolean
        case .integer(let range): .integer(range)
        case .number(let range): .number(Int(range.lowerBound)...Int(range.upperBound))
        case .texts: .strings
        case .variables: .object
        }
    }
}

import Interpreter
import JSON

/// The action that lists the actions or explains one of them.
struct Help: Action {
    /// The name of the action to explain; nil for a list of all actions.
    let name: String?

    func perform(_ call: ActionCall) throws(ActionFailure) -> String {
        guard let name else { return ActionDefinition.overview }
        guard let definition = ActionDefinition.named(name) else {
            throw ActionFailure(
                "No help available for `\(name.prefix(100))`. \(ActionDefinition.overview)",
                logged: "No help available: there is no such action.")
        }
        return definition.help
    }
}

extension ActionDefinition {
    /// The list of all actions, one on each line.
    fileprivate static let overview =
        "Every request has an `action` and its parameters; `help` with `command_name` explains one action.\n"
        + all.map { "\($0.name): \($0.purpose)" }.joined(separator: "\n")

    fileprivate var help: String {
        var lines = ["\(name): \(purpose)"]
        for parameter in parameters {
            let alias = parameter.alias.map { " (or `\($0)`)" } ?? ""
            lines.append(
                "- `\(parameter.name)`\(alias), \(parameter.type.expectation): \(parameter.meaning)"
                    + (parameter.isRequired ? " Required." : ""))
        }
        let session =
            parameters.contains { $0.name == ActionRequest.sessionName } ? #", "sessionId": "my_session""# : ""
        lines.append(#"Example: {"action": "\#(name)"\#(session)\#(example.isEmpty ? "" : ", ")\#(example)}"#)
        return lines.joined(separator: "\n")
    }
}

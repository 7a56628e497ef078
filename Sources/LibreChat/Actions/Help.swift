import Interpreter
import JSON

/// What the actions say of themselves.
struct Help: Action {
    /// The action to explain; nil: all of them, in a line each.
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
    /// One line for each.
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

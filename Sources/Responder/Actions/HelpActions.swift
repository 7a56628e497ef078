import JSON

/// What the actions say of themselves.
extension ActionCall {
    func help() throws -> ActionOutcome {
        guard let name = arguments.commandName else { return .reply(reply(("message", .text(Action.overview)))) }
        guard let action = Action.named(name) else {
            throw failure(
                "No help available for `\(name.prefix(100))`. \(Action.overview)",
                logged: "No help available: there is no such action.")
        }
        return .reply(reply(("message", .text(action.help))))
    }

    func listTemplates() -> ActionOutcome {
        let isEmpty = services.templates == .list([])
        return .reply(
            reply(
                ("templates", services.templates),
                (
                    "message",
                    isEmpty
                        ? "No templates are configured: sandboxes are made from \(configuration.template)."
                        : "Give one as `template` of the `create` action."
                )))
    }
}

extension Action {
    /// One line for each.
    fileprivate static let overview =
        "Every request has an `action` and its parameters; `help` with `command_name` explains one action.\n"
        + all.map { "\($0.name): \($0.purpose)" }.joined(separator: "\n")

    fileprivate var help: String {
        var lines = ["\(name): \(purpose)"]
        lines += required.map { "\($0.help) Required." }
        lines += optional.map(\.help)
        let session =
            (required + optional).contains { $0.name == Parameter.sessionID.name }
            ? #", "sessionId": "my_session""# : ""
        lines.append(#"Example: {"action": "\#(name)"\#(session)\#(example.isEmpty ? "" : ", \(example)")}"#)
        return lines.joined(separator: "\n")
    }
}

extension Parameter {
    fileprivate var help: String {
        "- `\(name)`\(alias.map { " (or `\($0)`)" } ?? ""), \(type.expectation): \(meaning)"
    }
}

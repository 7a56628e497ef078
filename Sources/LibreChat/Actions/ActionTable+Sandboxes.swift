import E2B
import FoundationEssentials
import Interpreter
import JSON

/// The actions for sandboxes and templates, and `help`.
extension ActionDefinition {
    static let help = ActionDefinition(
        "help", "List the actions, or explain one.", optional(.commandName), example: #""command_name": "execute""#
    ) { name in
        PreparedAction(Help(name: name)) { .reply(ActionReply(sessionID: "", [("message", .text($0))])) }
    }

    static let create = ActionDefinition(
        "create", "Create the session's sandbox. The first thing to do.", required(.sessionID), optional(.timeout),
        optional(.envs), optional(.template), example: #""timeout": 60, "envs": {"MY_VAR": "my_value"}"#
    ) { session, minutes, envs, template in
        let minutes = minutes ?? 60
        let action = CreateSandbox(
            session: session.text, lifetime: .minutes(minutes), variables: envs ?? [:], template: template)
        return PreparedAction(action) { result in
            let note = result.absentTemplate.map { " There is no template \($0): it was made from \(result.template)." }
            let message =
                result.isNew
                ? "Sandbox created with timeout \(minutes.written) minutes.\(note ?? "")"
                : "Sandbox with sessionId \(session.text) already exists: it goes on, with all that is in it."
            return .reply(
                ActionReply(
                    sessionID: session.text,
                    [
                        ("sandboxId", .text(result.sandboxID)), ("currentUser", .text(result.user)),
                        ("currentDirectory", .text(result.directory)), ("timeout", minutes.node),
                        ("message", .text(message)),
                    ]))
        }
    }

    static let listSandboxes = ActionDefinition("list_sandboxes", "List your sandboxes.") {
        PreparedAction(ListSandboxes()) { sandboxes in
            .reply(
                ActionReply(
                    sessionID: "",
                    [
                        ("sandboxes", .list(sandboxes.map(\.summary))),
                        (
                            "message",
                            .text(sandboxes.isEmpty ? "No active sandboxes found" : "Active sandboxes found")
                        ),
                    ]))
        }
    }

    static let setTimeout = ActionDefinition(
        "set_timeout", "Have the sandbox end this many minutes from now.", required(.sessionID), required(.timeout),
        example: #""timeout": 120"#
    ) { session, minutes in
        PreparedAction(SetLifetime(session: session.text, lifetime: .minutes(minutes))) { end in
            .reply(
                ActionReply(
                    sessionID: session.text,
                    [
                        ("message", "Sandbox timeout updated to \(minutes.written) minutes."),
                        ("expiresAt", .text(end.written)),
                    ]))
        }
    }

    static let kill = ActionDefinition(
        "kill", "End the sandbox, and all that is in it.", optional(.sessionID), optional(.sandboxID)
    ) { session, sandboxID throws(ArgumentError) in
        if let sandboxID {
            return PreparedAction(KillSandbox(.sandbox(id: sandboxID))) { killed in
                let message =
                    killed.map { "Sandbox with sessionId \($0) and sandboxId \(sandboxID) has been killed." }
                    ?? "No sandbox \(sandboxID) is running: there is nothing to kill."
                return .reply(
                    ActionReply(sessionID: killed ?? session?.text ?? "", [("message", .text(message))]))
            }
        }
        guard let session else {
            throw ArgumentError("`sessionId` or `sandboxId` is required for `kill` action.")
        }
        return PreparedAction(KillSandbox(.session(session.text))) { killed in
            let message =
                killed == nil
                ? "No sandbox with sessionId \(session.text) is running: there is nothing to kill."
                : "Sandbox with sessionId \(session.text) has been killed."
            return .reply(ActionReply(sessionID: session.text, [("message", .text(message))]))
        }
    }

    static let listTemplates = ActionDefinition("list_templates", "List what sandboxes can be made of.") {
        PreparedAction(ListTemplates()) { result in
            let message =
                result.templates == .list([])
                ? "No templates are configured: sandboxes are made from \(result.standard)."
                : "Give one as `template` of the `create` action."
            return .reply(
                ActionReply(sessionID: "", [("templates", result.templates), ("message", .text(message))]))
        }
    }
}

extension SandboxInfo {
    fileprivate var summary: JSONNode {
        [
            "sandboxId": .text(id), "sessionId": JSONNode(sessionKey?.id), "createdAt": .text(startedAt.written),
            "expiresAt": .text(endsAt.written), "status": .text(state.name),
        ]
    }
}

extension Duration {
    static func minutes(_ minutes: Double) -> Duration { .seconds(minutes * 60) }
}

extension Double {
    /// The number without a fraction if it is whole.
    fileprivate var written: String { Int(exactly: self).map(String.init) ?? "\(self)" }
    fileprivate var node: JSONNode { Int(exactly: self).map { .number($0) } ?? .fraction(self) }
}

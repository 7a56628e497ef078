import E2B
import FoundationEssentials
import Interpreter
import JSON
import LibreChat

/// Making and ending sandboxes.
extension ActionCall {
    func create() async throws -> ActionOutcome {
        let minutes = arguments.timeout ?? 60
        let envs = arguments.envs ?? [:]
        for (name, value) in envs.sorted(by: { $0.key < $1.key }) where !value.isSafeInCode {
            throw failure(
                "`envs.\(name)` has a quote, a backslash or a line break, which would break every execution. Give it to "
                    + "`execute` or `shell` instead.")
        }
        var options = SandboxOptions(
            template: arguments.template ?? configuration.template, timeout: .seconds(minutes * 60),
            envs: configuration.hiddenVariables.merging(envs) { _, own in own })
        var note = ""
        let made: Sessions.Creation<Home>
        do {
            made = try await services.sessions.create(session, options, mark: id, use: look)
        } catch E2BError.notFound(.create, _) where options.template != configuration.template {
            note = " There is no template \(options.template): it was made from \(configuration.template)."
            options.template = configuration.template
            made = try await services.sessions.create(session, options, mark: id, use: look)
        }
        let (sandbox, home) = (made.session.sandbox, made.firstUse)
        let message =
            made.isNew
            ? "Sandbox created with timeout \(Self.written(minutes)) minutes.\(note)"
            : "Sandbox with sessionId \(sessionID) already exists: it goes on, with all that is in it."
        return .reply(
            reply(
                ("sandboxId", .text(sandbox.id)), ("currentUser", .text(home.user)),
                ("currentDirectory", .text(home.directory)), ("timeout", Self.number(minutes)),
                ("message", .text(message))))
    }

    private struct Home {
        var user = ""
        var directory = ""
    }

    private func look(around sandbox: Sandbox) async throws -> Home {
        var captured = makeCapturedOutput()
        try await client.run(.shell("whoami; pwd", timeout: .seconds(15)), in: sandbox) { event in
            if case .stdout(let bytes) = event { captured.append(bytes[...]) }
        }
        let lines = String(decoding: captured.kept.prefix(1 << 14), as: UTF8.self).split(separator: "\n").map(
            String.init)
        return Home(user: lines.first ?? "", directory: lines.dropFirst().first ?? "")
    }

    func listSandboxes() async throws -> ActionOutcome {
        let sandboxes = try await services.sessions.list(owner)
        return .reply(
            reply(
                (
                    "sandboxes",
                    .list(
                        sandboxes.map { info in
                            [
                                "sandboxId": .text(info.id), "sessionId": JSONNode(info.sessionKey?.id),
                                "createdAt": .text(info.startedAt.written), "expiresAt": .text(info.endsAt.written),
                                "status": .text(info.state.name),
                            ]
                        })
                ),
                ("message", .text(sandboxes.isEmpty ? "No active sandboxes found" : "Active sandboxes found"))))
    }

    func setTimeout() async throws -> ActionOutcome {
        let minutes = try required(\.timeout)
        let end = try await services.sessions.setTimeout(.seconds(minutes * 60), session)
        return .reply(
            reply(
                ("message", "Sandbox timeout updated to \(Self.written(minutes)) minutes."),
                ("expiresAt", .text(end.written))))
    }

    func kill() async throws -> ActionOutcome {
        if let sandboxID = arguments.sandboxID {
            let killed: SessionKey?
            do {
                killed = try await services.sessions.kill(sandbox: sandboxID, of: owner)
            } catch E2BError.refused(.info, status: 400, _) {
                throw failure("`sandboxId` must be an id as `create` answered with.")
            }
            guard let key = killed else {
                return .reply(reply(("message", "No sandbox \(sandboxID) is running: there is nothing to kill.")))
            }
            return .reply(
                ActionReply(
                    sessionID: key.id,
                    [("message", "Sandbox with sessionId \(key.id) and sandboxId \(sandboxID) has been killed.")]))
        }
        guard arguments.sessionID != nil else {
            throw failure("`sessionId` or `sandboxId` is required for `kill` action.")
        }
        let wasThere = try await services.sessions.kill(session)
        return .reply(
            reply(
                (
                    "message",
                    wasThere
                        ? "Sandbox with sessionId \(sessionID) has been killed."
                        : "No sandbox with sessionId \(sessionID) is running: there is nothing to kill."
                )))
    }

    private static func written(_ minutes: Double) -> String { Int(exactly: minutes).map(String.init) ?? "\(minutes)" }

    private static func number(_ minutes: Double) -> JSONNode {
        Int(exactly: minutes).map { .number($0) } ?? .fraction(minutes)
    }
}

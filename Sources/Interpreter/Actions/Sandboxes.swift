package import E2B
package import FoundationEssentials
package import JSON

/// Makes the session's sandbox; one that is there goes on.
package struct CreateSandbox: SessionAction {
    package var session: String
    package var lifetime: Duration
    package var variables: [String: String]
    /// nil: the operator's.
    package var template: String?

    package init(
        session: String, lifetime: Duration = .seconds(3600), variables: [String: String] = [:], template: String? = nil
    ) {
        self.session = session
        self.lifetime = lifetime
        self.variables = variables
        self.template = template
    }

    package func perform(_ call: ActionCall) async throws -> CreateSandboxResult {
        for (name, value) in variables.sorted(by: { $0.key < $1.key }) where !value.isSafeInCode {
            throw InterpreterError.unsafeVariable(name)
        }
        let standard = call.services.template
        let template = template ?? standard
        do {
            return try await create(template, call)
        } catch E2BError.notFound(.create, _) where template != standard {
            var result = try await create(standard, call)
            result.absentTemplate = template
            return result
        }
    }

    private func create(_ template: String, _ call: ActionCall) async throws -> CreateSandboxResult {
        let options = call.services.sandboxOptions(
            endingAfter: lifetime, template: template, variables: variables)
        let made = try await call.services.sessions.create(
            call.key(of: session), options, mark: call.id, notes: call.notes
        ) { sandbox in
            try await look(around: sandbox, call)
        }
        return CreateSandboxResult(
            sandboxID: made.session.sandbox.id, isNew: made.isNew, user: made.firstUse.user,
            directory: made.firstUse.directory, template: template)
    }

    private func look(around sandbox: Sandbox, _ call: ActionCall) async throws -> (user: String, directory: String) {
        var captured = CapturedOutput(limit: 1 << 14)
        try await call.client.run(.shell("whoami; pwd", timeout: .seconds(15)), in: sandbox) { event in
            if case .stdout(let bytes) = event { captured.append(bytes[...]) }
        }
        let lines = String(decoding: captured.kept, as: UTF8.self).split(separator: "\n").map(String.init)
        return (lines.first ?? "", lines.dropFirst().first ?? "")
    }
}

package struct CreateSandboxResult: Sendable {
    package let sandboxID: String
    /// False: it was there already.
    package let isNew: Bool
    package let user: String
    package let directory: String
    /// What it was made of, if it is new.
    package let template: String
    /// The template that was asked for, where there is none of that name.
    package fileprivate(set) var absentTemplate: String?
}

/// Lists the caller's sandboxes, newest first.
package struct ListSandboxes: Action {
    package init() {}

    package func perform(_ call: ActionCall) async throws -> [SandboxInfo] {
        try await call.services.sessions.list(call.owner)
    }
}

/// Has the sandbox end at another time.
package struct SetLifetime: SessionAction {
    package var session: String
    /// From now.
    package var lifetime: Duration

    package init(session: String, lifetime: Duration) {
        self.session = session
        self.lifetime = lifetime
    }

    /// - Returns: when it will end.
    package func perform(_ call: ActionCall) async throws -> Date {
        try await call.services.sessions.setTimeout(lifetime, call.key(of: session))
    }
}

/// Ends one of the caller's sandboxes, and all that is in it.
package struct KillSandbox: Action {
    package enum Target: Equatable, Sendable {
        case session(String)
        case sandbox(id: String)
    }

    package var target: Target

    package init(_ target: Target) { self.target = target }

    /// - Returns: the session's name; nil: there was no such sandbox, or it is somebody else's.
    package func perform(_ call: ActionCall) async throws -> String? {
        switch target {
        case .session(let name):
            return try await call.services.sessions.kill(call.key(of: name)) ? name : nil
        case .sandbox(let id):
            do {
                return try await call.services.sessions.kill(sandbox: id, of: call.owner)?.id
            } catch E2BError.refused(.info, status: 400, _) {
                throw InterpreterError.notASandboxID
            }
        }
    }
}

/// Lists what sandboxes can be made of.
package struct ListTemplates: Action {
    package init() {}

    package func perform(_ call: ActionCall) async -> ListTemplatesResult {
        ListTemplatesResult(templates: call.services.templates, standard: call.services.template)
    }
}

package struct ListTemplatesResult: Sendable {
    /// As the operator describes them: whatever he has to say.
    package let templates: JSONNode
    /// What a sandbox is made of where nothing else is asked for.
    package let standard: String
}

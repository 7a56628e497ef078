import Foundation

/// One session of `POST /e2bcode`, whoever carries its requests.
package struct ActionSession: Sendable {
    package let id: String
    private let send: @Sendable (JSONTree) async throws -> ActionAnswer

    package init(_ id: String, _ send: @escaping @Sendable (JSONTree) async throws -> ActionAnswer) {
        self.id = id
        self.send = send
    }

    /// One action; what is not an answer of an action fails to decode.
    package func callAsFunction(_ action: String, _ parameters: [String: JSONTree] = [:]) async throws -> ActionAnswer {
        let request = ["action": .text(action), "sessionId": .text(id)].merging(parameters) { _, own in own }
        return try await send(.object(request))
    }

    /// What Python code prints.
    package func python(_ code: String) async throws -> String {
        let answer = try await self("execute", ["code": .text(code)])
        guard answer.isSuccess else { throw HarnessError.unreadable("the answer to \(code): \(answer)") }
        return answer.stdout
    }

    /// What a shell command prints.
    package func shell(_ command: String) async throws -> String {
        let answer = try await self("shell", ["command": .text(command)])
        guard answer.isSuccess else { throw HarnessError.unreadable("the answer to \(command): \(answer)") }
        return answer.output
    }
}

extension HTTPClient {
    /// `POST /e2bcode`.
    package func act(_ action: String, _ parameters: [String: JSONTree] = [:]) async throws -> ActionAnswer {
        try await act(.object(["action": .text(action)].merging(parameters) { _, own in own }))
    }

    /// `POST /e2bcode` with any body.
    package func act(_ request: JSONTree) async throws -> ActionAnswer {
        try ActionAnswer(await send("POST", "/e2bcode", body: request.encoded()))
    }

    package func session(_ id: String) -> ActionSession { ActionSession(id) { try await act($0) } }

    /// Runs `body` in a session of its own, whose sandbox is gone when this returns.
    package func withSession<Value>(
        _ parameters: [String: JSONTree] = [:], _ body: (ActionSession) async throws -> Value
    ) async throws -> Value {
        let session = session("session-\(UUID().uuidString.prefix(8))")
        let created = try await session("create", parameters)
        guard created.isSuccess else { throw HarnessError.unreadable("the answer to create: \(created)") }
        let result: Result<Value, any Error>
        do { result = .success(try await body(session)) } catch { result = .failure(error) }
        _ = try await session("kill")
        return try result.get()
    }
}

extension ActionSession {
    /// The command lines of commands that E2B knows to run.
    package func commands() async throws -> [String] {
        try await self("command_list")["processes"].list?.map { $0["args"].list?.last?.string ?? "" } ?? []
    }

    /// Waits until E2B knows of none: what was killed has ended a moment after the answer to that.
    package func waitForNoCommands() async throws {
        try await eventually("the end of the commands") { try await commands().isEmpty }
    }

    /// The command lines of all processes in the sandbox.
    package func processes() async throws -> [String] {
        try await shell(#"for file in /proc/[0-9]*/cmdline; do tr '\0' ' ' <"$file"; echo; done 2>/dev/null"#)
            .split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    }
}

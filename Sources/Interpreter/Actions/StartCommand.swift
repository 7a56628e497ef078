import E2B

/// Starts a shell command in the background.
package struct StartCommand: SessionAction {
    package var session: String
    package var command: String
    package var variables: [String: String]
    package var directory: String?
    package var user: UnixUser?

    package init(
        session: String, command: String, variables: [String: String] = [:], directory: String? = nil,
        user: UnixUser? = nil
    ) {
        self.session = session
        self.command = command.program
        self.variables = variables
        self.directory = directory
        self.user = user
    }

    /// - Returns: the id of its process.
    package func perform(_ call: ActionCall) async throws -> UInt32 {
        let process = ProcessRequest.shell(
            command, envs: variables, cwd: directory, user: user?.name, timeout: nil)
        return try await inSandbox(call) { try await call.client.start(process, in: $0) }
    }
}

package import E2B

/// Lists the entries of a directory of the sandbox.
package struct ListFiles: SessionAction {
    package var session: String
    package var path: SandboxPath

    package init(session: String, path: SandboxPath) {
        self.session = session
        self.path = path
    }

    package func perform(_ call: ActionCall) async throws -> [FileEntry] {
        do {
            return try await inSandbox(call) { try await call.client.entries(of: path.text, in: $0) }
        } catch E2BError.notFound {
            throw InterpreterError.noFile(path.text)
        } catch E2BError.refused(_, let status, let message) where status < 502 {
            throw InterpreterError.notReadable(path.text, why: message)
        }
    }
}

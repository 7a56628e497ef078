import E2B

/// Writes a file, in the place of one that is there.
package struct WriteFile: SessionAction {
    package var session: String
    package var path: SandboxPath
    package var content: [UInt8]

    package init(session: String, path: SandboxPath, content: [UInt8]) {
        self.session = session
        self.path = path
        self.content = content
    }

    /// - Returns: the number of bytes.
    package func perform(_ call: ActionCall) async throws -> Int {
        let limit = call.limits.fileSize
        guard content.count <= limit else { throw InterpreterError.contentTooLarge(limit: limit) }
        do {
            try await inSandbox(call) { _ = try await call.client.write(content, to: path.text, in: $0) }
        } catch E2BError.notFound(_, let message) {
            throw InterpreterError.notWritable(path.text, why: message)
        } catch E2BError.refused(_, let status, let message) where status < 502 {
            throw InterpreterError.notWritable(path.text, why: message)
        }
        return content.count
    }
}

import E2B

/// Writes a file, and replaces one that exists.
package struct WriteFile: SessionAction {
    package var session: String
    package var path: SandboxPath
    package var content: [UInt8]

    package init(session: String, path: SandboxPath, content: [UInt8]) {
        self.session = session
        self.path = path
        self.content = content
    }

    /// - Returns: the number of bytes that were written.
    package func perform(_ call: ActionCall) async throws -> Int {
        let limit = call.limits.fileSize
        guard content.count <= limit else { throw InterpreterError.contentTooLarge(limit: limit) }
        try await Self.explaining(path) {
            try await inSandbox(call) { _ = try await call.client.write(content, to: path.text, in: $0) }
        }
        return content.count
    }

    private static func explaining(_ path: SandboxPath, _ work: () async throws -> Void) async throws {
        do {
            try await work()
        } catch E2BError.notFound(_, let message) {
            throw InterpreterError.notWritable(path.text, why: message)
        } catch E2BError.refused(_, let status, let message) where status < 502 {
            throw InterpreterError.notWritable(path.text, why: message)
        }
    }
}

// MARK: - Content that arrives

extension WriteFile {
    /// Whether writing a file in pieces has the same outcome as writing it at once.
    ///
    /// Pieces go into a new file, which replaces the old one when it is complete. A symbolic link in its place, or
    /// permissions that somebody has set, would be lost. The answer is also false if nothing is known about the path;
    /// writing at once then reports the reason.
    package static func takesPieces(session: String, path: SandboxPath, _ call: ActionCall) async -> Bool {
        do {
            let entry = try await call.services.sessions.with(
                call.key(of: session), SessionUse(time: .seconds(60), notes: call.notes)
            ) {
                try await call.client.entry(at: path.text, in: $0)
            }
            return entry.kind == .file && entry.symlinkTarget == nil && entry.mode & 0o7777 == 0o644
        } catch E2BError.notFound {
            return true
        } catch {
            return false
        }
    }

    /// Writes a file while its content arrives. If that fails, the old file is unchanged.
    ///
    /// - Throws: what `pieces` throws, and what ``perform(_:)`` throws.
    package static func write<Pieces: AsyncSequence & Sendable>(
        _ pieces: Pieces, session: String, path: SandboxPath, _ call: ActionCall
    ) async throws where Pieces.Element == [UInt8] {
        var isBegun = false
        try await explaining(path) {
            try await call.services.sessions.with(
                call.key(of: session), SessionUse(time: .seconds(60), notes: call.notes)
            ) { sandbox in
                // The pieces cannot be read a second time, so the call is not repeated.
                guard !isBegun else { throw E2BError.broken(.writeFile, why: "the sandbox ended meanwhile") }
                isBegun = true
                _ = try await call.client.write(pieces, to: path.text, in: sandbox)
            }
        }
    }
}

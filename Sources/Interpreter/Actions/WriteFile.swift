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
    /// Whether a file can be written in pieces with the same outcome as at once.
    ///
    /// One that is written in pieces takes the place of the old one when it is whole, and is a new file: a link, or
    /// permissions that somebody has set, would be lost. False also where it is not known: writing says why, then.
    package static func takesPieces(session: String, path: SandboxPath, _ call: ActionCall) async -> Bool {
        do {
            let entry = try await call.services.sessions.with(call.key(of: session)) {
                try await call.client.entry(at: path.text, in: $0)
            }
            return entry.kind == .file && entry.symlinkTarget == nil && entry.mode & 0o7777 == 0o644
        } catch E2BError.notFound {
            return true
        } catch {
            return false
        }
    }

    /// Writes a file while its content arrives. If that fails, the file is as it was before.
    ///
    /// - Throws: what `pieces` throws, and what ``perform(_:)`` throws.
    package static func write<Pieces: AsyncSequence & Sendable>(
        _ pieces: Pieces, session: String, path: SandboxPath, _ call: ActionCall
    ) async throws where Pieces.Element == [UInt8] {
        var isBegun = false
        try await explaining(path) {
            try await call.services.sessions.with(call.key(of: session)) { sandbox in
                // What has been taken of the pieces does not come again.
                guard !isBegun else { throw E2BError.broken(.writeFile, why: "the sandbox ended meanwhile") }
                isBegun = true
                _ = try await call.client.write(pieces, to: path.text, in: sandbox)
            }
        }
    }
}

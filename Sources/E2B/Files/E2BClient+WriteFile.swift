internal import Fetch
internal import JSON

extension E2BClient {
    /// Writes a file, over one that is there, and makes the directories above it. The call is never repeated once it was sent.
    /// Protocol.md, 3.3.
    ///
    /// A sandbox writes while it receives. If the call throws after it was sent, there may be a part of the file. A file that is
    /// written in pieces, by the other call of this name, is there as a whole or not at all.
    ///
    /// - Parameters:
    ///   - path: absolute, with `~`, or relative to the user's home.
    ///   - user: who will own it; nil for the sandbox's default one.
    /// - Throws: ``E2BError``: `.refused` for a directory (400), a full disk (507) or one's lack of permission.
    @discardableResult
    public func write(
        _ bytes: [UInt8], to path: String, user: String? = nil, in sandbox: Sandbox
    ) async throws(E2BError) -> WrittenFile {
        var request = try uploadRequest(to: path, user, in: sandbox)
        request.timeout += .seconds(bytes.count >> 20)
        if sandbox.readsRawUploads {
            request.headers.append(("Content-Type", "application/octet-stream"))
            request.body = .bytes(bytes)
        } else {
            let form = FileForm()
            request.headers.append(("Content-Type", form.contentType))
            request.body = .bytes(form.around(bytes))
        }
        return try writtenFile(try await call(.writeFile, request, in: sandbox))
    }

    /// Whether ``write(_:user:in:)`` takes a file with this path.
    public static func canWriteTogether(_ path: String) -> Bool { FileForm.canName(path) }

    /// Writes several files by one call, over those that are there, and makes the directories above them. The call is never repeated
    /// once it was sent. Protocol.md, 3.3.
    ///
    /// If the call throws after it was sent, there may be some of the files.
    ///
    /// - Parameters:
    ///   - files: of different paths, which ``canWriteTogether(_:)`` admits.
    ///   - user: who will own them; nil for the sandbox's default one.
    /// - Throws: ``E2BError``: `.refused` if one of them cannot be written.
    public func write(
        _ files: [(path: String, bytes: [UInt8])], user: String? = nil, in sandbox: Sandbox
    ) async throws(E2BError) {
        guard !files.isEmpty else { return }
        precondition(files.allSatisfy { FileForm.canName($0.path) }, "a path that a form cannot say")
        var request = try request(
            .writeFile, "POST", FileQuery(path: nil, user: sandbox.user(user)).target, of: .envd, in: sandbox)
        let form = FileForm()
        let body = form.around(files)
        request.timeout += .seconds(body.count >> 20)
        request.headers.append(("Content-Type", form.contentType))
        request.body = .bytes(body)
        _ = try writtenFile(try await call(.writeFile, request, in: sandbox))
    }

    /// Writes a file of any size, in pieces, over one that is there, and makes the directories above it. The call is never
    /// repeated once it was sent.
    ///
    /// envd cannot give up an upload: what has arrived of one that is cut stays in the file. So the pieces go to a file beside
    /// `path`, with a random name, which is moved to `path` when it is complete. If the call throws, what was at `path` is still
    /// there, and the part that was written is removed, or stays beside `path` if the sandbox cannot be reached. The file is a
    /// new one: it has neither the permissions nor the links of the old one. Protocol.md, 3.3 and 4.5.
    ///
    /// The call may take any time, but a sandbox that takes nothing for a minute while there are bytes to take is given up. The
    /// first piece is asked for when there is a connection, and each further one when the sandbox has taken all but a few hundred
    /// kilobytes of those before it. If the call ends first, the sequence is cancelled, and has to react to that.
    ///
    /// - Parameters:
    ///   - pieces: the bytes. The sequence is read once.
    ///   - length: the number of bytes in all pieces together; nil if it is not known. With 0 the sequence is not read.
    ///   - path: absolute, with `~`, or relative to the user's home.
    ///   - user: who will own it; nil for the sandbox's default one.
    /// - Throws: what `pieces` throws, or ``E2BError``: `.refused` for a directory, a full disk (507) or one's lack of
    ///   permission; `.broken` when the pieces are not as many bytes as `length` says.
    @discardableResult
    public func write<Pieces: AsyncSequence & Sendable>(
        _ pieces: Pieces, length: Int? = nil, to path: String, user: String? = nil, in sandbox: Sandbox
    ) async throws -> WrittenFile where Pieces.Element == [UInt8] {
        guard let temporary = Self.neighbour(of: path) else {
            throw E2BError.refused(.writeFile, status: 400, message: "the path is a directory's")
        }
        do {
            try await upload(pieces, length: length, to: temporary, user, in: sandbox)
            let file = try await move(temporary, to: path, user: user, .writeFile, in: sandbox)
            return WrittenFile(path: file.path, name: file.name)
        } catch {
            await discard(temporary, user, after: error, in: sandbox)
            throw error
        }
    }
}

extension E2BClient {
    /// A timeout that no transfer reaches.
    static let unlimited = Duration.seconds(365 * 86_400)
    /// How long an error waits for the first removal of what was written.
    private static let removalPatience = Duration.seconds(1)
    /// When, after the first removal, the file is removed again if the upload ended without an answer: envd may open the file
    /// only after that.
    private static let laterRemovals: [Duration] = [.seconds(1), .seconds(10)]

    private func upload<Pieces: AsyncSequence & Sendable>(
        _ pieces: Pieces, length: Int?, to path: String, _ user: String?, in sandbox: Sandbox
    ) async throws where Pieces.Element == [UInt8] {
        var request = try uploadRequest(to: path, user, in: sandbox)
        request.timeout = Self.unlimited
        request.idleTimeout = Self.fileSilenceLimit
        let source: BodySource
        if sandbox.readsRawUploads {
            request.headers.append(("Content-Type", "application/octet-stream"))
            source = BodySource(pieces, length: length)
        } else {
            let form = FileForm()
            request.headers.append(("Content-Type", form.contentType))
            source = BodySource(form.around(pieces), length: length.map { $0 + form.overhead })
        }
        request.body = .pieces(source)
        let answer = try await observed(.writeFile) { [request] () throws(E2BError) in
            try await explaining(sandbox) { () throws(E2BError) -> [UInt8]? in
                do throws(E2BError) {
                    return try body(.writeFile, of: try await response(.writeFile, to: request), in: sandbox)
                } catch {
                    // A source that failed says nothing about the sandbox.
                    guard source.failure == nil else { return nil }
                    throw error
                }
            }
        }
        if source.failure is BodyError {
            throw E2BError.broken(.writeFile, why: "the pieces are not the \(length ?? 0) bytes that were announced")
        }
        if let failure = source.failure { throw failure }
        _ = try writtenFile(answer ?? [])
    }

    private func uploadRequest(to path: String, _ user: String?, in sandbox: Sandbox) throws(E2BError) -> FetchRequest {
        try request(.writeFile, "POST", FileQuery(path: path, user: sandbox.user(user)).target, of: .envd, in: sandbox)
    }

    private func writtenFile(_ body: [UInt8]) throws(E2BError) -> WrittenFile {
        try read(.writeFile, body) { json throws(MalformedJSON) in try json.list(WrittenFile.init(json:)).first }
    }

    private func discard(_ path: String, _ user: String?, after error: any Error, in sandbox: Sandbox) async {
        if let error = error as? E2BError, error.isBeforeSending || error.isSandboxGone { return }
        // The caller gets the first error, which says more than one of these.
        await inBackground(waitingAtMost: Self.removalPatience) {
            try? await self.remove(path, user: user, in: sandbox)
        }
        if let error = error as? E2BError, error.isAnswer { return }
        await inBackground(waitingAtMost: .zero) {
            for pause in Self.laterRemovals {
                try? await Task.sleep(for: pause)
                try? await self.remove(path, user: user, in: sandbox)
            }
        }
    }

    /// Returns a random path in the same directory; nil if `path` cannot be a file's.
    static func neighbour(of path: String) -> String? {
        let name = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[path.utf8.index(after: $0)...] } ?? path[...]
        guard !["", ".", ".."].contains(name), path != "~" else { return nil }
        return path.dropLast(name.count) + ".\(String(UInt64.random(in: .min ... .max), radix: 16)).part"
    }
}

extension E2BError {
    fileprivate var isSandboxGone: Bool { if case .sandboxGone = self { true } else { false } }

    /// Whether envd has answered, so that it does nothing more for the call.
    fileprivate var isAnswer: Bool {
        switch self {
        case .refused, .notFound, .unauthorized, .rateLimited: true
        default: false
        }
    }
}

extension Sandbox {
    /// Whether envd accepts the file's bytes alone as an upload. All versions accept a form, which is used if the version is not
    /// known.
    fileprivate var readsRawUploads: Bool { EnvdVersion(envdVersion).map { $0 >= .rawUpload } ?? false }
}

extension WrittenFile {
    /// - Returns: nil if there is no path.
    init?(json: JSONValue) throws(MalformedJSON) {
        guard let path = try json.member("path")?.string else { return nil }
        self.init(path: path, name: try json.member("name")?.string ?? "")
    }
}

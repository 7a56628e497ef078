internal import Fetch

extension E2BClient {
    /// How long a sandbox may send nothing of a file that is read, or take nothing of one that is written.
    static let fileSilenceLimit = Duration.seconds(60)

    /// Reads a file. Protocol.md, 3.2.
    ///
    /// - Parameters:
    ///   - path: absolute, with `~`, or relative to the user's home.
    ///   - user: nil for the sandbox's default one.
    ///   - limit: the largest number of bytes. A larger file throws `.tooLarge`, mostly before any of it is read.
    ///   - reservation: grows by the file's bytes before they are read; nil if nobody counts them.
    /// - Throws: ``E2BError``: `.notFound` if there is no such file, `.refused` for a directory.
    public func read(
        _ path: String, user: String? = nil, limit: Int, holding reservation: (any MemoryReservation)? = nil,
        in sandbox: Sandbox
    ) async throws(E2BError) -> [UInt8] {
        let held = reservation?.count ?? 0
        func hold(_ count: Int) async throws(E2BError) {
            guard let reservation, await !reservation.hold(held + count) else { return }
            throw .outOfMemory(.readFile)
        }
        let contents = try await open(
            path, user: user, limit: limit, within: configuration.requestTimeout + .seconds(max(0, limit) >> 20),
            in: sandbox)
        defer { contents.close() }
        let length = contents.length ?? 0
        guard length <= limit else { throw .tooLarge(.readFile, limit: limit) }
        try await hold(length)
        var file: [UInt8] = []
        file.reserveCapacity(min(max(0, length), 64 << 20))
        do throws(E2BError) {
            while let piece = try await contents.next() {
                guard piece.count <= limit - file.count else { throw .tooLarge(.readFile, limit: limit) }
                // The length was not announced.
                if file.count + piece.count > length { try await hold(file.count + piece.count) }
                file += piece
            }
        } catch .tooLarge {
            throw .tooLarge(.readFile, limit: limit)
        }
        return file
    }

    /// Reads a file of any size, in pieces, for as long as `body` runs. Protocol.md, 3.2.
    ///
    ///     try await client.read("/home/user/large.bin", in: sandbox) { contents in
    ///         for try await piece in contents { try await response.write(piece) }
    ///     }
    ///
    /// The call may take any time, because the sandbox sends no more than `body` takes. A sandbox that sends nothing for a minute
    /// while `body` waits is given up.
    ///
    /// - Throws: what `body` throws, or ``E2BError``: `.notFound` when there is no file, `.refused` for a directory, and
    ///   `.broken` for a file of which only a part has come.
    public func read<Value>(
        _ path: String, user: String? = nil, in sandbox: Sandbox, _ body: (FileContents) async throws -> Value
    ) async throws -> Value {
        let contents = try await open(path, user: user, limit: .max, within: Self.unlimited, in: sandbox)
        defer { contents.close() }
        return try await body(contents)
    }

    /// Opens a file: asks for it, and waits for the response's head. The caller has to close what this returns.
    private func open(
        _ path: String, user: String?, limit: Int, within timeout: Duration, in sandbox: Sandbox
    ) async throws(E2BError) -> FileContents {
        let query = FileQuery(path: path, user: sandbox.user(user))
        var request = try request(.readFile, "GET", query.target, of: .envd, in: sandbox)
        // The edge pads downloads over HTTP/2 with empty frames. Protocol.md, 1.7.
        request.httpVersion = .http1
        request.timeout = timeout
        request.idleTimeout = Self.fileSilenceLimit
        // A refusal's words may be longer than the file.
        request.responseLimit = max(limit, 1 << 16)
        request = try limited(request, .readFile)
        let stream: FetchStream
        do {
            stream = try fetcher.open(request)
        } catch {
            throw E2BError(.readFile, error)
        }
        do {
            return try await observed(.readFile) { () throws(E2BError) in
                try await explaining(sandbox) { () throws(E2BError) in try await contents(of: stream, in: sandbox) }
            }
        } catch {
            stream.cancel()
            throw error
        }
    }

    private func contents(of stream: FetchStream, in sandbox: Sandbox) async throws(E2BError) -> FileContents {
        let head = try await beginning(of: stream, .readFile) { () throws(E2BError) in
            do throws(FetchError) { return try await stream.head() } catch { throw E2BError(.readFile, error) }
        }
        guard head.status == 200 else {
            throw await refusal(head, stream) { head, body in
                E2BError(.readFile, head, body: body, without: secrets(of: sandbox))
            }
        }
        let length = head.headers["content-length"].flatMap { Int($0) }
        return FileContents(length: length, stream, self, sandbox)
    }
}

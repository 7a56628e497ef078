package import Budget
internal import Fetch
internal import JSON

extension E2BClient {
    /// How long nothing may come of a file that is being read.
    private static let silenceLimit = Duration.seconds(60)

    /// Writes a file, over one that is there, and makes the directories above it. Never repeated. Protocol.md, 3.3.
    ///
    /// - Parameters:
    ///   - path: absolute, with `~`, or relative to the user's home.
    ///   - user: who will own it; nil for the sandbox's default one.
    /// - Throws: ``E2BError``: `.refused` for a directory (400), a full disk (507) or one's lack of permission.
    @discardableResult
    public func write(
        _ bytes: [UInt8], to path: String, user: String? = nil, in sandbox: Sandbox
    ) async throws(E2BError) -> WrittenFile {
        let query = FileQuery(path: path, user: sandbox.user(user))
        var request = try request(.writeFile, "POST", query.target, of: .envd, in: sandbox)
        request.timeout += .seconds(bytes.count >> 20)
        // Where nothing is known of envd, the form that all of them read.
        if let version = EnvdVersion(sandbox.envdVersion), version >= .rawUpload {
            request.headers.append(("Content-Type", "application/octet-stream"))
            request.body = .bytes(bytes)
        } else {
            let form = MultipartFile(bytes)
            request.headers.append(("Content-Type", form.contentType))
            request.body = .bytes(form.body)
        }
        let body = try await call(.writeFile, request, in: sandbox)
        return try read(.writeFile, body) { json throws(MalformedJSON) in try json.list(WrittenFile.init(json:)).first }
    }

    /// Reads a file. Protocol.md, 3.2.
    ///
    /// - Parameter limit: bytes; beyond it `.tooLarge`, mostly before any of the file has come.
    /// - Throws: ``E2BError``: `.notFound` when there is none, `.refused` for a directory.
    public func read(
        _ path: String, user: String? = nil, limit: Int, in sandbox: Sandbox
    ) async throws(E2BError) -> [UInt8] {
        try await read(path, user: user, limit: limit, holding: nil, in: sandbox)
    }

    /// - Parameter reservation: grows by the file's bytes before they are read.
    package func read(
        _ path: String, user: String? = nil, limit: Int, holding reservation: ByteBudget.Reservation?,
        in sandbox: Sandbox
    ) async throws(E2BError) -> [UInt8] {
        let query = FileQuery(path: path, user: sandbox.user(user))
        var request = try request(.readFile, "GET", query.target, of: .envd, in: sandbox)
        request.httpVersion = .http1
        request.timeout += .seconds(max(0, limit) >> 20)
        request.idleTimeout = Self.silenceLimit
        // A refusal's words may be longer than the file.
        request.responseLimit = max(limit, 1 << 16)
        request = try limited(request, .readFile)
        let stream: FetchStream
        do {
            stream = try fetcher.open(request)
        } catch {
            throw E2BError(.readFile, error)
        }
        defer { stream.cancel() }
        return try await explaining(sandbox) { () throws(E2BError) in
            try await file(stream, limit: limit, holding: reservation, in: sandbox)
        }
    }

    private func file(
        _ stream: FetchStream, limit: Int, holding reservation: ByteBudget.Reservation?, in sandbox: Sandbox
    ) async throws(E2BError) -> [UInt8] {
        let held = reservation?.count ?? 0
        func hold(_ count: Int) async throws(E2BError) {
            guard let reservation, await !reservation.grow(to: held + count, within: ByteBudget.patience) else { return }
            throw .outOfMemory(.readFile)
        }
        do {
            let head = try await beginning(of: stream, .readFile) { () throws(E2BError) in
                do throws(FetchError) { return try await stream.head() } catch { throw E2BError(.readFile, error) }
            }
            guard head.status == 200 else {
                throw await refusal(head, stream) { head, body in
                    E2BError(.readFile, head, body: body, hiding: secrets(of: sandbox))
                }
            }
            let length = head.headers["content-length"].flatMap { Int($0) } ?? 0
            guard length <= limit else { throw E2BError.tooLarge(.readFile, limit: limit) }
            try await hold(length)
            var file: [UInt8] = []
            file.reserveCapacity(min(max(0, length), 64 << 20))
            while let chunk = try await stream.next() {
                guard chunk.count <= limit - file.count else { throw E2BError.tooLarge(.readFile, limit: limit) }
                guard !Task.isCancelled else { throw E2BError.cancelled }
                // One whose length was not announced.
                if file.count + chunk.count > length { try await hold(file.count + chunk.count) }
                file += chunk
            }
            return file
        } catch let error as E2BError {
            throw error
        } catch FetchError.responseTooLarge {
            throw .tooLarge(.readFile, limit: limit)
        } catch let error as FetchError {
            throw E2BError(.readFile, error)
        } catch {
            throw .cancelled
        }
    }
}

/// The query of `/files`. Protocol.md, 3.1.
struct FileQuery {
    var path: String
    var user: String?
    var signature: String?
    /// Seconds since 1970.
    var expiration: Int?

    /// Path and query of a URL.
    var target: String {
        var fields = [(name: "path", value: path)]
        if let user { fields.append(("username", user)) }
        if let signature { fields.append(("signature", signature)) }
        if let expiration { fields.append(("signature_expiration", String(expiration))) }
        return "/files?" + PercentEncoding.query(fields)
    }
}

/// One file as a form. RFC 7578. Its name is in the query.
struct MultipartFile {
    let contentType: String
    let body: [UInt8]

    init(_ bytes: [UInt8]) {
        // Nobody who made the bytes can know it.
        let boundary = (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 16) }.joined(separator: "-")
        contentType = "multipart/form-data; boundary=\(boundary)"
        let head = """
            --\(boundary)\r
            Content-Disposition: form-data; name="file"; filename="file"\r
            Content-Type: application/octet-stream\r
            \r\n
            """
        var body: [UInt8] = []
        body.reserveCapacity(bytes.count + 256)
        body += head.utf8
        body += bytes
        body += "\r\n--\(boundary)--\r\n".utf8
        self.body = body
    }
}

extension WrittenFile {
    /// - Returns: nil without a path.
    init?(json: JSONValue) throws(MalformedJSON) {
        guard let path = try json.member("path")?.string else { return nil }
        self.init(path: path, name: try json.member("name")?.string ?? "")
    }
}

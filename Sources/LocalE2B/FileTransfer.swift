internal import FlyingFox
internal import Foundation
internal import Synchronization

/// `GET /files` and `POST /files`. Protocol document, 3.1 to 3.4.
struct FileTransfer {
    static let bodyLimit = 256 << 20
    static let chunkSize = 192 << 10

    let sandbox: Sandbox

    func answer(_ request: HTTPRequest) async throws -> HTTPResponse {
        let query = Query(request.target.query())
        try authorize(request, query)
        switch request.method {
        case .GET: return try await download(query)
        case .POST: return try await upload(request, query)
        default: throw Refusal.api(405, "Method not allowed")
        }
    }

    /// A token that is there and wrong is not made good by a signature.
    private func authorize(_ request: HTTPRequest, _ query: Query) throws {
        guard let token = sandbox.token else { return }
        if let candidate = request.headers[HTTPHeader("X-Access-Token")] {
            guard sandbox.admits(token: candidate) else {
                throw Refusal.api(
                    401, "unauthorized access, please provide a valid access token or method signing if supported")
            }
            return
        }
        guard let signature = query["signature"] else { throw Refusal.api(401, "missing signature query parameter") }
        let signed = FileSignature(request, query)
        guard signed.isSigned(signature, token: token) else { throw Refusal.api(401, "invalid signature") }
        if let expiration = signed.expiration, Double(expiration) < Date.now.timeIntervalSince1970 {
            throw Refusal.api(401, "signature is already expired")
        }
    }

    // MARK: Download

    private struct Found: Decodable {
        var size: Int
        var modified: Double?
        var path: String?
    }

    private func download(_ query: Query) async throws -> HTTPResponse {
        let path = query["path"] ?? ""
        let download: Download
        let found: Found
        do throws(AgentCallError) {
            let opened: (id: Int, mailbox: Mailbox)
            do throws(Mailbox.Closing) {
                opened = try await sandbox.agent.open(Operation.ReadFile(path: path, user: query["username"]))
            } catch {
                throw .gone
            }
            download = Download(agent: sandbox.agent, id: opened.id, mailbox: opened.mailbox)
            let json = try await sandbox.agent.result(in: opened.mailbox)
            guard let decoded = try? JSONDecoder().decode(Found.self, from: Data(json)), decoded.size >= 0 else {
                throw .gone
            }
            found = decoded
        } catch {
            throw refusal(error)
        }
        let name = (found.path ?? path).split(separator: "/").last.map(String.init) ?? "file"
        let headers: HTTPHeaders = [
            .contentType: ContentType.of(name), .contentDisposition: "inline; filename=\(Self.quoted(name))",
            HTTPHeader("Vary"): "Accept-Encoding",
        ]
        guard found.size > 0 else { return HTTPResponse(statusCode: .ok, headers: headers) }
        download.expect(found.size)
        return HTTPResponse(
            statusCode: .ok, headers: headers,
            body: HTTPBodySequence(from: PulledBody(source: download.source), count: found.size))
    }

    /// A file name can hold anything; a header cannot.
    private static func quoted(_ name: String) -> String {
        let isPlain = name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"\\;,()<>@:/[]?={}".utf8.contains($0) }
        if isPlain { return name }
        return "\""
            + name.printable.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
            + "\""
    }

    // MARK: Upload

    private func upload(_ request: HTTPRequest, _ query: Query) async throws -> HTTPResponse {
        let type = request.headers[.contentType] ?? ""
        guard (request.headers[.contentEncoding] ?? "identity").lowercased() == "identity" else {
            throw Refusal.api(415, "content encodings are not supported by the local sandbox")
        }
        let body = try await request.body(limit: Self.bodyLimit)
        var parts: [(path: String, content: ArraySlice<UInt8>)] = []
        if type.lowercased().hasPrefix("multipart/form-data") {
            parts = try files(in: body, type, path: query["path"])
        } else if type.lowercased().hasPrefix("application/octet-stream") {
            guard let path = query["path"], !path.isEmpty else { throw Refusal.api(400, "path is required") }
            parts = [(path, body[...])]
        } else {
            throw Refusal.api(400, "unsupported content type: '\(type.prefix(100).description.printable)'")
        }
        var written: [[UInt8]] = []
        var paths: Set<String> = []
        for part in parts {
            guard paths.insert(part.path).inserted else {
                throw Refusal.api(
                    400, "you cannot upload multiple files to the same path '\(part.path)' in one request")
            }
            do throws(AgentCallError) {
                written.append(try await write(part.content, to: part.path, user: query["username"]))
            } catch {
                throw refusal(error)
            }
        }
        return .json(Array("[".utf8) + written.joined(separator: ",".utf8) + "]".utf8)
    }

    private func files(
        in body: [UInt8], _ type: String, path: String?
    ) throws -> [(path: String, content: ArraySlice<UInt8>)] {
        let form: [Multipart.Part]
        do throws(Multipart.Malformed) {
            form = try Multipart.parts(of: body, contentType: type)
        } catch {
            throw Refusal.api(400, "error parsing multipart form: \(error)")
        }
        return try form.filter { $0.name == "file" }.map { part in
            guard let path = path ?? part.filename, !path.isEmpty else { throw Refusal.api(400, "a file has no path") }
            return (path, part.content)
        }
    }

    private func write(
        _ content: ArraySlice<UInt8>, to path: String, user: String?
    ) async throws(AgentCallError) -> [UInt8] {
        let agent = sandbox.agent
        do {
            let (id, mailbox) = try await agent.open(Operation.WriteFile(path: path, user: user))
            defer { agent.forget(id) }
            var rest = content
            while !rest.isEmpty {
                let data = Data(rest.prefix(Self.chunkSize)).base64EncodedString()
                try await agent.send(Operation.WriteChunk(target: id, data: data))
                rest = rest.dropFirst(Self.chunkSize)
            }
            try await agent.send(Operation.WriteEnd(target: id))
            return try await agent.result(in: mailbox)
        } catch let error as AgentCallError {
            throw error
        } catch {
            throw .gone
        }
    }

    private func refusal(_ error: AgentCallError) -> Refusal {
        guard case .refused(let failure) = error else { return .sandboxGone(sandbox.id) }
        let status =
            switch failure.code {
            case "not_found": 404
            case "invalid_argument": 400
            case "permission_denied": 403
            case "unauthenticated": 401
            case "resource_exhausted": 507
            default: 500
            }
        return .api(status, failure.message ?? "failed")
    }
}

/// A file on its way to the client, exactly as many bytes as its header promised.
private final class Download: Sendable {
    private let agent: Agent
    private let id: Int
    private let mailbox: Mailbox
    private let left = Mutex(0)

    init(agent: Agent, id: Int, mailbox: Mailbox) {
        self.agent = agent
        self.id = id
        self.mailbox = mailbox
    }

    deinit {
        agent.forget(id)
        if left.withLock({ $0 > 0 }) { agent.notify(Operation.Cancel(target: id)) }
    }

    func expect(_ size: Int) {
        left.withLock { $0 = size }
    }

    var source: BodySource {
        BodySource(pull: { [self] in try await next() }, finish: {})
    }

    private func next() async throws -> [UInt8]? {
        while left.withLock({ $0 > 0 }) {
            switch try await mailbox.next() {
            case .content(.data(let data)) where !data.isEmpty:
                // The file can grow while it is read.
                return left.withLock { left in
                    let piece = Array(data.prefix(left))
                    left -= piece.count
                    return piece
                }
            // It shrank: closing early is the only way left to say so.
            case .content(.end), .content(.failure): throw ExecutionStream.Cut.sandboxGone
            case .content, .silence: continue
            }
        }
        return nil
    }
}

extension FileSignature {
    init(_ request: HTTPRequest, _ query: Query) {
        self.init(
            path: query["path"] ?? "", access: request.method == .GET ? .read : .write, user: query["username"] ?? "",
            expiration: query["signature_expiration"].flatMap { Int($0) })
    }
}

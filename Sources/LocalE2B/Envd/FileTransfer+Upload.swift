internal import FlyingFox
internal import Foundation

extension FileTransfer {
    func upload(_ request: HTTPRequest, _ query: Query) async throws -> HTTPResponse {
        let type = request.headers[.contentType] ?? ""
        guard (request.headers[.contentEncoding] ?? "identity").lowercased() == "identity" else {
            throw HTTPError.api(415, "content encodings are not supported by the local sandbox")
        }
        let body = try await request.body(limit: Self.bodyLimit)
        var parts: [(path: String, content: ArraySlice<UInt8>)] = []
        if type.lowercased().hasPrefix("multipart/form-data") {
            parts = try files(in: body, type, path: query["path"])
        } else if type.lowercased().hasPrefix("application/octet-stream") {
            guard let path = query["path"], !path.isEmpty else { throw HTTPError.api(400, "path is required") }
            parts = [(path, body[...])]
        } else {
            throw HTTPError.api(400, "unsupported content type: '\(type.prefix(100).description.printable)'")
        }
        var written: [[UInt8]] = []
        var paths: Set<String> = []
        for part in parts {
            guard paths.insert(part.path).inserted else {
                throw HTTPError.api(
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
        do throws(Multipart.ParseError) {
            form = try Multipart.parts(of: body, contentType: type)
        } catch {
            throw HTTPError.api(400, "error parsing multipart form: \(error)")
        }
        return try form.filter { $0.name == "file" }.map { part in
            guard let path = path ?? part.filename, !path.isEmpty else {
                throw HTTPError.api(400, "a file has no path")
            }
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
}

internal import FlyingFox
internal import Foundation

extension FileTransfer {
    func upload(_ request: HTTPRequest, _ query: Query) async throws -> HTTPResponse {
        let type = request.headers[.contentType] ?? ""
        guard (request.headers[.contentEncoding] ?? "identity").lowercased() == "identity" else {
            throw HTTPError.api(415, "content encodings are not supported by the local sandbox")
        }
        if type.lowercased().hasPrefix("application/octet-stream") {
            guard let path = query["path"], !path.isEmpty else { throw HTTPError.api(400, "path is required") }
            let written = try await write(bodyOf: request, to: path, user: query["username"])
            return .json(Array("[".utf8) + written + "]".utf8)
        }
        let body = try await request.body(limit: Self.bodyLimit)
        guard type.lowercased().hasPrefix("multipart/form-data") else {
            throw HTTPError.api(400, "unsupported content type: '\(type.prefix(100).description.printable)'")
        }
        let parts = try files(in: body, type, path: query["path"])
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

    /// Writes a body of any size while it arrives. Of one that is cut, what has arrived stays in the file, as envd does it.
    private func write(bodyOf request: HTTPRequest, to path: String, user: String?) async throws -> [UInt8] {
        let agent = sandbox.agent
        do {
            let (id, mailbox) = try await agent.open(Operation.WriteFile(path: path, user: user))
            defer { agent.forget(id) }
            var waiting: [UInt8] = []
            var count = 0
            do {
                for try await piece in request.bodySequence {
                    count += piece.count
                    guard count <= Self.fileLimit else {
                        throw HTTPError.api(
                            413, "The file is larger than \(Self.fileLimit) bytes", headers: [.connection: "close"])
                    }
                    waiting += piece
                    if waiting.count >= Self.chunkSize { try await send(&waiting, to: id) }
                }
            } catch {
                // The agent closes the file.
                agent.notify(Operation.WriteEnd(target: id))
                throw error
            }
            if !waiting.isEmpty { try await send(&waiting, to: id) }
            try await agent.send(Operation.WriteEnd(target: id))
            return try await agent.result(in: mailbox)
        } catch let error as AgentCallError {
            throw refusal(error)
        } catch is Mailbox.ClosedError {
            throw refusal(.gone)
        }
    }

    private func send(_ bytes: inout [UInt8], to id: Int) async throws(Mailbox.ClosedError) {
        try await sandbox.agent.send(Operation.WriteChunk(target: id, data: Data(bytes).base64EncodedString()))
        bytes.removeAll(keepingCapacity: true)
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

import Foundation
import TestSupport

/// The file calls of LibreChat's client for its own code interpreter API, as its versions make them, through nginx.
struct LibreChatFiles: Sendable {
    enum Version: String, CaseIterable, Sendable { case v076 = "0.7.6", v085 = "0.8.5", v088 = "0.8.8" }

    /// The base URL, with or without a key in its path.
    var base: String
    var version: Version
    var key: String?
    var user: String? = "66f0c0ffee"
    var isChunked = true
    let folder: URL

    /// A part of a form: a text field, or a file.
    struct Part {
        var name = "file"
        var filename: String?
        var type = "application/octet-stream"
        var content: Data

        static func field(_ name: String, _ value: String) -> Part { Part(name: name, content: Data(value.utf8)) }

        static func file(_ filename: String, _ content: String, type: String = "text/csv") -> Part {
            Part(filename: filename, type: type, content: Data(content.utf8))
        }
    }

    private var boundary: String {
        // npm's form-data, and axios' own.
        version == .v088
            ? "axios-1.7.9-boundary-0123456789abcdefghijABCDE" : "--------------------------418273649182736451827364"
    }

    private var ownHeaders: [String] {
        var headers = ["User-Agent: LibreChat/1.0", "Accept: application/json, text/plain, */*"]
        if let key { headers.append("X-API-Key: \(key)") }
        if version == .v088 { headers.append("X-CodeAPI-Expected-Profile: default") }
        return headers
    }

    func upload(_ parts: [Part], isBatch: Bool = false) async throws -> HTTPReply {
        var body = Data()
        for part in parts {
            body += Data("--\(boundary)\r\nContent-Disposition: form-data; name=\"\(part.name)\"".utf8)
            if let filename = part.filename {
                body += Data("; filename=\"\(filename)\"\r\nContent-Type: \(part.type)".utf8)
            }
            body += Data("\r\n\r\n".utf8) + part.content + Data("\r\n".utf8)
        }
        body += Data("--\(boundary)--\r\n".utf8)
        let headers =
            ["Content-Type: multipart/form-data; boundary=\(boundary)"] + (user.map { ["User-Id: \($0)"] } ?? [])
            + (isChunked ? ["Transfer-Encoding: chunked"] : [])
        return try await send("POST", isBatch ? "/upload/batch" : "/upload", headers, body)
    }

    func send(
        _ method: String, _ path: String, _ headers: [String] = [], _ body: Data? = nil
    ) async throws -> HTTPReply {
        var arguments = [
            "--silent", "--show-error", "--include", "--max-time", "100", "--path-as-is", "--request", method,
        ]
        if method == "HEAD" { arguments.append("--head") }
        for header in ownHeaders + headers + ["Expect:"] { arguments += ["--header", header] }
        if body != nil { arguments += ["--data-binary", "@-"] }
        let curl = try await ChildProcess(
            Binaries.system("curl"), arguments + [base + path], name: "curl", in: folder, input: body)
        let exit = await curl.ended()
        guard exit == .status(0) else {
            throw HarnessError.ended(program: "curl \(method) \(base)\(path)", exit: exit, log: curl.log)
        }
        return try HTTPReply(parsing: curl.output)
    }
}

/// What an upload answers, as LibreChat reads it.
struct UploadedFiles: Decodable {
    struct File: Decodable {
        let fileId: String?
        let filename: String
        let status: String?
        let error: String?
    }
    let message: String
    let session_id: String
    let storage_session_id: String
    let files: [File]
    let succeeded: Int?
    let failed: Int?

    init(_ reply: HTTPReply) throws { self = try JSONDecoder().decode(Self.self, from: reply.body) }

    /// `<session>/<file>` of the first file.
    var path: String { "\(storage_session_id)/\(files.first?.fileId ?? "?")" }
}

package import Foundation

/// One HTTP answer.
package struct HTTPReply: Sendable {
    package let status: Int
    /// By lower-case name; of a repeated header the last.
    package let headers: [String: String]
    package let body: Data
    package var text: String { String(decoding: body, as: UTF8.self) }

    /// The status line, headers and body as curl's `--include` and a CGI program write them.
    package init(parsing message: Data) throws {
        var rest = message[...]
        var head: [String] = []
        // An interim answer (100 Continue) has a head of its own.
        repeat {
            guard let end = rest.firstRange(of: Data("\r\n\r\n".utf8)) else {
                throw HarnessError.unreadable("head of \(message.count) bytes")
            }
            head = String(decoding: rest[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
            rest = rest[end.upperBound...]
        } while head.first?.hasPrefix("HTTP/1.1 100") == true
        var headers: [String: String] = [:]
        for line in head {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
                in: .whitespaces)
        }
        // "HTTP/1.1 200 OK" over HTTP, "Status: 200 OK" from a CGI program.
        let line = headers["status"].map { "CGI \($0)" } ?? head.first ?? ""
        guard let status = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw HarnessError.unreadable("status line \(line)")
        }
        self.status = status
        self.headers = headers
        body = Data(rest)
    }
}

/// Requests by curl: a client that is not ours, and a process that can be made to hang up at any moment.
package struct HTTPClient: Sendable {
    package let base: String
    /// For curl's files.
    package let folder: URL
    package var headers: [String: String] = [:]

    package init(base: String, folder: URL) {
        self.base = base
        self.folder = folder
    }

    package func get(_ path: String) async throws -> HTTPReply { try await send("GET", path) }

    /// `POST /execute`.
    package func execute(_ code: String, _ fields: [String: any Sendable] = [:]) async throws -> HTTPReply {
        try await send("POST", "/execute", body: Self.body(code, fields))
    }

    package func send(
        _ method: String, _ path: String, body: Data? = nil, type: String = "application/json"
    ) async throws -> HTTPReply {
        let request = try await start(method, path, body: body, type: type)
        let exit = await request.ended()
        guard exit == .status(0) else {
            throw HarnessError.ended(program: "curl \(method) \(base)\(path)", exit: exit, log: request.log)
        }
        return try HTTPReply(parsing: request.output)
    }

    /// A request under way: stop the process to hang up, read its `output` for the reply.
    package func start(
        _ method: String, _ path: String, body: Data? = nil, type: String = "application/json"
    ) async throws -> ChildProcess {
        var arguments = ["--silent", "--show-error", "--include", "--max-time", "300", "--request", method]
        if method == "HEAD" { arguments.append("--head") }
        for (name, value) in headers { arguments += ["--header", "\(name): \(value)"] }
        if body != nil { arguments += ["--header", "Content-Type: \(type)", "--data-binary", "@-"] }
        return try await ChildProcess(
            Binaries.system("curl"), arguments + [base + path], name: "curl", in: folder, input: body)
    }

    package static func body(_ code: String, _ fields: [String: any Sendable] = [:]) throws -> Data {
        var object: [String: Any] = fields
        object["code"] = code
        return try JSONSerialization.data(withJSONObject: object)
    }
}

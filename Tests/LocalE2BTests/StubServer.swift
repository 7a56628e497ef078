import Foundation
import Testing

@testable import LocalE2B

/// The real server in front of `stub_agent.py`: everything but bubblewrap and kernels.
struct StubServer {
    let server: LocalE2BServer
    let http: RawHTTP
    var folder = ""

    static func with<Value>(
        maxSandboxes: Int = 20, faults: String = "", arguments: [String] = [],
        _ body: (StubServer) async throws -> Value
    ) async throws -> Value {
        let files = try AgentFiles()
        var configuration = LocalE2BConfiguration()
        configuration.port = 0
        configuration.maxSandboxes = maxSandboxes
        configuration.allowsFaults = true
        configuration.faults = try FaultRule.parse(faults)
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "stub_agent.py").path
        let server = try await LocalE2BServer.start(configuration, files) { () throws(LocalE2BError) in
            let home = try files.makeFolder(named: Token.letters(8))
            return Launch(
                program: Launch.python, arguments: [Launch.python, "-B", script] + arguments,
                environment: ["HOME": home], folder: home, isIsolated: true)
        }
        return try await with(server) { stub in
            var stub = stub
            stub.folder = files.folder
            return try await body(stub)
        }
    }

    /// What the one agent that wrote such a note wrote; empty before.
    func note(_ name: String) throws -> String {
        for home in try FileManager.default.contentsOfDirectory(atPath: folder) {
            let note = ProcFile.text("\(folder)/\(home)/\(name)")
            if !note.isEmpty { return note }
        }
        return ""
    }

    /// The same with real sandboxes.
    static func withKernels<Value>(
        _ configuration: LocalE2BConfiguration = LocalE2BConfiguration(),
        _ body: (StubServer) async throws -> Value
    ) async throws -> Value {
        var configuration = configuration
        configuration.port = 0
        return try await with(try await LocalE2BServer.start(configuration), body)
    }

    private static func with<Value>(
        _ server: LocalE2BServer, _ body: (StubServer) async throws -> Value
    ) async throws -> Value {
        do {
            let value = try await body(StubServer(server: server, http: RawHTTP(port: server.port)))
            await server.stop()
            return value
        } catch {
            await server.stop()
            throw error
        }
    }

    // MARK: Calls

    func control(_ method: String, _ path: String, _ body: String = "") async -> RawHTTP.Answer {
        await http.send(method, path, ["X-API-Key": server.apiKey], body: body)
    }

    /// The identifier of a new sandbox, whose files and processes want its token.
    func create(_ body: String = #"{"templateID":"code-interpreter-v1","timeout":600}"#) async throws -> String {
        let answer = await control("POST", "/v2/sandboxes", body)
        return try #require(answer.json["sandboxID"] as? String, "\(answer)")
    }

    /// One that wants none.
    func createOpen() async throws -> String {
        let answer = await control("POST", "/sandboxes", #"{"templateID":"base","timeout":300}"#)
        return try #require(answer.json["sandboxID"] as? String, "\(answer)")
    }

    /// A unary call of envd.
    func rpc(_ method: String, _ message: String, in id: String, user: String? = nil) async -> RawHTTP.Answer {
        await http.send("POST", "/\(method)", envd(id).merging(Self.basic(user)) { $1 }, body: message)
    }

    /// A stream of envd.
    func stream(
        _ method: String, _ message: String, in id: String, user: String? = nil, timeout: Int? = nil,
        leaveAfter: String? = nil
    ) async -> RawHTTP.Answer {
        var headers = envd(id, type: "application/connect+json").merging(Self.basic(user)) { $1 }
        headers["Connect-Timeout-Ms"] = timeout.map(String.init)
        let body = ConnectEnvelope(payload: Array(message.utf8)).bytes
        return await http.send("POST", "/\(method)", headers, body: body, leaveAfter: leaveAfter)
    }

    /// Starts a command of bash, as the SDKs do.
    func bash(
        _ command: String, in id: String, user: String? = nil, timeout: Int? = nil, leaveAfter: String? = nil
    ) async throws -> RawHTTP.Answer {
        let start: JSON = .object([
            "process": .object([
                "cmd": .string("/bin/bash"), "args": .array([.string("-l"), .string("-c"), .string(command)]),
            ]),
            "stdin": .bool(false),
        ])
        let message = String(decoding: try JSONEncoder().encode(start), as: UTF8.self)
        return await stream(
            "process.Process/Start", message, in: id, user: user, timeout: timeout, leaveAfter: leaveAfter)
    }

    private static func basic(_ user: String?) -> [String: String] {
        user.map { ["Authorization": "Basic " + Data("\($0):".utf8).base64EncodedString()] } ?? [:]
    }

    func execute(_ code: String, in id: String, leaveAfter: String? = nil) async -> RawHTTP.Answer {
        await http.send(
            "POST", "/execute", interpreter(id), body: #"{"code":"\#(code)"}"#, leaveAfter: leaveAfter)
    }

    /// Runs any Python and answers what it printed and its errors.
    func python(_ code: String, in id: String) async throws -> String {
        struct Line: Decodable {
            var text: String?
            var value: String?
        }
        let body = [UInt8](try JSONEncoder().encode(["code": code]))
        let answer = await http.send("POST", "/execute", interpreter(id), body: body)
        return try answer.lines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
            .compactMap { $0.text ?? $0.value }.joined()
    }

    /// What leads into sandboxes.
    var edge: RawHTTP { RawHTTP(port: server.edgePort) }

    /// The name of a sandbox's port.
    func host(_ port: Int, _ id: String) -> String { "\(port)-\(id).localhost:\(server.edgePort)" }

    func interpreter(_ id: String) -> [String: String] {
        ["E2b-Sandbox-Id": id, "E2b-Sandbox-Port": "49999", "Content-Type": "application/json"]
    }

    func envd(_ id: String, token: String? = nil, type: String = "application/json") -> [String: String] {
        var headers = ["E2b-Sandbox-Id": id, "E2b-Sandbox-Port": "49983", "Content-Type": type]
        headers["X-Access-Token"] = token
        return headers
    }
}

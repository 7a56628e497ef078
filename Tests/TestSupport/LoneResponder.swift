package import Foundation
import Glibc

/// A responder without nginx: a test is its web server, and a stub its E2B.
package final class LoneResponder: Sendable {
    package let process: ChildProcess
    package let socket: String
    package let folder: URL

    private static let secret = "0123456789abcdefghij"

    /// Runs `body` with a responder, and kills that in every case.
    ///
    /// - Parameters:
    ///   - wrapper: a program, and arguments, after which comes the responder's command.
    ///   - awaits: whether `body` begins when it listens.
    package static func with<Value: Sendable>(
        _ e2b: CannedE2B? = nil, wrapper: [String] = [], environment: [String: String] = [:], awaits: Bool = true,
        _ body: (LoneResponder) async throws -> Value
    ) async throws -> Value {
        let folder = FileManager.default.temporaryDirectory.appending(path: "e2b-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: folder) }
        var settings = [
            "E2B_FCGI_KEYS": "test:\(secret)", "E2B_FCGI_STORE": folder.appending(path: "store").path,
        ]
        if let e2b {
            settings["E2B_API_URL"] = e2b.url
            settings["E2B_API_KEY"] = "e2b_0"
        }
        let socket = folder.appending(path: "s").path
        let command = wrapper + [Binaries.responder.path, "--listen", "unix:\(socket)"]
        let program = wrapper.isEmpty ? Binaries.responder : try Binaries.system(command[0])
        let process = try await ChildProcess(
            program, Array(command.dropFirst()), name: "e2b-fcgi",
            environment: settings.merging(environment) { _, own in own }, in: folder)
        let responder = LoneResponder(process, socket, folder)
        let result: Result<Value, any Error>
        do {
            if awaits {
                try await process.wait(for: "the socket") { isListening(on: socket) }
            }
            result = .success(try await body(responder))
        } catch {
            result = .failure(error)
        }
        process.signal(SIGKILL)
        await process.ended()
        return try result.get()
    }

    private init(_ process: ChildProcess, _ socket: String, _ folder: URL) {
        self.process = process
        self.socket = socket
        self.folder = folder
    }

    package func get(_ path: String) async throws -> WebServer.Answer { try await ask("GET", path) }

    /// `POST /execute`
    package func execute() async throws -> WebServer.Answer { try await ask("POST", "/execute", #"{"code":"1"}"#) }

    /// `POST /e2bcode`
    package func act(_ json: String) async throws -> WebServer.Answer { try await ask("POST", "/e2bcode", json) }

    package func post(_ path: String, _ json: String) async throws -> WebServer.Answer {
        try await ask("POST", path, json)
    }

    private func ask(_ method: String, _ path: String, _ body: String = "") async throws -> WebServer.Answer {
        let server = try WebServer(unix: socket)
        try await server.send(
            [
                "REQUEST_METHOD": method, "SCRIPT_NAME": path, "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "127.0.0.1",
                "CONTENT_TYPE": "application/json", "HTTP_AUTHORIZATION": "Bearer \(Self.secret)",
            ], stdin: Array(body.utf8))
        return await server.answer()
    }

    package var hasSocketFile: Bool { FileManager.default.fileExists(atPath: socket) }

    /// What its descriptors lead to, by number.
    package var descriptors: [String: String] { DecodingProcess(pid: process.pid).descriptors }
}

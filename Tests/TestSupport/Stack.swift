package import Foundation
import Synchronization

/// The whole chain on this machine: nginx with the repository's own configuration, the responder, the local sandboxes.
///
/// Everything lives in a folder of its own and on free ports, so stacks run side by side. `Stack.with` stops it all.
package final class Stack: Sendable {
    package let local: ChildProcess
    package let responder: ChildProcess
    package let nginx: ChildProcess
    package let folder: URL
    package let socket: String
    /// Through nginx.
    package let client: HTTPClient
    /// The local sandbox server itself.
    package let localURL: String
    /// Its key.
    private let localKey: String
    /// What a responder needs to find the local sandboxes.
    package let environment: [String: String]

    /// Runs `body` with a stack, and stops the stack in every case.
    ///
    /// - Parameter environment: the responder's, beside where its sandboxes are. Files are kept in the stack's folder, and nginx
    ///   sends them from there, unless `E2B_FCGI_STORE` is another place.
    package static func with<Value: Sendable>(
        environment: [String: String] = [:], faults: Bool = false, _ body: (Stack) async throws -> Value
    ) async throws -> Value {
        let folder = FileManager.default.temporaryDirectory.appending(path: "e2b-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: folder) }
        var started: [ChildProcess] = []
        let result: Result<Value, any Error>
        do {
            let stack = try await Stack(environment: environment, faults: faults, folder: folder, started: &started)
            result = .success(try await body(stack))
        } catch {
            result = .failure(error)
        }
        for process in started.reversed() { await process.stop() }
        return try result.get()
    }

    private init(
        environment: [String: String], faults: Bool, folder: URL, started: inout [ChildProcess]
    ) async throws {
        self.folder = folder
        socket = folder.appending(path: "e2b-fcgi.sock").path

        let local = try await LocalServer(faults ? ["--faults"] : [], in: folder)
        started.append(local.process)
        (localURL, localKey) = (local.url, local.key)
        self.environment = [
            "E2B_API_URL": localURL, "E2B_SANDBOX_URL": localURL, "E2B_API_KEY": localKey,
            "E2B_FCGI_STORE": folder.appending(path: "store").path,
        ].merging(environment) { _, own in own }

        let responder = try await ChildProcess(
            Binaries.responder, ["--listen", "unix:\(socket)"], environment: self.environment, in: folder)
        started.append(responder)
        let socket = socket
        try await responder.wait(for: "the socket") { isListening(on: socket) }

        let port = try freePort()
        nginx = try await Self.startNginx(port: port, socket: socket, folder: folder)
        started.append(nginx)
        client = HTTPClient(base: "http://127.0.0.1:\(port)", folder: folder)
        self.local = local.process
        self.responder = responder
    }

    /// nginx as `make run` starts it, in front of any responder.
    ///
    /// - Parameter basePath: as in `/code`.
    package static func startNginx(
        port: Int, socket: String, folder: URL, basePath: String = ""
    ) async throws -> ChildProcess {
        try await startNginx(port: port, sockets: [socket], folder: folder, basePath: basePath)
    }

    /// - Parameters:
    ///   - sockets: of responders that take the requests in turns.
    ///   - accessLog: a file in the folder.
    package static func startNginx(
        port: Int, sockets: [String], folder: URL, basePath: String = "", accessLog: String = "off"
    ) async throws -> ChildProcess {
        let sources = Binaries.repository.appending(path: "nginx")
        let upstream = sockets.count > 1 ? try Self.upstream(of: sockets) : ""
        try FileManager.default.createDirectory(
            at: folder.appending(path: "temp"), withIntermediateDirectories: true)
        let server = try String(contentsOf: sources.appending(path: "nginx.conf"), encoding: .utf8)
            .replacing("@PORT@", with: "\(port)")
            .replacing("http {", with: "http { \(upstream)")
            .replacing("access_log off;", with: "access_log \(accessLog);")
            // As root nginx would give its workers to another user, who may not enter the folder.
            .replacing("@USER@", with: geteuid() == 0 ? "user root;" : "")
        try server.write(to: folder.appending(path: "nginx.conf"), atomically: true, encoding: .utf8)
        let snippet = try String(contentsOf: sources.appending(path: "e2b-fcgi.conf"), encoding: .utf8)
            .replacing(
                "unix:/run/e2b-fcgi/e2b-fcgi.sock", with: sockets.count > 1 ? "e2b_fcgi" : "unix:\(sockets[0])"
            )
            .replacing(#"set $e2b_store "";"#, with: #"set $e2b_store "\#(folder.path)/store";"#)
            .replacing("(?<e2b_base>)", with: "(?<e2b_base>\(basePath))")
        try snippet.write(to: folder.appending(path: "e2b-fcgi.conf"), atomically: true, encoding: .utf8)

        let nginx = try await ChildProcess(
            Binaries.system("nginx"),
            ["-e", "stderr", "-p", folder.path, "-c", folder.appending(path: "nginx.conf").path], in: folder)
        // The pid file is written after the port is open.
        let pid = folder.appending(path: "nginx.pid").path
        try await nginx.wait(for: "the pid file") { FileManager.default.fileExists(atPath: pid) }
        return nginx
    }

    /// The sample with other sockets.
    private static func upstream(of sockets: [String]) throws -> String {
        let sample = Binaries.repository.appending(path: "nginx/upstream.conf")
        var lines = try String(contentsOf: sample, encoding: .utf8).split(separator: "\n").map(String.init)
        let servers = lines.indices.filter { lines[$0].contains("server unix:/run/e2b-fcgi/") }
        guard let first = servers.first else { throw HarnessError.unreadable(sample.path) }
        let line = lines[first]
        for index in servers.reversed() { lines.remove(at: index) }
        lines.insert(contentsOf: sockets.map { line.replacing("/run/e2b-fcgi/a.sock", with: $0) }, at: first)
        return lines.joined(separator: "\n") + "\n"
    }

    /// How many sandboxes there have been, by the local server's own count.
    package func sandboxes() async throws -> SandboxCounts {
        let reply = try await HTTPClient(base: localURL, folder: folder).get("/local/stats")
        return try JSONDecoder().decode(SandboxCounts.self, from: reply.body)
    }

    /// Asks the local sandbox server itself, as E2B's own tools would.
    package func control(_ method: String, _ path: String, _ body: JSONTree = .object([:])) async throws -> HTTPReply {
        var local = HTTPClient(base: localURL, folder: folder)
        local.headers["X-API-Key"] = localKey
        return try await local.send(method, path, body: method == "GET" ? nil : body.encoded())
    }

    /// Tells the local sandbox server how to fail from now on; the grammar is in `e2b-local --help`. Empty: not at all.
    package func set(faults: String) async throws {
        var local = HTTPClient(base: localURL, folder: folder)
        local.headers["X-API-Key"] = localKey
        let reply = try await local.send("PUT", "/local/faults", body: Data(faults.utf8))
        guard (200..<300).contains(reply.status) else {
            throw HarnessError.unreadable("faults \(faults): \(reply.text)")
        }
    }

    /// Waits until the counts satisfy `condition`.
    package func waitForSandboxes(_ what: String, until condition: (SandboxCounts) -> Bool) async throws {
        try await local.wait(for: what) { try await condition(sandboxes()) }
    }
}

/// What `GET /local/stats` says.
package struct SandboxCounts: Decodable, Equatable, Sendable {
    package let created: Int
    package let killed: Int
    package let running: Int
    /// Requests that a fault has struck. One that is to wait has arrived when it is counted here.
    package let faults: Int
}

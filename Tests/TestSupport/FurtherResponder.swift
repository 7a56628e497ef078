import Foundation
import Synchronization

/// One more responder for the sandboxes of a stack, with an nginx of its own: they know nothing of each other.
package final class FurtherResponder: Sendable {
    /// Through its nginx.
    package let client: HTTPClient
    private let folder: URL
    package let socket: String
    private let environment: [String: String]
    private let nginx: ChildProcess
    private let running: Mutex<ChildProcess>

    fileprivate init(environment: [String: String], folder: URL) async throws {
        self.folder = folder
        self.environment = environment
        socket = folder.appending(path: "s").path
        let responder = try await Self.start(socket, environment, folder)
        running = Mutex(responder)
        let port = try freePort()
        nginx = try await Stack.startNginx(port: port, socket: socket, folder: folder)
        client = HTTPClient(base: "http://127.0.0.1:\(port)", folder: folder)
    }

    /// The process that answers now.
    package var process: ChildProcess { running.withLock { $0 } }

    /// The process is killed without a warning, and another one takes its place.
    package func killAndRestart() async throws {
        process.signal(SIGKILL)
        await process.ended()
        let responder = try await Self.start(socket, environment, folder)
        running.withLock { $0 = responder }
    }

    private static func start(
        _ socket: String, _ environment: [String: String], _ folder: URL
    ) async throws -> ChildProcess {
        let responder = try await ChildProcess(
            Binaries.responder, ["--listen", "unix:\(socket)"], environment: environment, in: folder)
        // Not the socket's file: that of a killed one is still there.
        try await responder.wait(for: "the word that it listens") { responder.log.contains("listening on ") }
        return responder
    }

    fileprivate func stop() async {
        await nginx.stop()
        await process.stop()
    }
}

extension Stack {
    /// Runs `body` with one more responder, and stops that one in every case.
    ///
    /// - Parameter environment: what is different from the first one's settings.
    package func withResponder<Value>(
        environment: [String: String] = [:], _ body: (FurtherResponder) async throws -> Value
    ) async throws -> Value {
        let folder = folder.appending(path: "further-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let responder = try await FurtherResponder(
            environment: self.environment.merging(environment) { _, own in own }, folder: folder)
        let result: Result<Value, any Error>
        do { result = .success(try await body(responder)) } catch { result = .failure(error) }
        await responder.stop()
        return try result.get()
    }
}

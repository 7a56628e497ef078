import Foundation
import TestSupport
import Testing

/// `e2b-fcgi check` behind web servers that lack something of nginx/e2b-fcgi.conf.
@Suite(.sharedStack, .serialized, .timeLimit(.minutes(10)))
struct CheckTests {
    /// - Parameter change: made to the lines of the snippet.
    private func withNginx(
        _ change: (String) -> String?, _ body: (String) async throws -> Void
    ) async throws {
        let stack = try #require(SharedStack.current)
        let folder = stack.folder.appending(path: "nginx-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let port = try freePort()
        let whole = try await Stack.startNginx(port: port, socket: stack.socket, folder: folder)
        await whole.stop()
        let snippet = folder.appending(path: "e2b-fcgi.conf")
        let lines = try String(contentsOf: snippet, encoding: .utf8).components(separatedBy: "\n")
        try lines.compactMap(change).joined(separator: "\n").write(to: snippet, atomically: true, encoding: .utf8)
        let pid = folder.appending(path: "nginx.pid").path
        try? FileManager.default.removeItem(atPath: pid)
        let nginx = try await ChildProcess(
            Binaries.system("nginx"),
            ["-e", "stderr", "-p", folder.path, "-c", folder.appending(path: "nginx.conf").path], in: folder)
        let result: Result<Void, any Error>
        do {
            try await nginx.wait(for: "the pid file") { FileManager.default.fileExists(atPath: pid) }
            result = .success(try await body("http://127.0.0.1:\(port)"))
        } catch {
            result = .failure(error)
        }
        await nginx.stop()
        try result.get()
    }

    private func check(_ url: String) async throws -> (status: Exit, check: ChildProcess) {
        let stack = try #require(SharedStack.current)
        let check = try await ChildProcess(
            Binaries.responder, ["check", url], environment: stack.environment, in: stack.folder)
        return (await check.ended(), check)
    }

    @Test func `check says that MCP works, with a plot`() async throws {
        let (status, check) = try await check(SharedStack.client.base)
        #expect(status == .status(0), "\(check.log)")
        #expect(check.outputText.contains("; MCP, 10 tools and a plot, "), "\(check.outputText)")
    }

    @Test func `check says that the web server does not know the path of MCP`() async throws {
        try await withNginx({ (line: String) -> String? in line.replacing("|mcp|health", with: "|health") }) { url in
            let (status, check) = try await check(url)
            #expect(status == .status(1))
            #expect(check.log.contains("MCP does not work") && check.log.contains("does not lead /mcp"), "\(check.log)")
        }
    }

    @Test func `check says that the web server does not pass MCP's headers`() async throws {
        try await withNginx({ $0.contains("HTTP_MCP_") ? nil : $0 }) { url in
            let (status, check) = try await check(url)
            #expect(status == .status(1))
            #expect(check.log.contains("does not pass MCP-Protocol-Version"), "\(check.log)")
        }
    }
}

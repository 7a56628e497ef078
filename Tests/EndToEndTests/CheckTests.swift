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

    private func check(_ arguments: [String], _ settings: [String: String] = [:]) async throws -> ChildProcess {
        let stack = try #require(SharedStack.current)
        return try await ChildProcess(
            Binaries.responder, ["check"] + arguments,
            environment: stack.environment.merging(settings) { $1 }, in: stack.folder)
    }

    /// What the report says of a thing.
    private func line(_ check: ChildProcess, about subject: String) throws -> String {
        try #require(
            check.outputText.split(separator: "\n").map(String.init).first {
                $0.dropFirst(9).hasPrefix("\(subject): ")
            },
            "\(subject) in:\n\(check.outputText)")
    }

    @Test func `check goes through everything, a line each`() async throws {
        let stack = try #require(SharedStack.current)
        let check = try await check([SharedStack.client.base, "--socket", "unix:\(stack.socket)"])
        #expect(await check.ended() == .status(0), "\(check.outputText)\(check.log)")
        for subject in [
            "settings", "E2B key", "template", "permissions", "socket", "decoders", "versions", "store", "GET /health",
            "GET /v1/health", "POST /execute", "POST /e2bcode", "POST /mcp", "GET /f", "files below /v1",
        ] {
            let line = try line(check, about: subject)
            #expect(line.hasPrefix("ok ") || subject == "decoders", "\(line)")
        }
        #expect(try line(check, about: "POST /execute").contains("1 image, "))
        #expect(try line(check, about: "POST /mcp").contains("10 tools and a plot, "))
        let versions = try line(check, about: "versions")
        for name in ["libcurl", "OpenSSL", "libpng", "librsvg", "libwebp", "lcms2", "libxml2", "libyaml"] {
            #expect(versions.contains(try Regex("\(name) [0-9]+\\.[0-9]+")), "\(versions)")
        }
        let key = try #require(stack.environment["E2B_API_KEY"])
        #expect(!check.outputText.contains(key) && !check.log.contains(key))
        #expect(try await stack.sandboxes().running == 0)
    }

    @Test func `the settings alone are looked at without any connection`() async throws {
        let check = try await check(["--config"], ["E2B_API_URL": "http://127.0.0.1:9", "EB2_FCGI_KEYS": "a:b"])
        #expect(await check.ended() == .status(0))
        #expect(check.outputText.contains("warning  settings: EB2_FCGI_KEYS has no effect. Is E2B_FCGI_KEYS meant?"))
        #expect(!check.outputText.contains("E2B key"))
    }

    @Test func `every mistake in the settings is a line`() async throws {
        let settings = ["E2B_FGCI_KEYS": "a:hush-hush", "E2B_APIKEY": "hush-hush", "E2B_FCGI_IMAGES_BYTES": "1"]
        let check = try await check(["--config"], settings)
        #expect(await check.ended() == .status(1))
        for (name, meant) in [
            ("E2B_FGCI_KEYS", "E2B_FCGI_KEYS"), ("E2B_APIKEY", "E2B_API_KEY"),
            ("E2B_FCGI_IMAGES_BYTES", "E2B_FCGI_IMAGE_BYTES"),
        ] {
            let line = "FAILED   settings: \(name): there is no such setting. Is \(meant) meant?"
            #expect(check.outputText.contains(line), "\(check.outputText)")
        }
        #expect(!check.outputText.contains("hush"))
    }

    @Test(arguments: [
        ["--nonsense"], ["ftp://x"], ["a", "b"], ["--config", "http://127.0.0.1"], ["--socket", "nowhere"],
        ["--socket", "inherited"],
    ])
    func `wrong arguments have a status of their own`(arguments: [String]) async throws {
        let check = try await check(arguments)
        #expect(await check.ended() == .status(2))
        #expect(check.log.contains("Error: "))
    }

    @Test func `what is wrong is said with what to do`() async throws {
        let stack = try #require(SharedStack.current)
        let folder = stack.folder.appending(path: "wrong-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appending(path: "settings.env")
        try Data("E2B_API_KEY=e2b_1234567890abcdef\n".utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.path)
        var settings = stack.environment
        settings["E2B_API_KEY"] = nil
        settings["E2B_FCGI_STORE"] = "off"
        let check = try await ChildProcess(
            Binaries.responder,
            [
                "check", "--env-file", file.path, "--socket", "unix:\(folder.path)/none",
                "http://127.0.0.1:\(freePort())",
            ],
            environment: settings, in: folder)
        #expect(await check.ended() == .status(1))
        #expect(try line(check, about: "E2B key").contains("Check the API key."))
        #expect(check.outputText.contains("can be read by every user of this machine: chmod o-rwx"))
        #expect(try line(check, about: "socket").contains("start the responder"))
        #expect(try line(check, about: "store").hasPrefix("skipped"))
        for subject in ["GET /health", "POST /execute", "POST /e2bcode", "POST /mcp"] {
            #expect(try line(check, about: subject).contains("could not be reached"))
        }
        #expect(!check.outputText.contains("1234567890abcdef"))
    }

    @Test func `a template that is not there is told`() async throws {
        let check = try await check([], ["E2B_TEMPLATE": "no-such-template", "E2B_FCGI_STORE": "off"])
        #expect(await check.ended() == .status(1))
        #expect(try line(check, about: "template").contains("Check the template's name"))
    }

    @Test func `check says that the web server does not know the path of MCP`() async throws {
        try await withNginx({ (line: String) -> String? in line.replacing("|mcp|health", with: "|health") }) { url in
            let check = try await check([url])
            #expect(await check.ended() == .status(1))
            let line = try line(check, about: "POST /mcp")
            #expect(line.contains("MCP does not work") && line.contains("does not lead /mcp"), "\(line)")
            #expect(try self.line(check, about: "POST /execute").hasPrefix("ok "))
        }
    }

    @Test func `check says that the web server does not pass MCP's headers`() async throws {
        try await withNginx({ $0.contains("HTTP_MCP_") ? nil : $0 }) { url in
            let check = try await check([url])
            #expect(await check.ended() == .status(1))
            #expect(try line(check, about: "POST /mcp").contains("does not pass MCP-Protocol-Version"))
        }
    }
}

import Foundation
import Glibc
import TestSupport
import Testing

/// The ways a web server's machine may start the responder, beside a socket of its own.
@Suite(.sharedStack, .timeLimit(.minutes(10)))
struct StartTests {
    private let hello = "print('Hello, World!')"

    @Test func `a socket inherited from spawn-fcgi is served`() async throws {
        let stack = try #require(SharedStack.current)
        let folder = stack.folder.appending(path: "spawned")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let socket = folder.appending(path: "s").path
        let responder = try await ChildProcess(
            Binaries.system("spawn-fcgi"), ["-n", "-s", socket, "--", Binaries.responder.path],
            environment: stack.environment, in: folder)
        try await responder.wait(for: "the socket") { isListening(on: socket) }
        let port = try freePort()
        let nginx = try await Stack.startNginx(port: port, socket: socket, folder: folder)
        let client = HTTPClient(base: "http://127.0.0.1:\(port)", folder: folder)
        #expect(try ToolAnswer(await client.execute(hello)).text.contains("Hello, World!"))
        await nginx.stop()
        #expect(await responder.stop() == .status(0))
    }

    @Test(arguments: [("e2b-fcgi", Binaries.responder), ("e2b-local", Binaries.local)])
    func `a program says its version, and that is that of the sources`(name: String, binary: URL) async throws {
        let stack = try #require(SharedStack.current)
        let source = Binaries.repository.appending(path: "Sources/Responder/Version.swift")
        let number = try #require(
            try String(contentsOf: source, encoding: .utf8).firstMatch(of: /"(\d+\.\d+\.\d+)"/)?.1)
        let program = try await ChildProcess(binary, ["--version"], in: stack.folder)
        #expect(await program.ended() == .status(0))
        #expect(program.outputText == "\(name) \(number)\n")
    }

    @Test func `a CGI program that is told to end kills its sandbox first`() async throws {
        try await Stack.with { stack in
            let program = try await stack.startCGI("/execute", body: HTTPClient.body("import time\ntime.sleep(120)"))
            try await stack.waitForSandboxes("a sandbox") { $0.created == 1 }
            program.signal(SIGTERM)
            #expect(await program.ended() == .status(0))
            let counts = try await stack.sandboxes()
            #expect(counts.killed == 1 && counts.running == 0)
        }
    }

    @Test func `one request is answered as a CGI program`() async throws {
        let stack = try #require(SharedStack.current)
        let program = try await stack.startCGI("/execute", body: HTTPClient.body(hello))
        #expect(await program.ended() == .status(0))
        let reply = try HTTPReply(parsing: program.output)
        #expect(reply.status == 200)
        #expect(try ToolAnswer(reply).text.contains("Hello, World!"))
    }

    @Test(arguments: ["admit+in+out", "decode-images+computing+1000000", "--help", "--env-file%3Dother"])
    func `a query's words are no arguments of a CGI program`(query: String) async throws {
        let stack = try #require(SharedStack.current)
        let program = try await stack.startCGI(
            "/health", body: Data(), params: ["QUERY_STRING": query],
            arguments: query.split(separator: "+").map { String($0).removingPercentEncoding ?? "" })
        #expect(await program.ended() == .status(0))
        #expect(try HTTPReply(parsing: program.output).status == 400, "\(program.outputText)")
    }

    @Test func `an operator's arguments are those of a CGI program`() async throws {
        let stack = try #require(SharedStack.current)
        try Data("E2B_FCGI_IMAGES=3\n".utf8).write(to: stack.folder.appending(path: "operator.env"))
        let program = try await stack.startCGI(
            "/health", body: Data(), params: ["REQUEST_METHOD": "GET"], arguments: ["--env-file", "operator.env"])
        #expect(await program.ended() == .status(0))
        #expect(try HTTPReply(parsing: program.output).status == 200, "\(program.outputText)")
    }

    /// What is refused at the start, and what must not be in the words about it.
    @Test(arguments: [
        (["E2B_FCGI_KEYS": ""], "unix", "E2B_FCGI_KEYS: there is no key in it"),
        (["E2B_FCGI_KEYS": ","], "unix", "E2B_FCGI_KEYS: there is no key in it"),
        (["E2B_FCGI_KEYS": "a:s3cr3t-of-sixteen-x,b:s3cr3t-of-sixteen-x"], "unix", "the same secret"),
        (["E2B_FGCI_KEYS": "a:s3cr3t-of-sixteen-x"], "unix", "Is E2B_FCGI_KEYS meant?"),
        (["E2B_API_URL": "http://10.0.0.1:3000"], "unix", "E2B_FCGI_ALLOW_HTTP"),
        (["E2B_FCGI_PROXY": "socks5://user:s3cr3t@10.0.0.1"], "unix", "E2B_FCGI_PROXY: it must be an address"),
        (["E2B_API_URL": "http://user:s3cr3t@127.0.0.1:x"], "unix", "E2B_API_URL: it must be an address"),
        (["FCGI_WEB_SERVER_ADDRS": "web.example"], "unix", "FCGI_WEB_SERVER_ADDRS: it must be IP addresses"),
        ([:], "tcp:0.0.0.0", "Without keys (E2B_FCGI_KEYS) only programs on this machine may use the service"),
        ([:], "tcp:[::]", "Without keys (E2B_FCGI_KEYS) only programs on this machine may use the service"),
    ])
    func `what would stand open is refused at the start`(
        settings: [String: String], place: String, words: String
    ) async throws {
        let stack = try #require(SharedStack.current)
        let place = place == "unix" ? "unix:\(stack.folder.path)/refused.sock" : "\(place):\(try freePort())"
        let responder = try await ChildProcess(
            Binaries.responder, ["--listen", place],
            environment: stack.environment.merging(settings) { _, own in own }, in: stack.folder)
        let exit = await responder.stop(after: .seconds(60))
        #expect(exit != .status(0) && responder.log.contains(words), "\(exit): \(responder.log)")
        #expect(!responder.log.contains("s3cr3t") && !responder.log.contains("listening"))
    }

    @Test func `over TCP only the web servers that are named are served, with keys from anywhere`() async throws {
        let stack = try #require(SharedStack.current)
        let settings = ["E2B_FCGI_KEYS": "a:s3cr3t-of-sixteen-x", "FCGI_WEB_SERVER_ADDRS": "127.0.0.2"]
        let port = try freePort()
        let responder = try await ChildProcess(
            Binaries.responder, ["--listen", "tcp:0.0.0.0:\(port)"],
            environment: stack.environment.merging(settings) { _, own in own }, in: stack.folder)
        try await responder.wait(for: "the word that it listens") { responder.log.contains("listening on ") }
        for _ in 0..<3 {
            let web = try WebServer(tcp: UInt16(port))
            try? await web.send(["REQUEST_METHOD": "GET", "PATH_INFO": "/health"])
            #expect(await web.answer().stdout.isEmpty)
        }
        #expect(await responder.stop() == .status(0))
        #expect(
            responder.log.split(separator: "\n").count { $0.contains("a connection from 127.0.0.1 was refused") } == 1)
    }

    @Test(arguments: ["/dev/null", "settings.env"])
    func `any file that can be read is one of settings`(file: String) async throws {
        let stack = try #require(SharedStack.current)
        try Data("# of another system\r\nE2B_FCGI_IMAGES = '3' # it's\r\n".utf8)
            .write(to: stack.folder.appending(path: "settings.env"))
        let program = try await ChildProcess(
            Binaries.responder, ["settings", "--env-file", file, "E2B_FCGI_IMAGES", "PORT", "E2B_API_KEY"],
            environment: stack.environment, in: stack.folder)
        #expect(await program.ended() == .status(0), "\(program.log)")
        let images = file == "/dev/null" ? "10" : "3"
        #expect(program.outputText == "\(images)\n3001\n\(stack.environment["E2B_API_KEY"] ?? "")\n")
    }

    @Test func `no query of a stranger's prints settings`() async throws {
        let stack = try #require(SharedStack.current)
        for query in ["settings+E2B_API_KEY", ""] {
            let program = try await stack.startCGI(
                "/health", body: Data(), params: ["QUERY_STRING": query], arguments: ["settings", "E2B_API_KEY"])
            _ = await program.ended()
            #expect(!program.outputText.contains("e2b_"))
        }
    }

    @Test func `check keeps passwords and keys to itself`() async throws {
        let stack = try #require(SharedStack.current)
        for (url, settings, status) in [
            ("http://user:s3cr3t@127.0.0.1:1", [:], 1), ("http://user:s3cr3t@ho st", [:], 2),
            ("http://code.example", ["E2B_FCGI_KEYS": "a:s3cr3t-of-sixteen-x"], 1),
        ] {
            let check = try await ChildProcess(
                Binaries.responder, ["check", url],
                environment: stack.environment.merging(settings) { _, own in own }, in: stack.folder)
            #expect(await check.ended() == .status(Int32(status)))
            let words = check.log + check.outputText
            #expect(!words.isEmpty && !words.contains("s3cr3t"), "\(words)")
        }
    }
}

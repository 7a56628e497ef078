import Foundation
import Glibc
import TestSupport
import Testing

/// The ways a web server's machine may start the responder, beside a socket of its own.
@Suite(.sharedStack, .timeLimit(.minutes(3)))
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
        try await responder.wait(for: "the socket") { FileManager.default.fileExists(atPath: socket) }
        let port = try freePort()
        let nginx = try await Stack.startNginx(port: port, socket: socket, folder: folder)
        let client = HTTPClient(base: "http://127.0.0.1:\(port)", folder: folder)
        #expect(try ToolAnswer(await client.execute(hello)).text.contains("Hello, World!"))
        await nginx.stop()
        #expect(await responder.stop() == .status(0))
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

    @Test func `check says what came through the chain`() async throws {
        let stack = try #require(SharedStack.current)
        let check = try await ChildProcess(
            Binaries.responder, ["check", stack.client.base], environment: stack.environment, in: stack.folder)
        #expect(await check.ended() == .status(0))
        #expect(check.outputText.hasPrefix("1 image, "))
        #expect(check.outputText.contains(" PNG, "))
        #expect(check.outputText.contains("; a session, in "))
    }

    @Test func `check says in words that nobody answers`() async throws {
        let stack = try #require(SharedStack.current)
        let check = try await ChildProcess(
            Binaries.responder, ["check", "http://127.0.0.1:\(freePort())"], environment: stack.environment,
            in: stack.folder)
        #expect(await check.ended() == .status(1))
        #expect(!check.log.isEmpty && check.outputText.isEmpty)
    }
}

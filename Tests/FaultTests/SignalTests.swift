import Foundation
import Glibc
import TestSupport
import Testing

/// A signal that asks for the end, at any time.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct SignalTests {
    private static let all = [SIGTERM, SIGINT, SIGQUIT, SIGUSR1]
    /// Before main, Swift's runtime answers SIGQUIT with a backtrace, and the program goes on.
    private static let early = [SIGTERM, SIGINT, SIGHUP, SIGUSR1]

    @Test(arguments: 0..<100)
    func `in the first milliseconds it ends the start, and nothing is left`(round: Int) async throws {
        try await LoneResponder.with(awaits: false) { responder in
            try await Task.sleep(for: .microseconds(round * 400))
            let number = Self.early[round % Self.early.count]
            responder.process.signal(number)
            // One that serves by now reads its configuration again on SIGHUP, and goes on.
            if number == SIGHUP { responder.process.signal(SIGTERM) }
            // Before main, in the programs and the loader that come first, it is the system that ends them.
            let exit = await responder.process.ended()
            #expect([.status(0), .signal(number), .signal(SIGTERM)].contains(exit), "\(responder.process.log)")
            #expect(!responder.hasSocketFile)
        }
    }

    @Test(arguments: 0..<25)
    func `a CGI program ends in its first milliseconds, too`(round: Int) async throws {
        let e2b = CannedE2B()
        let program = try await ChildProcess(
            Binaries.responder,
            environment: [
                "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "POST", "PATH_INFO": "/execute",
                "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "127.0.0.1", "CONTENT_TYPE": "application/json",
                "CONTENT_LENGTH": "12", "E2B_API_URL": e2b.url, "E2B_API_KEY": "e2b_0",
            ], in: FileManager.default.temporaryDirectory, input: Data(#"{"code":"1"}"#.utf8))
        try await Task.sleep(for: .microseconds(round * 1600))
        program.signal(SIGTERM)
        let exit = await program.ended()
        #expect(exit == .status(0) || exit == .signal(SIGTERM), "\(program.log)")
        #expect(e2b.killed == e2b.created)
    }

    @Test(arguments: all)
    func `it ends an execution after the grace period, its sandbox and the socket`(number: CInt) async throws {
        let gate = Latch()
        let e2b = CannedE2B(execute: { gate.pass() })
        defer { gate.open() }
        try await LoneResponder.with(e2b, environment: ["E2B_FCGI_GRACE": "1"]) { responder in
            let execution = Task { try await responder.execute() }
            try await responder.process.wait(for: "an execution") { e2b.executed == 1 }
            responder.process.signal(number)
            #expect(await responder.process.ended() == .status(0))
            #expect(try await execution.value.status == 503)
            #expect(e2b.killed == 1 && !responder.hasSocketFile)
        }
    }

    @Test func `the second one ends executions at once`() async throws {
        let gate = Latch()
        let e2b = CannedE2B(execute: { gate.pass() })
        defer { gate.open() }
        try await LoneResponder.with(e2b, environment: ["E2B_FCGI_GRACE": "3600"]) { responder in
            let execution = Task { try await responder.execute() }
            try await responder.process.wait(for: "an execution") { e2b.executed == 1 }
            responder.process.signal(SIGINT)
            try await responder.process.wait(for: "the first") { responder.process.log.contains("stopping: ") }
            responder.process.signal(SIGINT)
            #expect(await responder.process.ended() == .status(0))
            #expect(try await execution.value.status == 503)
            #expect(e2b.killed == 1 && !responder.hasSocketFile)
        }
    }

    @Test func `what is waited for at the end is told, and the third one waits no longer`() async throws {
        let gate = Latch()
        let e2b = CannedE2B(kill: { gate.pass() })
        defer { gate.open() }
        try await LoneResponder.with(e2b) { responder in
            #expect(try await responder.execute().status == 200)
            responder.process.signal(SIGTERM)
            try await responder.process.wait(for: "a word") { responder.process.log.contains("ending 1 sandbox, ") }
            responder.process.signal(SIGTERM)
            try await responder.process.wait(for: "a word") { responder.process.log.contains("asked again") }
            #expect(responder.process.exit == nil)
            responder.process.signal(SIGTERM)
            #expect(await responder.process.ended() == .status(0))
            #expect(e2b.killed == 0 && !responder.hasSocketFile)
        }
    }

    @Test func `a program that serves nothing dies of it`() async throws {
        let silent = Loopback { $0.waitForHangUp() }
        let check = try await ChildProcess(
            Binaries.responder, ["check", silent.url], in: FileManager.default.temporaryDirectory)
        try await check.wait(for: "its request") { silent.acceptCount > 0 }
        check.signal(SIGINT)
        #expect(await check.ended() == .signal(SIGINT))
    }

    @Test(arguments: 0..<20)
    func `the local sandbox server ends in its first milliseconds, and leaves nothing`(round: Int) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "e2b-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let temporary = folder.appending(path: "tmp")
        try FileManager.default.createDirectory(at: temporary, withIntermediateDirectories: true)
        let local = try await ChildProcess(
            Binaries.local, ["--port", "0"], environment: ["TMPDIR": temporary.path], in: folder)
        try await Task.sleep(for: .milliseconds(round * 2))
        let number = [SIGTERM, SIGINT, SIGHUP][round % 3]
        local.signal(number)
        let exit = await local.ended()
        #expect(exit == .status(0) || exit == .signal(number), "\(local.log)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary.path) == [])
    }

    @Test(arguments: [[SIGINT, SIGINT], [SIGTERM, SIGHUP]])
    func `a second signal ends the local sandbox server at once, and nothing is left`(numbers: [CInt]) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "e2b-\(UUID().uuidString.prefix(8))")
        let temporary = folder.appending(path: "tmp")
        try FileManager.default.createDirectory(at: temporary, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let local = try await ChildProcess(
            Binaries.local, ["--port", "0", "--no-isolation"], environment: ["TMPDIR": temporary.path], in: folder)
        try await local.wait(for: "the word that it is ready") { local.outputText.contains("ready ") }
        // The agent of the warm sandbox, which would end in order, does not come to it.
        let agents = Self.processes(with: temporary.path).filter { $0.arguments.contains("agent.py") }
        #expect(!agents.isEmpty)
        for agent in agents { kill(agent.pid, SIGSTOP) }
        local.signal(numbers[0])
        try await local.wait(for: "the first") { local.log.contains("stopping: ") }
        local.signal(numbers[1])
        #expect(await local.ended() == .status(0))
        #expect(local.log.contains("asked again"), "\(local.log)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary.path) == [])
        try await eventually("the end of all") { Self.processes(with: temporary.path).isEmpty }
    }

    /// Those whose arguments name a path.
    private static func processes(with path: String) -> [(pid: pid_t, arguments: String)] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.map { pid in
            let line = try? FileHandle(forReadingFrom: URL(filePath: "/proc/\(pid)/cmdline")).readToEnd()
            return (pid, line.map { String(decoding: $0, as: UTF8.self) } ?? "")
        }
        .filter { $0.1.contains(path) }
    }

    @Test func `the local sandbox server serves without standard descriptors, and with a log that nobody reads`()
        async throws
    {
        let folder = FileManager.default.temporaryDirectory.appending(path: "e2b-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let port = try freePort()
        let local = try await ChildProcess(
            Binaries.system("bash"),
            ["-c", #"exec "$@" 0<&- 1>&- 2>&-"#, "--", Binaries.local.path, "--port", "\(port)", "--warm", "0"],
            in: folder)
        let client = HTTPClient(base: "http://127.0.0.1:\(port)", folder: folder)
        try await local.wait(for: "an answer") { (try? await client.get("/health").status) != nil }
        for number in ["0", "1", "2"] {
            #expect(
                try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(local.pid)/fd/\(number)")
                    == "/dev/null")
        }
        #expect(await local.stop() == .status(0))
    }
}

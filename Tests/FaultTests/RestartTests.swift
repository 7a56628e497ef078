import Foundation
import Glibc
import TestSupport
import Testing

/// No request is lost, and no code runs twice, while responders are restarted or replaced under load.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct RestartTests {
    /// Requests of each test. A longer run has `RESTART_REQUESTS`.
    private let count = ProcessInfo.processInfo.environment["RESTART_REQUESTS"].flatMap { Int($0) } ?? 150

    /// Asks for executions, eight at a time, until there were `count`.
    ///
    /// - Parameter ask: returns the status; nil if there is no answer.
    /// - Returns: how many requests had which outcome.
    private func load(_ ask: @escaping @Sendable () async -> Int?) async -> [Int?: Int] {
        let asked = SharedCounter()
        return await withTaskGroup(of: [Int?].self) { [count] group in
            for _ in 0..<8 {
                group.addTask {
                    var statuses: [Int?] = []
                    while asked.next() <= count { statuses.append(await ask()) }
                    return statuses
                }
            }
            return await group.reduce(into: [:]) { counts, statuses in
                for status in statuses { counts[status, default: 0] += 1 }
            }
        }
    }

    /// Asks as a web server does that has one responder.
    private static func execute(at path: String) async -> Int? {
        guard let web = try? WebServer(unix: path) else { return nil }
        try? await web.send(
            [
                "REQUEST_METHOD": "POST", "SCRIPT_NAME": "/execute", "REMOTE_ADDR": "127.0.0.1",
                "HTTP_HOST": "127.0.0.1", "CONTENT_TYPE": "application/json",
            ], stdin: Array(#"{"code":"1"}"#.utf8))
        return await web.answer().status
    }

    private func withFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "e2b-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }

    private func environment(_ e2b: CannedE2B) -> [String: String] { ["E2B_API_URL": e2b.url, "E2B_API_KEY": "e2b_0"] }

    private func start(_ path: String, _ e2b: CannedE2B, in folder: URL, _ more: [String] = []) async throws
        -> ChildProcess
    {
        let responder = try await ChildProcess(
            Binaries.responder, ["--listen", "unix:\(path)"] + more, environment: environment(e2b), in: folder)
        try await responder.wait(for: "the word that it listens") { responder.log.contains("listening on ") }
        return responder
    }

    // MARK: -

    @Test func `a responder on an inherited socket is restarted`() async throws {
        try await withFolder { folder in
            let e2b = CannedE2B()
            let socket = try HeldSocket(folder.appending(path: "s").path)
            var responder = try await HeldSocket.start([socket], environment: environment(e2b), in: folder)
            let path = socket.path
            async let outcomes = load { await Self.execute(at: path) }
            for restart in 1...2 {
                try await responder.wait(for: "executions") { e2b.executed > count * restart / 3 }
                #expect(await responder.stop() == .status(0))
                responder = try await HeldSocket.start([socket], environment: environment(e2b), in: folder)
            }
            #expect(await outcomes == [200: count])
            #expect(e2b.executed == count)
            #expect(await responder.stop() == .status(0))
            #expect(e2b.killed == e2b.created)
        }
    }

    @Test func `a responder is replaced by a successor that takes its socket over`() async throws {
        try await withFolder { folder in
            let e2b = CannedE2B()
            let path = folder.appending(path: "s").path
            var responder = try await start(path, e2b, in: folder)
            async let outcomes = load { await Self.execute(at: path) }
            for restart in 1...2 {
                try await responder.wait(for: "executions") { e2b.executed > count * restart / 3 }
                let successor = try await start(path, e2b, in: folder, ["--take-over"])
                #expect(await responder.ended() == .status(0), "\(responder.log)")
                responder = successor
            }
            #expect(await outcomes == [200: count])
            #expect(e2b.executed == count)
            #expect(await responder.stop() == .status(0))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).allSatisfy { !$0.hasPrefix("s") })
        }
    }

    @Test func `two responders behind nginx are restarted in turn`() async throws {
        try await withFolder { folder in
            let e2b = CannedE2B()
            let paths = ["a", "b"].map { folder.appending(path: $0).path }
            var responders: [ChildProcess] = []
            for path in paths { responders.append(try await start(path, e2b, in: folder)) }
            let port = try freePort()
            let nginx = try await Stack.startNginx(port: port, sockets: paths, folder: folder)
            async let outcomes = load { await PlainHTTP.post("/execute", #"{"code":"1"}"#, port: port) }
            for restart in 0..<4 {
                try await responders[restart % 2].wait(for: "executions") { e2b.executed > count * (restart + 1) / 6 }
                #expect(await responders[restart % 2].stop() == .status(0))
                responders[restart % 2] = try await start(paths[restart % 2], e2b, in: folder)
            }
            #expect(await outcomes == [200: count], "\(nginx.log)")
            #expect(e2b.executed == count)
            for responder in responders { #expect(await responder.stop() == .status(0)) }
            await nginx.stop()
        }
    }

    @Test func `code that a killed responder ran is not run again by another one`() async throws {
        try await withFolder { folder in
            let gate = Latch()
            let e2b = CannedE2B(execute: { gate.pass() })
            defer { gate.open() }
            let paths = ["a", "b"].map { folder.appending(path: $0).path }
            let first = try await start(paths[0], e2b, in: folder)
            let port = try freePort()
            let nginx = try await Stack.startNginx(port: port, sockets: paths, folder: folder)
            // Only the first one is there, so it is this one's.
            async let status = PlainHTTP.post("/execute", #"{"code":"1"}"#, port: port)
            try await first.wait(for: "the execution") { e2b.executed == 1 }
            let second = try await start(paths[1], e2b, in: folder)
            first.signal(SIGKILL)
            #expect(await status == 502)
            gate.open()
            #expect(await PlainHTTP.post("/execute", #"{"code":"1"}"#, port: port) == 200)
            #expect(e2b.executed == 2)
            await nginx.stop()
            #expect(await second.stop() == .status(0))
        }
    }

    @Test func `a request that waits for its turn when the responder stops still gets it`() async throws {
        let gate = Latch()
        let e2b = CannedE2B(execute: { gate.pass() })
        defer { gate.open() }
        try await LoneResponder.with(e2b, environment: ["E2B_FCGI_EXECUTIONS": "1", "E2B_FCGI_GRACE": "3600"]) {
            responder in
            let executions = (0..<3).map { _ in Task { try await responder.execute().status } }
            try await responder.process.wait(for: "all of them") {
                let health = try await responder.get("/health").bodyText
                return e2b.executed == 1 && health.contains(#""waiting":2"#)
            }
            responder.process.signal(SIGTERM)
            try await responder.process.wait(for: "the word") { responder.process.log.contains("stopping: ") }
            #expect(responder.process.exit == nil)
            gate.open()
            for execution in executions { #expect(try await execution.value == 200) }
            #expect(await responder.process.ended() == .status(0))
            #expect(e2b.executed == 3)
        }
    }

    // MARK: - A service manager

    @Test func `sockets that are passed are served, and their names are logged`() async throws {
        try await withFolder { folder in
            let sockets = try ["s", "t"].map { try HeldSocket(folder.appending(path: $0).path) }
            let responder = try await HeldSocket.start(
                sockets, environment: ["LISTEN_FDNAMES": "first:second"], in: folder)
            for socket in sockets { #expect(await Self.health(at: socket.path) == 200) }
            #expect(responder.log.contains("listening on unix:\(sockets[0].path), inherited as first and unix:"))
            #expect(await responder.stop() == .status(0))
            // They are the service manager's.
            for socket in sockets { _ = try WebServer(unix: socket.path) }
        }
    }

    private static func health(at path: String) async -> Int? {
        guard let web = try? WebServer(unix: path) else { return nil }
        try? await web.send(["REQUEST_METHOD": "GET", "SCRIPT_NAME": "/health"])
        return await web.answer().status
    }

    @Test(arguments: [
        ("export LISTEN_PID=1", [:], "Where to listen?"),
        ("export LISTEN_PID=$$ LISTEN_FDS=x", [:], "LISTEN_FDS must be a number"),
        ("export LISTEN_PID=$$ LISTEN_FDS=2", [:], "file descriptor 4: it is not a listening socket"),
        (
            "export LISTEN_PID=$$; exec 3</dev/null", ["LISTEN_FDNAMES": "log"],
            "file descriptor 3 (log): it is not a listening"
        ),
    ])
    func `what is passed and cannot be served is said at the start`(
        prefix: String, environment: [String: String], words: String
    ) async throws {
        try await withFolder { folder in
            let socket = try HeldSocket(folder.appending(path: "s").path)
            let responder = try await HeldSocket.start([socket], environment: environment, in: folder, prefix: prefix)
            #expect(await responder.ended() != .status(0))
            #expect(responder.log.contains(words), "\(responder.log)")
        }
    }

    @Test func `a service manager is told that it serves, that it lives, and that it stops`() async throws {
        let manager = try NotificationPeer("@e2b-\(UUID().uuidString)")
        let environment = ["NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "20000", "E2B_FCGI_GRACE": "7"]
        try await LoneResponder.with(environment: environment) { responder in
            try await responder.process.wait(for: "its words") { manager.has("READY=1") && manager.has("WATCHDOG=1") }
            #expect(manager.messages.first?.contains("STATUS=listening on unix:\(responder.socket)") == true)
            #expect(!manager.has("STOPPING=1"))
            responder.process.signal(SIGTERM)
            #expect(await responder.process.ended() == .status(0))
            // Its grace period, 20 s for the rest, and some.
            #expect(manager.has("STOPPING=1") && manager.has("EXTEND_TIMEOUT_USEC=32000000"))
        }
    }
}

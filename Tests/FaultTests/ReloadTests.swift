import Foundation
import Glibc
import TestSupport
import Testing

/// SIGHUP: the configuration is read again, and no request is lost.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct ReloadTests {
    private static let old = "old-secret-of-sixteen"
    private static let new = "new-secret-of-sixteen"

    /// A responder whose settings are in a `.env` file.
    private final class Peer: Sendable {
        let process: ChildProcess
        let folder: URL
        var socket: String { folder.appending(path: "s").path }

        init(_ settings: String, environment: [String: String], prefix: String, in folder: URL) async throws {
            self.folder = folder
            try Data(settings.utf8).write(to: folder.appending(path: ".env"))
            process = try await ChildProcess(
                Binaries.system("bash"),
                ["-c", #"\#(prefix) exec "$@""#, "--", Binaries.responder.path, "--listen", "unix:\(folder.path)/s"],
                name: "e2b-fcgi", environment: environment, in: folder)
            try await process.wait(for: "the word that it listens") { process.log.contains("listening on ") }
        }

        /// How often the log has a word.
        func count(_ word: String) -> Int { process.log.components(separatedBy: word).count - 1 }

        func write(_ settings: String, to name: String = ".env") throws {
            try Data(settings.utf8).write(to: folder.appending(path: name))
        }

        /// - Parameter word: what the log says then.
        func reload(_ word: String = #""reloaded: "#) async throws {
            let before = count(word)
            process.signal(SIGHUP)
            try await process.wait(for: word) { count(word) > before }
        }

        /// - Returns: the status; nil if there is no answer.
        func execute(_ secret: String) async -> Int? {
            guard let web = try? WebServer(unix: socket) else { return nil }
            try? await web.send(
                [
                    "REQUEST_METHOD": "POST", "SCRIPT_NAME": "/execute", "REMOTE_ADDR": "127.0.0.1",
                    "HTTP_HOST": "127.0.0.1", "CONTENT_TYPE": "application/json",
                    "HTTP_AUTHORIZATION": "Bearer \(secret)",
                ], stdin: Array(#"{"code":"1"}"#.utf8))
            return await web.answer().status
        }
    }

    private func with(
        _ e2b: CannedE2B, _ settings: String, environment: [String: String] = [:], prefix: String = "",
        _ body: (Peer) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "e2b-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: folder) }
        let all = ["E2B_API_URL": e2b.url, "E2B_API_KEY": "e2b_0"].merging(environment) { _, own in own }
        let peer = try await Peer(
            settings, environment: all.filter { !$0.value.isEmpty }, prefix: prefix, in: folder)
        try await body(peer)
        #expect(await peer.process.stop() == .status(0), "\(peer.process.log)")
    }

    // MARK: -

    @Test func `a key's secret is changed, and both are taken in between`() async throws {
        let (old, new) = (Self.old, Self.new)
        try await with(CannedE2B(), "E2B_FCGI_KEYS=librechat:\(old)") { peer in
            #expect(await peer.execute(old) == 200)
            #expect(await peer.execute(new) == 401)
            try peer.write("E2B_FCGI_KEYS=librechat:\(old),librechat:\(new)")
            try await peer.reload()
            #expect(await peer.execute(old) == 200)
            #expect(await peer.execute(new) == 200)
            try peer.write("E2B_FCGI_KEYS=librechat:\(new)")
            try await peer.reload()
            #expect(await peer.execute(old) == 401)
            #expect(await peer.execute(new) == 200)
        }
    }

    @Test func `a file of keys is read again`() async throws {
        try await with(CannedE2B(), "E2B_FCGI_KEYS_FILE=.env2", prefix: "echo a:\(Self.old) >.env2;") { peer in
            #expect(await peer.execute(Self.old) == 200)
            try peer.write("a:\(Self.new)\n", to: ".env2")
            try await peer.reload()
            #expect(await peer.execute(Self.old) == 401)
            #expect(await peer.execute(Self.new) == 200)
        }
    }

    @Test func `no request is lost under load, whatever changes`() async throws {
        let count = 200
        let e2b = CannedE2B()
        func settings(_ number: Int) -> String {
            """
            E2B_FCGI_KEYS=a:\(Self.old)
            E2B_API_KEY=e2b_\(number % 2)
            E2B_FCGI_EXECUTIONS=\(8 + number)
            E2B_FCGI_MEMORY=\((512 + number) << 20)
            E2B_FCGI_IMAGES=\(number + 1)
            E2B_FCGI_LOG=\(number % 2 == 0 ? "on" : "off")
            """
        }
        try await with(e2b, settings(0), environment: ["E2B_API_KEY": ""]) { peer in
            let asked = SharedCounter()
            async let statuses = withTaskGroup(of: [Int?].self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        var statuses: [Int?] = []
                        while asked.next() <= count {
                            statuses.append(await peer.execute(Self.old))
                        }
                        return statuses
                    }
                }
                return await group.reduce(into: []) { $0 += $1 }
            }
            for number in 1...6 {
                try await peer.process.wait(for: "executions") { e2b.executed > count * number / 8 }
                try peer.write(settings(number))
                try await peer.reload()
            }
            #expect(await statuses == [Int?](repeating: 200, count: count))
            #expect(e2b.executed == count)
            try await eventually("the end of all sandboxes") { e2b.killed == e2b.created }
        }
    }

    @Test func `a request in flight keeps its configuration`() async throws {
        let gate = Latch()
        let e2b = CannedE2B(execute: { gate.pass() })
        defer { gate.open() }
        let (old, new) = (Self.old, Self.new)
        try await with(e2b, "E2B_FCGI_KEYS=a:\(old)\nE2B_FCGI_EXECUTIONS=1\nE2B_FCGI_QUEUE=0") { peer in
            let execution = Task { await peer.execute(old) }
            try await peer.process.wait(for: "an execution") { e2b.executed == 1 }
            // It counts for the limit of the next configuration, too.
            try peer.write("E2B_FCGI_KEYS=b:\(new)\nE2B_FCGI_EXECUTIONS=1\nE2B_FCGI_QUEUE=0\nE2B_CODE_EV_X=1234567")
            try await peer.reload()
            #expect(await peer.execute(new) == 429)
            try peer.write("E2B_FCGI_KEYS=b:\(new)\nE2B_FCGI_EXECUTIONS=2\nE2B_FCGI_QUEUE=0")
            try await peer.reload()
            let second = Task { await peer.execute(new) }
            try await peer.process.wait(for: "another execution") { e2b.executed == 2 }
            gate.open()
            #expect(await execution.value == 200)
            #expect(await second.value == 200)
        }
    }

    @Test func `a wrong configuration is refused with the reason, and the one before stays`() async throws {
        try await with(CannedE2B(), "E2B_FCGI_KEYS=a:\(Self.old)") { peer in
            for (settings, words) in [
                ("E2B_FCGI_KEYS=a:\(Self.new)\nE2B_FCGI_EXECUTIONS=many", "E2B_FCGI_EXECUTIONS is 'many'"),
                ("E2B_FCGI_KEYS=a:\(Self.new)\nE2B_FCGI_KEY=x", "there is no such setting"),
                ("E2B_FCGI_KEYS=a:\(Self.new)\nnonsense", "line 2 of the .env file"),
                ("E2B_FCGI_KEYS_FILE=/nowhere", "it cannot be read"), ("E2B_FCGI_KEYS=", "there is no key in it"),
                ("E2B_FCGI_KEYS=a:\(Self.new)\nE2B_FCGI_STATE_DIR=relative", "E2B_FCGI_STATE_DIR"),
            ] {
                try peer.write(settings)
                try await peer.reload("not reloaded, the configuration stays as it was: ")
                #expect(peer.process.log.contains(words), "\(peer.process.log)")
                #expect(await peer.execute(Self.old) == 200)
                #expect(await peer.execute(Self.new) == 401)
            }
            #expect(!peer.process.log.contains(Self.new))
        }
    }

    @Test func `what only a start reads is named`() async throws {
        let environment = ["E2B_FCGI_STORE": "off", "E2B_FCGI_IMAGE_THREADS": "2"]
        try await with(CannedE2B(), "E2B_FCGI_STATE_DIR=/tmp/one", environment: environment) { peer in
            try peer.write("E2B_FCGI_STATE_DIR=/tmp/two\nE2B_DOMAIN=e2b.example\nE2B_FCGI_IMAGE_THREADS=3")
            try await peer.reload()
            try await peer.process.wait(for: "their names") {
                peer.process.log.contains("read by a start only: E2B_DOMAIN, E2B_FCGI_STATE_DIR")
                    && peer.process.log.contains("has another value: E2B_FCGI_IMAGE_THREADS")
            }
            #expect(await peer.execute("") == 200)
        }
    }

    @Test func `a service manager is told, and a process that was started to ignore hang-ups does it, too`()
        async throws
    {
        let manager = try NotificationPeer("@e2b-\(UUID().uuidString)")
        try await with(CannedE2B(), "", environment: ["NOTIFY_SOCKET": manager.name], prefix: "trap '' HUP;") { peer in
            try await peer.reload()
            try await peer.process.wait(for: "its words") { manager.messages.count >= 3 }
            #expect(manager.messages[1].hasPrefix("RELOADING=1\nMONOTONIC_USEC="))
            #expect(manager.messages[2].hasPrefix("READY=1"))
        }
    }
}

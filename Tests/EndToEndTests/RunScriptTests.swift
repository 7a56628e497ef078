import Foundation
import Glibc
import TestSupport
import Testing

/// What `make run` calls, with the debug binaries.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct RunScriptTests {
    @Test func `run checks the chain, serves, and leaves nothing behind`() async throws {
        try await withRun { run, client in
            #expect(run.outputText.contains("1 image, "))
            #expect(try ToolAnswer(await client.execute("print(6 * 7)")).text.contains("42"))
            let children = try descendants(of: run.pid)
            #expect(children.count >= 4)  // the local sandbox, the responder, nginx and its workers
            let folder = try #require(
                run.log.firstMatch(of: #/unix:(\/tmp\/e2b-fcgi\.\w+)\/e2b-fcgi\.sock/#)?.1 ?? nil)
            #expect(await run.stop() == .status(143))
            try await expectEnd(of: children)
            #expect(!FileManager.default.fileExists(atPath: String(folder)))
        }
    }

    @Test func `run says that its port is taken, and starts nothing`() async throws {
        try await withRun { run, client in
            let port = try #require(client.base.split(separator: ":").last)
            let second = try await script(port: String(port), in: client.folder)
            #expect(await second.ended() == .status(1))
            #expect(second.log.contains("port \(port) is taken"))
            #expect(!second.log.contains("sandbox"))
            #expect(try await client.get("/health").status == 200)
            await run.stop()
        }
    }

    @Test func `run names the process that died and stops the others`() async throws {
        try await withRun { run, client in
            let children = try descendants(of: run.pid)
            let responder = try #require(
                children.first {
                    (try? String(contentsOfFile: "/proc/\($0)/comm", encoding: .utf8))?.hasPrefix("e2b-fcgi") == true
                })
            kill(responder, SIGKILL)
            #expect(await run.ended() == .status(1))
            #expect(run.log.contains("the responder (e2b-fcgi) ended"))
            try await expectEnd(of: children)
        }
    }

    @Test func `run takes its settings from .env as the responder does`() async throws {
        let (folder, port) = (try copyOfScripts(), try freePort())
        defer { try? FileManager.default.removeItem(at: folder) }
        let local = try await LocalServer(in: folder)
        // Everything that two readers could read in two ways.
        let lines = [
            "\u{feff}# of another system", "  export E2B_API_KEY = '\(local.key)' # it's",
            "E2B_API_URL=\"\(local.url)\"", "E2B_SANDBOX_URL\t=\t\(local.url)   # the same", "PORT = '\(port)'",
        ]
        try lines.joined(separator: "\r\n").write(
            to: folder.appending(path: ".env"), atomically: true, encoding: .utf8)
        let run = try await ChildProcess(
            folder.appending(path: "nginx/run.sh"), ["--bin", Binaries.folder.path], name: "run.sh", in: folder)
        try await run.wait(for: "the ready line") { run.outputText.contains("ready http://127.0.0.1:\(port)\n") }
        // With a key nothing runs on this machine; what there is here stands for E2B.
        #expect(!run.log.contains("no E2B_API_KEY"))
        #expect(run.outputText.contains("1 image, "))
        #expect(await run.stop() == .status(143))
        await local.process.stop()
    }

    @Test(arguments: [
        ("E2B_API_KEY 'x'", "line 1 of the .env file: it must be NAME=value"),
        ("# keys\rE2B_API_KEY=x", "line 1 of the .env file: it has a control character"),
        ("E2B_APIKEY=e2b_1", "Is E2B_API_KEY meant?"), ("E2B_FCGI_KEYS=", "there is no key in it"),
        ("E2B_API_URL=http://user:s3cr3t@10.0.0.1", "E2B_API_URL: it must be an address"),
    ])
    func `run stops at settings that are not in order, before anything has started`(
        line: String, words: String
    ) async throws {
        let folder = try copyOfScripts()
        defer { try? FileManager.default.removeItem(at: folder) }
        try line.write(to: folder.appending(path: ".env"), atomically: true, encoding: .utf8)
        let run = try await ChildProcess(
            folder.appending(path: "nginx/run.sh"), ["--bin", Binaries.folder.path], name: "run.sh", in: folder)
        #expect(await run.ended() == .status(1))
        #expect(
            run.log.contains(words) && !run.log.contains("local sandbox") && !run.log.contains("s3cr3t"), "\(run.log)")
    }

    /// The scripts in a folder of their own, where `.env` is this test's.
    private func copyOfScripts() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(path: "e2b-run-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            at: Binaries.repository.appending(path: "nginx"), to: folder.appending(path: "nginx"))
        return folder
    }

    private func script(port: String, in folder: URL) async throws -> ChildProcess {
        try await ChildProcess(
            Binaries.repository.appending(path: "nginx/run.sh"), ["--bin", Binaries.folder.path], name: "run.sh",
            // An empty key outdoes one in the developer's .env, which must not take this test to E2B.
            environment: ["PORT": port, "E2B_API_KEY": ""], in: folder)
    }

    private func withRun(_ body: (ChildProcess, HTTPClient) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "e2b-run-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let port = try freePort()
        let run = try await script(port: "\(port)", in: folder)
        let result: Result<Void, any Error>
        do {
            try await run.wait(for: "the ready line") { run.outputText.contains("ready http://127.0.0.1:\(port)") }
            result = .success(try await body(run, HTTPClient(base: "http://127.0.0.1:\(port)", folder: folder)))
        } catch {
            result = .failure(error)
        }
        await run.stop()
        try result.get()
    }

    /// Those whose parent has ended before are waited for by the system, a moment later.
    private func expectEnd(of processes: [Int32]) async throws {
        for process in processes { try await eventually("the end of process \(process)") { kill(process, 0) == -1 } }
    }

    /// Every process below `pid`, however deep.
    private func descendants(of pid: Int32) throws -> [Int32] {
        let file = "/proc/\(pid)/task/\(pid)/children"
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return [] }
        let children = text.split(whereSeparator: \.isWhitespace).compactMap { Int32($0) }
        return try children + children.flatMap { try descendants(of: $0) }
    }
}

import Foundation
import TestSupport
import Testing

/// What an operator looks at, through nginx and beside it.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct OperatingTests {
    private func promtool(_ metrics: Data, in folder: URL) async throws -> (status: Exit, log: String) {
        let file = folder.appending(path: "metrics")
        try metrics.write(to: file)
        let process = try await ChildProcess(
            Binaries.system("sh"), ["-c", "promtool check metrics < '\(file.path)'"], in: folder)
        return (await process.ended(), process.log)
    }

    @Test func `metrics and status come by nginx, and by a socket of their own while everything is busy`() async throws
    {
        let socket = "/tmp/e2b-status-\(UUID().uuidString.prefix(8))"
        try await Stack.with(environment: [
            "E2B_FCGI_STATUS_LISTEN": socket, "E2B_FCGI_EXECUTIONS": "1", "E2B_FCGI_LOG_FORMAT": "text",
        ]) { stack in
            #expect(try await stack.client.execute("1/0").status == 200)
            let metrics = try await stack.client.get("/metrics")
            let families = try PrometheusText(metrics.text).families
            let executions = families["e2b_fcgi_executions_total"]?.samples
            #expect(executions?.map(\.labels) == [["language": "python", "outcome": "exception"]])
            if (try? Binaries.system("promtool")) != nil {
                let (exit, log) = try await promtool(metrics.body, in: stack.folder)
                #expect(exit == .status(0), "\(log)")
            }
            var proxied = stack.client
            proxied.headers["X-Forwarded-For"] = "192.0.2.1"
            #expect(try await proxied.get("/status").status == 401)

            func start(_ code: String) async throws -> ChildProcess {
                let request: JSONTree = ["code": .text(code), "timeout": 300]
                return try await stack.client.start("POST", "/execute", body: request.encoded())
            }
            /// The status, by its own socket, as soon as it says `words`.
            func status(saying words: String) async throws -> String {
                var text = ""
                while !text.contains(words) {
                    let curl = try await ChildProcess(
                        Binaries.system("curl"),
                        ["-s", "--max-time", "60", "--unix-socket", socket, "http://localhost/status?full"],
                        in: stack.folder)
                    try #require(await curl.ended() == .status(0))
                    text = curl.outputText
                }
                return text
            }
            let running = try await start("import time; time.sleep(600)")
            _ = try await status(saying: " /execute running ")
            let waiting = try await start("1")
            let text = try await status(saying: " queued ")
            #expect(text.contains("\nactive processes:") && text.contains(" /execute running "), "\(text)")
            #expect(text.contains("\nlisten queue:         1\n"), "\(text)")
            for request in [waiting, running] {
                request.signal(SIGKILL)
                await request.ended()
            }
            let line = try #require(stack.responder.log.split(separator: "\n").first { $0.contains(" POST /execute ") })
            #expect(
                line.contains(" warning POST /execute status=200 id=") && line.contains(" step=execute "), "\(line)")
        }
        #expect(!FileManager.default.fileExists(atPath: socket))
    }

    @Test func `sandboxes that a crash has left are listed and ended by key`() async throws {
        let e2b = StubE2B()
        let settings = e2b.environment.merging(["E2B_FCGI_KEYS": "test:0123456789abcdefghij"]) { _, own in own }
        try await LoneResponder.with(environment: settings) { responder in
            let answer = try await responder.act(#"{"action":"create","sessionId":"left"}"#)
            #expect(answer.status == 200)
        }
        // It was killed without a chance to clean up.
        #expect(e2b.alive().count == 1)
        func sandboxes(_ arguments: String...) async throws -> (status: Exit, output: String, log: String) {
            let process = try await ChildProcess(
                Binaries.responder, ["sandboxes"] + arguments, environment: settings,
                in: FileManager.default.temporaryDirectory)
            return (await process.ended(), process.outputText, process.log)
        }
        let list = try await sandboxes("list", "--owner", "test")
        #expect(
            list.status == .status(0) && list.output.contains("\trunning\t") && list.output.contains("\ttest\tleft"))
        #expect(try await sandboxes("list", "--owner", "another").output == "")
        #expect(try await sandboxes("kill").status != .status(0))
        #expect(try await sandboxes("kill", "--all", "--older-than", "1h").status == .status(0))
        #expect(e2b.alive().count == 1)
        let kill = try await sandboxes("kill", "--owner", "test")
        #expect(kill.status == .status(0) && kill.output.contains(" ended"), "\(kill)")
        #expect(e2b.alive().isEmpty)
    }
}

import E2B
import FastCGI
import Foundation
import Interpreter
import TestSupport
import Testing

@testable import Responder

/// What a key is told when its budget of the day is used up, by each surface, and what it can do then.
@Suite(.timeLimit(.minutes(5)))
struct BudgetTests {
    private static let secrets = ["ann", "bob"].map { (name: $0, secret: "correct-horse-battery-staple-\($0)") }

    private struct Desk {
        let responder: Responder

        func ask(
            _ path: String, _ json: String, as name: String = "ann", headers: [String: String] = [:]
        ) async -> Response {
            let secret = BudgetTests.secrets.first { $0.name == name }?.secret ?? ""
            let params = ["REMOTE_ADDR": "192.0.2.1", "HTTP_HOST": "code.example"].merging(headers) { _, own in own }
            return await responder.answer(path, Array(json.utf8), key: secret, params)
        }
    }

    private func withDesk(_ limits: String, _ body: (Desk, StubE2B, Measurements) async throws -> Void) async throws {
        let e2b = StubE2B()
        let folder = FileManager.default.temporaryDirectory.appending(path: "e2b-budget-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        var configuration = try Configuration(
            environment: e2b.environment.merging([
                "E2B_FCGI_KEYS": Self.secrets.map { "\($0.name):\($0.secret)" }.joined(separator: ","),
                "E2B_FCGI_TRUSTED_KEYS": "ann", "E2B_FCGI_KEY_LIMITS": limits, "E2B_FCGI_STORE": folder.path,
            ]) { _, own in own })
        let measurements = Measurements()
        configuration.e2b.observer = measurements.observer()
        let client = try E2BClient(configuration.e2b)
        let responder = try Responder(
            configuration, client: client, storage: try await Storage.open(configuration.store),
            measurements: measurements, log: EventLog(isLoggingRequests: false))
        let result: Result<Void, any Error>
        do { result = .success(try await body(Desk(responder: responder), e2b, measurements)) } catch {
            result = .failure(error)
        }
        await responder.killOutstanding()
        await client.stop()
        try result.get()
    }

    private func tree(_ response: Response) throws -> JSONTree { try JSONTree(parsing: response.body.bytes ?? []) }

    private func pause(_ response: Response) -> Int? {
        response.headers.first { $0.name == "Retry-After" }.flatMap { Int($0.value) }
    }

    @Test func `past its executions a key is told by each surface when there are new ones`() async throws {
        try await withDesk("ann:executions=1") { desk, _, measurements in
            #expect(
                try await tree(desk.ask("/e2bcode", #"{"action":"create","sessionId":"s"}"#))["success"] == true)
            // The users of a key share its budget.
            #expect(await desk.ask("/execute", #"{"code":"1"}"#).status == 200)
            #expect(measurements.usage.today(of: "ann").executions == 1)

            let execute = await desk.ask("/execute", #"{"code":"1"}"#)
            #expect(execute.status == 429)
            let seconds = try #require(pause(execute))
            #expect((1...86_400).contains(seconds))
            #expect(
                try tree(execute)[0][0]["text"].string?.contains(
                    "The budget of this key for today is used up (1 execution)") == true)
            #expect(try tree(execute)[0][0]["text"].string?.contains("T00:00:0") == true)

            let action = await desk.ask("/e2bcode", #"{"action":"execute","sessionId":"s","code":"1"}"#)
            #expect(action.status == 429 && pause(action) != nil)
            #expect(try tree(action)["success"] == false)
            #expect(try tree(action)["error"].string?.contains("used up") == true)

            let exec = await desk.ask("/v1/exec", #"{"lang":"py","code":"1"}"#)
            #expect(exec.status == 429 && pause(exec) != nil)
            #expect(try tree(exec)["message"].string?.contains("used up") == true)

            // An HTTP status would have LibreChat give up the connection.
            let tool = await desk.ask(
                "/mcp",
                #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"run_code","arguments":{"code":"1"}}}"#,
                headers: ["HTTP_X_USER_ID": "u"])
            #expect(tool.status == 200)
            #expect(try tree(tool)["result"]["isError"] == true)
            #expect(try tree(tool)["result"]["content"][0]["text"].string?.contains("used up") == true)

            // What costs nothing, or ends what does, is done. So is what other keys ask for.
            for json in [
                #"{"action":"help"}"#, #"{"action":"list_sandboxes"}"#, #"{"action":"kill","sessionId":"s"}"#,
            ] {
                let response = await desk.ask("/e2bcode", json)
                #expect(response.status == 200)
                #expect(try tree(response)["success"] == true, "\(json)")
            }
            #expect(await desk.ask("/execute", #"{"code":"1"}"#, as: "bob").status == 200)
            #expect(desk.responder.status.text(isFull: false).contains("(executions=1)"))
        }
    }

    @Test func `past its seconds a key makes no more sandboxes`() async throws {
        try await withDesk("ann:seconds=1") { desk, _, measurements in
            measurements.usage.began("another", for: "ann\u{1f}u", lasting: .seconds(3600))
            while measurements.usage.today(of: "ann").sandboxSeconds < 1 {
                try await Task.sleep(for: .milliseconds(50))
            }
            let response = await desk.ask("/execute", #"{"code":"1"}"#)
            #expect(response.status == 429)
            #expect(try tree(response)[0][0]["text"].string?.contains("1 second of sandboxes") == true)
        }
    }

    @Test func `executions, sandboxes and errors of E2B are counted`() async throws {
        try await withDesk("") { desk, e2b, measurements in
            #expect(await desk.ask("/execute", #"{"code":"1"}"#).status == 200)
            #expect(
                try await tree(desk.ask("/e2bcode", #"{"action":"create","sessionId":"s"}"#))["success"] == true)
            #expect(
                try await tree(desk.ask("/e2bcode", #"{"action":"shell","sessionId":"s","command":"x"}"#))["success"]
                    == true)
            #expect(try await tree(desk.ask("/e2bcode", #"{"action":"kill","sessionId":"s"}"#))["success"] == true)
            await desk.responder.killOutstanding()
            let families = try PrometheusText(desk.responder.status.metrics).families
            func value(_ name: String, _ labels: [String: String] = [:], _ part: String = "") -> Double? {
                families["e2b_fcgi_\(name)"]?.samples.first {
                    $0.name == "e2b_fcgi_\(name)\(part)" && $0.labels == labels
                }?.value
            }
            #expect(value("executions_total", ["language": "python", "outcome": "completed"]) == 1)
            #expect(value("executions_total", ["language": "shell", "outcome": "completed"]) == 1)
            #expect(value("sandboxes_created_total") == 2)
            #expect(value("sandboxes_killed_total") == 2)
            #expect(value("sandboxes_left_total") == 0)
            #expect(value("sandbox_create_seconds", [:], "_count") == 2)
            #expect(value("sandbox_kill_seconds", [:], "_count") == 2)
            #expect(value("run_seconds", [:], "_count") == 2)
            #expect(value("queue_seconds", [:], "_count") == 4)
            #expect(value("owner_executions_total", ["owner": "ann"]) == 2)
            #expect((value("owner_sandbox_seconds_total", ["owner": "ann"]) ?? 0) > 0)
            #expect(e2b.alive().isEmpty)
        }
    }

    @Test func `the sandboxes of a key are found and ended, and those of other programs are left alone`() async throws {
        let e2b = StubE2B()
        let client = try E2BClient(Configuration(environment: e2b.environment).e2b)
        let lifecycle = SandboxLifecycle(client: client, creationLimit: 10) { _ in }
        var made: [String] = []
        for owner in ["ann", "ann\u{1f}user 1", "bob"] {
            made.append(try await lifecycle.create(SandboxOptions(timeout: .seconds(60)), for: owner, mark: owner).id)
        }
        let foreign = try await client.create(SandboxOptions(timeout: .seconds(60), metadata: ["by": "another"])).id
        let sandboxes = ServiceSandboxes(client)
        #expect(Set(try await sandboxes.list().map(\.id)) == Set(made))
        #expect(Set(try await sandboxes.list(of: "ann").map(\.id)) == Set(made.prefix(2)))
        #expect(try await sandboxes.list(of: "bob", olderThan: .seconds(3600)).isEmpty)
        for entry in try await sandboxes.list(of: "ann") { #expect(try await sandboxes.kill(entry)) }
        #expect(Set(e2b.alive()) == [made[2], foreign])
        await client.stop()
    }
}

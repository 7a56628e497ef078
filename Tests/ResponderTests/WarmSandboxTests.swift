import E2B
import FastCGI
import Foundation
import Interpreter
import TestSupport
import Testing

@testable import Responder

/// Sandboxes that are created ahead, before an E2B without machines.
@Suite(.timeLimit(.minutes(5)))
struct WarmSandboxTests {
    /// One responder, asked without a web server.
    private struct Desk: Sendable {
        private static let key = "correct-horse-battery-staple"
        let responder: Responder
        private let client: E2BClient
        private let log: URL

        init(_ e2b: StubE2B, _ settings: [String: String]) throws {
            let own = ["E2B_FCGI_KEYS": "me:\(Self.key)", "E2B_FCGI_WARM": "2", "E2B_FCGI_STORE": "off"]
            let configuration = try Configuration(
                environment: e2b.environment.merging(own.merging(settings) { $1 }) { $1 })
            client = try E2BClient(configuration.e2b)
            log = FileManager.default.temporaryDirectory.appending(path: "warm-\(UUID().uuidString)")
            let file = open(log.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            responder = try Responder(
                configuration, client: client,
                log: EventLog(isLoggingRequests: false, output: LogOutput(descriptor: file)))
        }

        /// The lines of the log about warm sandboxes, when there are so many.
        func notices(_ count: Int) async throws -> [String] {
            while true {
                let lines = try String(contentsOf: log, encoding: .utf8).split(separator: "\n").map(String.init)
                let ours = lines.filter { $0.contains("warm sandbox") }
                if ours.count >= count { return ours }
                try await Task.sleep(for: .milliseconds(20))
            }
        }

        /// As the process stops.
        func stop() async {
            responder.stopWarming()
            responder.refuseExecutions()
            await responder.killOutstanding()
            await client.stop()
            try? FileManager.default.removeItem(at: log)
        }

        func post(_ path: String, _ body: JSONTree) async throws -> (status: Int, retryAfter: String?, text: String) {
            let response = await responder.answer(path, Array(try body.encoded()), key: Self.key)
            let pause = response.headers.first { $0.name == "Retry-After" }?.value
            return (response.status, pause, String(decoding: response.body.bytes ?? [], as: UTF8.self))
        }

        func execute(_ members: [String: JSONTree] = [:]) async throws -> (
            status: Int, retryAfter: String?, text: String
        ) {
            try await post("/execute", .object(["code": "1"].merging(members) { $1 }))
        }

        func execute(atOnce count: Int) async throws -> [(status: Int, retryAfter: String?, text: String)] {
            try await withThrowingTaskGroup(of: (status: Int, retryAfter: String?, text: String).self) { group in
                for _ in 0..<count { group.addTask { try await execute() } }
                var answers: [(status: Int, retryAfter: String?, text: String)] = []
                for try await answer in group { answers.append(answer) }
                return answers
            }
        }

        func waitForWarm(_ count: Int) async throws {
            while responder.warmCount != count { try await Task.sleep(for: .milliseconds(20)) }
        }
    }

    private func with(
        _ e2b: StubE2B = StubE2B(), _ settings: [String: String] = [:], _ body: (StubE2B, Desk) async throws -> Void
    ) async throws {
        let desk = try Desk(e2b, settings)
        desk.responder.startWarming()
        let result: Result<Void, any Error>
        do { result = .success(try await body(e2b, desk)) } catch { result = .failure(error) }
        await desk.stop()
        #expect(e2b.alive().isEmpty, "nothing is left running")
        try result.get()
    }

    private func creations(_ e2b: StubE2B) -> Int { e2b.controlCalls.count { $0 == "POST /sandboxes" } }

    // MARK: - Use

    @Test func `a program runs in a sandbox that was there, prepared, and that is used once`() async throws {
        try await with { e2b, desk in
            try await desk.waitForWarm(2)
            let warm = Set(e2b.alive())
            // The kernel has run its first code, so that this is its second.
            let answer = try await desk.execute()
            #expect(answer.status == 200 && answer.text.contains("1"))
            try await desk.waitForWarm(2)
            while warm.isSubset(of: e2b.alive()) { try await Task.sleep(for: .milliseconds(20)) }
            #expect(creations(e2b) == 3)
            #expect(warm.intersection(e2b.alive()).count == 1)
        }
    }

    @Test(arguments: [
        (
            "/mcp",
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"run_code","arguments":{"code":"1"}}}"#
        ),
        ("/execute", #"{"code":"1","envs":{"A":"b"}}"#), ("/execute", #"{"code":"1","language":"javascript"}"#),
    ])
    func `every run without a session takes one`(path: String, body: String) async throws {
        try await with { e2b, desk in
            try await desk.waitForWarm(2)
            let before = creations(e2b)
            let answer = try await desk.post(path, try JSONTree(parsing: Array(body.utf8)))
            #expect(answer.status == 200, "\(answer.text)")
            try await desk.waitForWarm(2)
            // The one that replaces it, and no other.
            #expect(creations(e2b) == before + 1)
        }
    }

    @Test func `a session's sandbox is made for it`() async throws {
        try await with { e2b, desk in
            try await desk.waitForWarm(2)
            let answer = try await desk.post("/e2bcode", ["action": "create", "sessionId": "s"])
            #expect(answer.status == 200, "\(answer.text)")
            #expect(desk.responder.warmCount == 2)
            let session = try #require(e2b.alive(["e2bFcgiSession": "s"]).first)
            _ = try await desk.post("/e2bcode", ["action": "kill", "sessionId": "s"])
            #expect(!e2b.alive().contains(session))
        }
    }

    @Test func `one that is taken lives as long as its program may run, and little longer`() async throws {
        try await with(StubE2B(), ["E2B_FCGI_WARM": "1"]) { e2b, desk in
            try await desk.waitForWarm(1)
            _ = try await desk.execute(["timeout": 7])
            while e2b.timeouts.isEmpty { try await Task.sleep(for: .milliseconds(20)) }
            #expect(e2b.timeouts == [37])
        }
    }

    @Test func `one whose time would not suffice is given more before it is used`() async throws {
        let settings = ["E2B_FCGI_MAX_TIMEOUT": "7000", "E2B_FCGI_READ_TIMEOUT": "9000", "E2B_FCGI_WARM": "1"]
        try await with(StubE2B(), settings) { e2b, desk in
            try await desk.waitForWarm(1)
            let answer = try await desk.execute(["timeout": 6000])
            #expect(answer.status == 200, "\(answer.text)")
            #expect(e2b.timeouts == [6030])
        }
    }

    // MARK: - Faults

    @Test func `one that died while it waited is replaced without the caller noticing`() async throws {
        try await with { e2b, desk in
            try await desk.waitForWarm(2)
            for id in e2b.alive() { e2b.end(id) }
            let answers = try await [desk.execute(), desk.execute(), desk.execute()]
            for answer in answers { #expect(answer.status == 200, "\(answer.text)") }
            let mcp = try await desk.post(
                "/mcp",
                [
                    "jsonrpc": "2.0", "id": 1, "method": "tools/call",
                    "params": ["name": "shell", "arguments": ["command": "id"]],
                ])
            #expect(mcp.status == 200 && !mcp.text.contains(#""isError":true"#), "\(mcp.text)")
            try await desk.waitForWarm(2)
        }
    }

    @Test func `creations that fail are said once and tried again, and requests go on by themselves`() async throws {
        let e2b = StubE2B()
        e2b.refuse(creations: 2)
        try await with(e2b, ["E2B_FCGI_WARM": "1"]) { e2b, desk in
            try await desk.waitForWarm(1)
            #expect(creations(e2b) == 3)
            let said = try await desk.notices(2)
            #expect(said.count == 2, "\(said)")
            #expect(said.first?.contains("no warm sandbox can be created") == true)
            #expect(said.last?.contains("can be created again") == true)
        }
    }

    @Test func `where E2B allows no more sandboxes, a warm one makes room for a session`() async throws {
        try await with { e2b, desk in
            try await desk.waitForWarm(2)
            e2b.limit(to: 2)
            let answer = try await desk.post("/e2bcode", ["action": "create", "sessionId": "s"])
            #expect(answer.text.contains(#""success":true"#), "\(answer.text)")
            #expect(desk.responder.warmCount == 1)
            _ = try await desk.post("/e2bcode", ["action": "kill", "sessionId": "s"])
        }
    }

    @Test func `one that is being made when the service stops is not left behind`() async throws {
        let e2b = StubE2B(StubE2B.Behaviour("slow", creation: 300...300, execution: 300))
        try await with(e2b, ["E2B_FCGI_WARM": "3"]) { e2b, desk in
            while creations(e2b) == 0 { try await Task.sleep(for: .milliseconds(10)) }
        }
        // Nor does anything come after that.
        #expect(e2b.alive().isEmpty)
    }

    // MARK: - The rate of creations

    @Test func `a creation whose turn comes too late is refused with the time of a better one`() async throws {
        let settings = ["E2B_FCGI_WARM": "0", "E2B_FCGI_CREATE_RATE": "1", "E2B_FCGI_QUEUE_WAIT": "1"]
        try await with(StubE2B(), settings) { e2b, desk in
            let answers = try await desk.execute(atOnce: 8)
            let refused = answers.filter { $0.status == 429 }
            #expect(refused.count + answers.count { $0.status == 200 } == 8)
            // One at once, one after a second; more only if this machine is slow.
            #expect(!refused.isEmpty && refused.count <= 6)
            for answer in refused {
                #expect(Int(answer.retryAfter ?? "").map { $0 >= 1 } == true)
                #expect(answer.text.contains("1 sandbox a second may be created"), "\(answer.text)")
            }
            #expect(creations(e2b) == 8 - refused.count)
        }
    }

    @Test func `without a rate nothing holds creations back`() async throws {
        try await with(StubE2B(), ["E2B_FCGI_WARM": "0"]) { e2b, desk in
            let answers = try await desk.execute(atOnce: 20)
            #expect(answers.allSatisfy { $0.status == 200 })
            #expect(creations(e2b) == 20)
        }
    }
}

import Dispatch
import E2B
import FastCGI
import Foundation
import Interpreter
import TestSupport
import Testing

@testable import Responder

/// What keys share, and what is said to one that asks for more.
@Suite(.timeLimit(.minutes(5)))
struct SharedLimitsTests {
    /// A responder that is asked without a web server, with three keys.
    private struct Desk: Sendable {
        private static let secrets = ["ann", "bob", "cat"].map { ($0, "correct-horse-battery-staple-\($0)") }
        private let responder: Responder
        private let client: E2BClient

        static func with(
            _ e2b: [String: String], _ settings: [String: String], _ body: (Desk) async throws -> Void
        ) async throws {
            var environment = e2b.merging(settings) { _, own in own }
            environment["E2B_FCGI_KEYS"] = secrets.map { "\($0):\($1)" }.joined(separator: ",")
            let desk = try Desk(environment)
            let result: Result<Void, any Error>
            do { result = .success(try await body(desk)) } catch { result = .failure(error) }
            await desk.responder.killOutstanding()
            await desk.client.stop()
            try result.get()
        }

        private init(_ environment: [String: String]) throws {
            let configuration = try Configuration(environment: environment)
            client = try E2BClient(configuration.e2b)
            responder = try Responder(configuration, client: client, log: EventLog(isLoggingRequests: false))
        }

        func execute(_ name: String) async -> Response { await ask("POST", "/execute", name, #"{"code":"1"}"#) }

        func act(_ name: String, _ json: String) async throws -> (response: Response, answer: JSONTree) {
            let response = await ask("POST", "/e2bcode", name, json)
            return (response, try JSONTree(parsing: response.body.bytes ?? []))
        }

        private func ask(_ method: String, _ path: String, _ name: String, _ body: String = "") async -> Response {
            let secret = Self.secrets.first { $0.0 == name }?.1 ?? ""
            return await responder.answer(path, Array(body.utf8), method: method, key: secret)
        }

        /// Until `/health` says so.
        func wait(_ name: String, _ count: Int) async throws {
            while true {
                let health = try JSONTree(parsing: await ask("GET", "/health", "").body.bytes ?? [])
                if health[name].integer == count { return }
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    /// An E2B where each execution ends when it is told to.
    private struct SteppedE2B {
        let steps = DispatchSemaphore(value: 0)
        let e2b: CannedE2B
        var environment: [String: String] {
            ["E2B_API_URL": e2b.url, "E2B_API_KEY": "e2b_" + String(repeating: "0", count: 40)]
        }

        init() { e2b = CannedE2B(execute: { [steps] in steps.wait() }) }
    }

    @Test func `a key with many requests keeps no other one out`() async throws {
        let stepped = SteppedE2B()
        let settings = ["E2B_FCGI_EXECUTIONS": "1", "E2B_FCGI_QUEUE": "40", "E2B_FCGI_QUEUE_WAIT": "300"]
        try await Desk.with(stepped.environment, settings) { desk in
            let (ends, ended) = AsyncStream<String>.makeStream()
            var ordered = ends.makeAsyncIterator()
            func ask(_ name: String) {
                Task {
                    let response = await desk.execute(name)
                    ended.yield("\(name) \(response.status)")
                }
            }
            ask("ann")
            try await desk.wait("executions", 1)
            for _ in 0..<40 { ask("ann") }
            try await desk.wait("waiting", 40)
            // The queue is full. The newest of the many have to leave it.
            for _ in 0..<2 {
                ask("bob")
                #expect(await ordered.next() == "ann 429")
            }
            try await desk.wait("waiting", 40)
            var order: [String] = []
            for _ in 0..<41 {
                stepped.steps.signal()
                order.append(try #require(await ordered.next()))
            }
            #expect(order.prefix(6) == ["ann 200", "ann 200", "bob 200", "ann 200", "bob 200", "ann 200"])
            #expect(order.count { $0 == "ann 200" } == 39)
        }
    }

    @Test func `who is refused hears whose limit it was, in the shape of each endpoint`() async throws {
        let stepped = SteppedE2B()
        let settings = ["E2B_FCGI_EXECUTIONS": "2", "E2B_FCGI_OWNER_EXECUTIONS": "1", "E2B_FCGI_QUEUE": "0"]
        try await Desk.with(stepped.environment, settings) { desk in
            func refusals(of name: String) async throws -> [String] {
                let execution = await desk.execute(name)
                let (response, answer) = try await desk.act(name, #"{"action":"list_sandboxes","sessionId":"s"}"#)
                for refused in [execution, response] {
                    #expect(refused.status == 429)
                    #expect(refused.headers.contains { $0 == ("Retry-After", "5") })
                }
                #expect(answer["success"] == .flag(false))
                let content = try JSONTree(parsing: execution.body.bytes ?? [])
                return [content[0][0]["text"], answer["error"]].map { $0.string ?? "" }
            }
            async let first = desk.execute("ann")
            try await desk.wait("executions", 1)
            let own =
                "Your own requests have all places for executions that one caller may have (1). Try again in a few seconds."
            #expect(try await refusals(of: "ann") == [own, own])
            async let second = desk.execute("bob")
            try await desk.wait("executions", 2)
            let all = "All 2 places for executions are taken. Try again in a few seconds."
            #expect(try await refusals(of: "cat") == [all, all])
            for _ in 0..<2 { stepped.steps.signal() }
            #expect(await first.status == 200)
            #expect(await second.status == 200)
        }
    }

    @Test func `sessions of one key leave sandboxes to others`() async throws {
        let e2b = StubE2B()
        try await Desk.with(e2b.environment, ["E2B_FCGI_EXECUTIONS": "4"]) { desk in
            func create(_ name: String, _ session: String) async throws -> JSONTree {
                try await desk.act(name, #"{"action":"create","sessionId":"\#(session)"}"#).answer
            }
            // At the same moment, and as many as there may be: three quarters of four.
            let made = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 1...8 { group.addTask { try await create("ann", "\(number)")["success"] == .flag(true) } }
                var made = 0
                for try await isMade in group where isMade { made += 1 }
                return made
            }
            #expect(made == 3)
            #expect(e2b.alive().count == 3)
            let refused = try await desk.act("ann", #"{"action":"create","sessionId":"9"}"#)
            #expect(refused.response.status == 200 && refused.answer["success"] == .flag(false))
            #expect(
                refused.answer["error"].string?.hasPrefix("You have 3 sandboxes, as many as one caller may") == true)
            #expect(try await create("bob", "1")["success"] == .flag(true))
            // One that is there goes on, and one that is ended makes room.
            let sandboxes = try await desk.act("ann", #"{"action":"list_sandboxes"}"#).answer["sandboxes"]
            let session = try #require(sandboxes[0]["sessionId"].string)
            #expect(try await create("ann", session)["success"] == .flag(true))
            #expect(
                try await desk.act("ann", #"{"action":"kill","sessionId":"\#(session)"}"#).answer["success"]
                    == .flag(true))
            #expect(try await create("ann", "9")["success"] == .flag(true))
        }
    }

    @Test func `a key that holds much memory leaves what a request of another one may need`() async throws {
        let keys = ["ann", "bob"].map { "\($0):correct-horse-battery-staple-\($0)" }.joined(separator: ",")
        let configuration = try Configuration(environment: ["E2B_FCGI_KEYS": keys])
        let (budget, need) = (configuration.limits.memory, 3 * configuration.e2b.imageLimit)
        let (ann, bob) = (budget.reservation(for: "ann"), budget.reservation(for: "bob"))
        #expect(await !ann.grow(to: budget.limit, within: .zero))
        #expect(await ann.grow(to: budget.limit - need, within: .zero))
        let memory = budget.reservation(for: "ann")
        let refusal = await #expect(throws: Refusal.self) {
            var request = FastCGIRequest(params: [:], stdin: .success([UInt8](repeating: 0x20, count: 1001)))
            _ = try await request.wholeBody(upTo: 2000, holding: memory)
        }
        #expect(refusal == .outOfOwnMemory)
        #expect(await bob.grow(to: need, within: .zero))
        // Below a key that may name users there are several owners, too.
        let users = try Configuration(
            environment: ["E2B_FCGI_KEYS": "ann:correct-horse-battery-staple", "E2B_FCGI_TRUSTED_KEYS": "ann"])
        let user = users.limits.memory.reservation(for: "ann\u{1f}1")
        #expect(await !user.grow(to: users.limits.memory.limit, within: .zero))
        #expect(user.isShareTaken && users.limits.executions.ownerSandboxes == 15)
        // A single key may have everything.
        let alone = try Configuration(environment: [:]).limits.memory
        #expect(await alone.reservation(for: "").grow(to: alone.limit, within: .zero))
    }

    @Test func `E2B that has no room beside a sandbox that is being ended has some after that`() async throws {
        let gate = Latch()
        let e2b = CannedE2B(limit: 1, kill: { gate.pass() })
        let environment = ["E2B_API_URL": e2b.url, "E2B_API_KEY": "e2b_" + String(repeating: "0", count: 40)]
        try await Desk.with(environment, [:]) { desk in
            #expect(await desk.execute("ann").status == 200)
            async let second = desk.execute("ann")
            while e2b.refused == 0 { try await Task.sleep(for: .milliseconds(5)) }
            gate.open()
            #expect(await second.status == 200)
            #expect(e2b.created == 2)
        }
    }
}

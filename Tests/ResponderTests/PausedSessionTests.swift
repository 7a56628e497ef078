import E2B
import FastCGI
import Foundation
import TestSupport
import Testing

@testable import Responder

/// Sessions whose sandboxes E2B pauses when nobody uses them, before an E2B without machines.
@Suite(.timeLimit(.minutes(5)))
struct PausedSessionTests {
    /// One responder, asked without a web server, on two of its surfaces.
    private struct Desk: Sendable {
        private static let key = "correct-horse-battery-staple"
        private let responder: Responder
        private let client: E2BClient

        init(_ e2b: StubE2B, _ settings: [String: String]) throws {
            let own = ["E2B_FCGI_KEYS": "me:\(Self.key)", "E2B_FCGI_SESSION_END": "pause"]
            let configuration = try Configuration(
                environment: e2b.environment.merging(own.merging(settings) { $1 }) { $1 })
            client = try E2BClient(configuration.e2b)
            responder = try Responder(configuration, client: client, log: EventLog(isLoggingRequests: false))
        }

        func stop() async {
            await responder.killOutstanding()
            await client.stop()
        }

        private func post(_ path: String, _ body: JSONTree) async throws -> JSONTree {
            let response = await responder.answer(path, Array(try body.encoded()), key: Self.key)
            return try JSONTree(parsing: response.body.bytes ?? [])
        }

        /// An action of `/e2bcode`.
        func act(
            _ action: String, _ session: String, _ parameters: [String: JSONTree] = [:]
        ) async throws -> JSONTree {
            let members = ["action": .text(action), "sessionId": .text(session)].merging(parameters) { $1 }
            return try await post("/e2bcode", .object(members))
        }

        /// The text of a tool's answer.
        func call(
            _ tool: String, _ session: String, _ arguments: [String: JSONTree] = [:]
        ) async throws -> String {
            let arguments = ["session": JSONTree.text(session)].merging(arguments) { $1 }
            let answer = try await post(
                "/mcp",
                .object([
                    "jsonrpc": "2.0", "id": 1, "method": "tools/call",
                    "params": .object(["name": .text(tool), "arguments": .object(arguments)]),
                ]))
            return answer["result"]["content"][0]["text"].string ?? "\(answer)"
        }

        /// In which sandbox a command of MCP runs, and what else the answer says.
        func shell(_ session: String) async throws -> String { try await call("shell", session, ["command": "id"]) }
    }

    private func with(
        _ settings: [String: String] = [:], _ body: (StubE2B, Desk, Desk) async throws -> Void
    ) async throws {
        let e2b = StubE2B()
        let desks = try [Desk(e2b, settings), Desk(e2b, settings)]
        let result: Result<Void, any Error>
        do { result = .success(try await body(e2b, desks[0], desks[1])) } catch { result = .failure(error) }
        for desk in desks { await desk.stop() }
        try result.get()
    }

    private func alive(_ e2b: StubE2B, _ session: String) -> [String] { e2b.alive(["e2bFcgiSession": session]) }

    // MARK: - Pausing and resuming

    @Test(arguments: ["kill", "pause"])
    func `sandboxes are made so that E2B does at their end what the operator wants`(end: String) async throws {
        try await with(["E2B_FCGI_SESSION_END": end]) { e2b, desk, _ in
            _ = try await desk.shell("m")
            _ = try await desk.act("create", "a")
            for session in ["m", "a"] {
                let id = try #require(alive(e2b, session).first)
                #expect(e2b.pausesAtEnd(id) == (end == "pause"))
                #expect(e2b.alive(["e2bFcgiEnd": "pause", "e2bFcgiSession": session]).isEmpty == (end == "kill"))
            }
        }
    }

    @Test func `a paused session goes on in its sandbox, on each surface and in each responder`() async throws {
        try await with { e2b, desk, other in
            _ = try await desk.shell("s")
            let id = try #require(alive(e2b, "s").first)
            for (number, desk) in [desk, desk, other].enumerated() {
                e2b.pause(id)
                if number == 1 {
                    let answer = try await desk.act("shell", "s", ["command": "id"])
                    #expect(answer["output"].string?.contains(id) == true, "\(answer)")
                    #expect(answer["notes"].list == nil, "\(answer)")
                } else {
                    let text = try await desk.shell("s")
                    #expect(text.contains(id) && !text.contains("paused"), "\(text)")
                }
                #expect(e2b.resumptions == number + 1)
            }
            #expect(e2b.alive() == [id])
        }
    }

    @Test func `a pause that is under way is waited for`() async throws {
        try await with { e2b, desk, _ in
            _ = try await desk.shell("s")
            let id = try #require(alive(e2b, "s").first)
            // No list has it meanwhile, and it cannot be resumed.
            e2b.pause(id, taking: 0.5)
            #expect(try await desk.shell("s").contains(id))
            #expect(e2b.alive() == [id] && e2b.resumptions == 1)
        }
    }

    @Test func `two responders that resume one at the same moment are in the same one`() async throws {
        try await with { e2b, desk, other in
            for round in 0..<20 {
                let session = "round \(round)"
                _ = try await desk.shell(session)
                let id = try #require(alive(e2b, session).first)
                e2b.pause(id, taking: Double(round % 3) / 10)
                async let first = desk.shell(session)
                // Who does not remember it asks a list, which has it after the pause.
                if round % 3 > 0 { try await Task.sleep(for: .milliseconds(250)) }
                async let second = other.act("shell", session, ["command": "id"])
                let texts = try await [first, second["output"].string ?? ""]
                #expect(texts.allSatisfy { $0.contains(id) }, "\(texts)")
                #expect(alive(e2b, session) == [id] && e2b.resumptions == round + 1)
            }
        }
    }

    @Test func `one that no list had while it was paused takes its place again`() async throws {
        try await with { e2b, desk, other in
            _ = try await desk.shell("s")
            let id = try #require(alive(e2b, "s").first)
            e2b.pause(id, taking: 0.5)
            // It does not remember the session, and has it begin anew.
            #expect(try await !other.shell("s").contains(id))
            try await eventually("the end of the younger one") { alive(e2b, "s") == [id] }
            for desk in [desk, other] { #expect(try await desk.shell("s").contains(id)) }
            #expect(e2b.resumptions == 1)
        }
    }

    // MARK: - What is told

    @Test func `what is lost is told once, in one sentence`() async throws {
        try await with { e2b, desk, _ in
            _ = try await desk.shell("s")
            let id = try #require(alive(e2b, "s").first)
            let sentence =
                "The sandbox was paused and has been started anew from its disk, so its variables, imports and running "
                + "commands are gone, and its files are there."
            e2b.pause(id)
            e2b.loseMemory(of: id)
            let first = try await desk.shell("s")
            #expect(first.hasPrefix(sentence + "\n\n") && first.contains(id), "\(first)")
            let second = try await desk.shell("s")
            #expect(!second.contains("started anew") && second.contains(id), "\(second)")
            let requests: [(String, [String: JSONTree])] = [("shell", ["command": "id"]), ("execute", ["code": "1"])]
            for (action, parameters) in requests {
                e2b.pause(id)
                e2b.loseMemory(of: id)
                let answer = try await desk.act(action, "s", parameters)
                #expect(answer["notes"].list == [.text(sentence)] && answer["success"] == true, "\(answer)")
            }
            e2b.pause(id)
            e2b.loseMemory(of: id)
            let content = try await desk.act("execute", "s", ["code": "1", "format": "content"])
            #expect(content[0][0]["text"].string?.hasPrefix(sentence) == true, "\(content)")
            // Also where the action itself fails.
            e2b.pause(id)
            e2b.loseMemory(of: id)
            let failed = try await desk.act("read_file", "s", ["filePath": "none"])
            #expect(failed["success"] == false && failed["notes"].list == [.text(sentence)], "\(failed)")
        }
    }

    @Test func `a kernel that is another one after the pause is told of`() async throws {
        try await with { e2b, desk, _ in
            func run() async throws -> String { try await desk.call("run_code", "s", ["code": "x"]) }
            _ = try await run()
            let id = try #require(alive(e2b, "s").first)
            e2b.pause(id)
            #expect(try await !run().contains("started anew"))
            e2b.pause(id)
            e2b.loseMemory(of: id, machine: false)
            let text = try await run()
            #expect(text.hasPrefix("The process that runs Python was started anew while the sandbox was paused"))
            #expect(try await !run().contains("started anew"))
        }
    }

    @Test func `one that ended while it was paused is replaced, which is told in one sentence`() async throws {
        try await with { e2b, desk, other in
            _ = try await desk.shell("s")
            let id = try #require(alive(e2b, "s").first)
            e2b.pause(id)
            #expect(try await other.act("kill", "s")["success"] == true)
            #expect(alive(e2b, "s").isEmpty)
            let text = try await desk.shell("s")
            #expect(text.hasPrefix("The earlier sandbox has ended ("), "\(text)")
            #expect(text.contains("), so its files, packages and variables are gone, and this is a new one.\n\n"))
            #expect(try await !desk.shell("s").contains("earlier"))
        }
    }

    @Test func `ending a paused session ends it for good, also while it is being paused`() async throws {
        try await with { e2b, desk, _ in
            for seconds in [0, 0.3] {
                _ = try await desk.shell("s")
                let id = try #require(alive(e2b, "s").first)
                e2b.pause(id, taking: seconds)
                _ = try await desk.call("end_session", "s")
                #expect(e2b.alive().isEmpty && e2b.resumptions == 0)
            }
        }
    }

    // MARK: - Shares and days

    @Test func `a paused sandbox takes none of the owner's share until it is resumed`() async throws {
        try await with(["E2B_FCGI_OWNER_SANDBOXES": "1"]) { e2b, desk, other in
            _ = try await desk.shell("a")
            let id = try #require(alive(e2b, "a").first)
            #expect(try await desk.shell("b").contains("as many as one caller may have"))
            e2b.pause(id)
            #expect(try await desk.shell("b").contains(alive(e2b, "b").first ?? "?"))
            for desk in [desk, other] {
                #expect(try await desk.shell("a").contains("as many as one caller may have"))
            }
            #expect(e2b.resumptions == 0)
            _ = try await desk.call("end_session", "b")
            #expect(try await desk.shell("a").contains(id))
        }
    }

    private static let day = 86_400.0

    @Test func `whoever looks kills paused ones that nobody used for too long, twenty at a time`() async throws {
        try await with(["E2B_FCGI_KEEP_DAYS": "3"]) { e2b, desk, _ in
            func add(_ count: Int, days: Double, _ more: [String: String] = ["e2bFcgiEnd": "pause"]) -> [String] {
                (0..<count).map { number in
                    let metadata = ["e2bFcgiOwner": "you", "e2bFcgiSession": "\(number) \(days)"].merging(more) { $1 }
                    let id = e2b.add(metadata, age: days * Self.day)
                    e2b.pause(id, unused: days * Self.day)
                    return id
                }
            }
            let unused = add(25, days: 3.1)
            // Used not so long ago; running; not made by this service to be paused.
            let running = e2b.add(
                ["e2bFcgiOwner": "you", "e2bFcgiEnd": "pause"], age: 9 * Self.day, endsIn: -8 * Self.day)
            let kept = add(3, days: 2.9) + [running] + add(2, days: 9, [:])
            _ = try await desk.shell("s")
            try await eventually("the kills") { e2b.alive().count { unused.contains($0) } <= 5 }
            let alive = e2b.alive()
            #expect(alive.count { unused.contains($0) } == 5)
            #expect(kept.allSatisfy(alive.contains))
        }
    }

    @Test func `a session whose sandbox nobody used for too long begins anew, and is told so`() async throws {
        try await with { e2b, desk, other in
            for (desk, surface) in [(desk, "mcp"), (other, "e2bcode")] {
                let metadata = ["e2bFcgiOwner": "me", "e2bFcgiSession": surface, "e2bFcgiEnd": "pause"]
                let id = e2b.add(metadata, age: 8 * Self.day)
                e2b.pause(id, unused: 8 * Self.day)
                if surface == "mcp" {
                    let text = try await desk.shell(surface)
                    #expect(
                        text.hasPrefix(
                            "The earlier sandbox has ended (nobody used it for 7 days), so its files, packages and "
                                + "variables are gone, and this is a new one.\n\n"), "\(text)")
                } else {
                    let answer = try await desk.act("shell", surface, ["command": "id"])
                    #expect(
                        answer["error"].string
                            == "The sandbox of sessionId e2bcode has ended: nobody used it for 7 days. Please create "
                            + "another one using the 'create' action.")
                }
                try await eventually("the end of the old one") { !e2b.alive().contains(id) }
            }
            #expect(e2b.resumptions == 0)
        }
    }

    // MARK: - Time

    @Test func `a sandbox lives as long as a use may take, which is seen to before it begins`() async throws {
        try await with(["E2B_FCGI_SESSION_END": "kill", "E2B_FCGI_SESSION_IDLE": "100"]) { e2b, desk, other in
            _ = try await desk.call("shell", "s", ["command": "id", "timeout": 30])
            #expect(e2b.timeouts.isEmpty)
            _ = try await desk.call("shell", "s", ["command": "id", "timeout": 250])
            #expect(e2b.timeouts.map { $0.rounded() } == [260])
            // It lives so long already.
            _ = try await desk.call("shell", "s", ["command": "id", "timeout": 200])
            #expect(e2b.timeouts.map { $0.rounded() } == [260])
            // A session of MCP has its time on the other surface, too.
            _ = try await other.call("shell", "t", ["command": "id", "timeout": 30])
            let answer = try await other.act("shell", "t", ["command": "id", "timeoutMs": 250_000])
            #expect(answer["success"] == true && e2b.timeouts.count == 2, "\(answer)")
            // One that was created with an end keeps that.
            _ = try await desk.act("create", "u", ["timeout": 1])
            _ = try await desk.act("shell", "u", ["command": "id", "timeoutMs": 250_000])
            #expect(e2b.timeouts.count == 2)
        }
    }
}

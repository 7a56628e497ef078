import E2B
import FastCGI
import Foundation
import TestSupport
import Testing

@testable import Responder

/// Responders that know nothing of each other, and one E2B: a session is one sandbox all the same.
@Suite(.timeLimit(.minutes(10)))
struct SessionRaceTests {
    private static let rounds = ProcessInfo.processInfo.environment["RACE_ROUNDS"].flatMap { Int($0) } ?? 100

    /// Two responders before one E2B.
    private struct Pair {
        let e2b: StubE2B
        let first: Desk
        let second: Desk
        var desks: [Desk] { [first, second] }

        static func with(_ behaviour: StubE2B.Behaviour, _ body: (Pair) async throws -> Void) async throws {
            let e2b = StubE2B(behaviour)
            let pair = try Pair(e2b: e2b, first: Desk(e2b), second: Desk(e2b))
            let result: Result<Void, any Error>
            do { result = .success(try await body(pair)) } catch { result = .failure(error) }
            for desk in pair.desks { await desk.stop() }
            try result.get()
        }

        /// What each of them uses for the session: a sandbox's id, or the sentence that there is none.
        func used(_ session: String) async throws -> [String] {
            var used: [String] = []
            for desk in desks { used.append(try await desk.sandbox(of: session)) }
            return used
        }

        func alive(_ session: String) -> [String] { e2b.alive(["e2bFcgiSession": session]) }
    }

    /// One responder, asked without a web server.
    private struct Desk: Sendable {
        private static let key = "correct-horse-battery-staple"
        private let responder: Responder
        private let client: E2BClient

        init(_ e2b: StubE2B) throws {
            let configuration = try Configuration(
                environment: e2b.environment.merging([
                    "E2B_FCGI_KEYS": "me:\(Self.key)",
                    // Nothing here is about waiting for a place.
                    "E2B_FCGI_EXECUTIONS": "1000",
                ]) { _, own in own })
            client = try E2BClient(configuration.e2b)
            responder = try Responder(configuration, client: client, log: EventLog(isLoggingRequests: false))
        }

        func stop() async {
            await responder.killOutstanding()
            await client.stop()
        }

        func ask(_ action: String, _ session: String, _ parameters: [String: JSONTree] = [:]) async throws -> JSONTree {
            let members = ["action": .text(action), "sessionId": .text(session)].merging(parameters) { _, own in own }
            let response = await responder.answer(
                "/e2bcode", Array(try JSONTree.object(members).encoded()), key: Self.key)
            return try JSONTree(parsing: response.body.bytes ?? [])
        }

        /// Asked by a command that runs in it.
        func sandbox(of session: String) async throws -> String {
            let answer = try await ask("shell", session, ["command": "whoami; pwd"])
            return answer["output"].string?.split(separator: "\n").last.map(String.init) ?? answer["error"].string ?? ""
        }
    }

    // MARK: - Two creations

    private static let current = [
        StubE2B.Behaviour("at once"), StubE2B.Behaviour("after a few milliseconds", creation: 0...10),
        StubE2B.Behaviour("after long, started when asked for", creation: 0...60, startsAtRequest: true),
        StubE2B.Behaviour("started in the same second", creation: 0...10, tellsSeconds: true),
        StubE2B.Behaviour("killed slowly", creation: 0...10, killing: 0...30),
    ]

    @Test(arguments: current)
    func `two creations at the same moment leave one sandbox, which both use`(e2b: StubE2B.Behaviour) async throws {
        try await Pair.with(e2b) { pair in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for round in 0..<Self.rounds {
                    if round >= 8 { try await group.next() }
                    group.addTask {
                        let session = "round \(round)"
                        async let first = pair.first.ask("create", session)
                        async let second = pair.second.ask("create", session)
                        let answers = try await [first, second]
                        #expect(answers.allSatisfy { $0["success"] == true }, "\(answers)")
                        let alive = pair.alive(session)
                        #expect(alive.count == 1, "\(session)")
                        let used = try await pair.used(session)
                        #expect(used == [alive.first, alive.first], "\(session)")
                        #expect(answers.contains { $0["sandboxId"].string == alive.first }, "\(session)")
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `where the list is late, too, only one is left`() async throws {
        try await Pair.with(StubE2B.Behaviour("late", creation: 0...10, listLag: 0...1500)) { pair in
            // All at once: half of what each responder takes.
            let sessions = (0..<50).map { "round \($0)" }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for session in sessions {
                    for desk in pair.desks {
                        group.addTask {
                            let answer = try await desk.ask("create", session)
                            #expect(answer["success"] == true, "\(answer)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            // Whoever uses both by turns is in one at the latest when each has looked again.
            for session in sessions {
                while pair.alive(session).count > 1 { try await Task.sleep(for: .milliseconds(20)) }
                let alive = pair.alive(session)
                let used = try await pair.used(session)
                #expect(used == [alive.first, alive.first], "\(session)")
            }
        }
    }

    @Test func `an action that asks the sandbox nothing tells of the one that is left, too`() async throws {
        let slow = StubE2B.Behaviour("slow", creation: 0...300, startsAtRequest: true)
        try await Pair.with(slow) { pair in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for session in (0..<20).map({ "round \($0)" }) {
                    group.addTask {
                        async let first = pair.first.ask("create", session)
                        async let second = pair.second.ask("create", session)
                        _ = try await (first, second)
                        let alive = try #require(pair.alive(session).first)
                        for desk in pair.desks {
                            while try await !desk.ask("get_host", session, ["port": 80]).host.contains(alive) {
                                try await Task.sleep(for: .milliseconds(50))
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `actions that come while a session is made are in its sandbox`() async throws {
        try await Pair.with(StubE2B.Behaviour("slow", creation: 0...30, startsAtRequest: true)) { pair in
            for round in 0..<20 {
                let session = "round \(round)"
                async let first = pair.first.ask("create", session)
                async let second = pair.second.ask("create", session)
                async let third = pair.first.sandbox(of: session)
                async let fourth = pair.second.sandbox(of: session)
                _ = try await (first, second, third, fourth)
                let alive = pair.alive(session)
                #expect(alive.count == 1)
                let used = try await pair.used(session)
                #expect(used == [alive.first, alive.first])
            }
        }
    }

    @Test func `a kill beside a creation leaves one sandbox or none, and both know which`() async throws {
        try await Pair.with(StubE2B.Behaviour("slow", creation: 0...10, killing: 0...10)) { pair in
            for round in 0..<40 {
                let session = "round \(round)"
                if round % 2 == 0 { _ = try await pair.first.ask("create", session) }
                async let creation = pair.first.ask("create", session)
                async let kill = pair.second.ask("kill", session)
                let answers = try await [creation, kill]
                #expect(answers.allSatisfy { $0["success"] == true }, "\(answers)")
                let alive = pair.alive(session)
                #expect(alive.count <= 1)
                for used in try await pair.used(session) {
                    #expect(alive.isEmpty ? used.contains("Please create") : used == alive[0], "\(session): \(used)")
                }
            }
        }
    }

    // MARK: - Callers and responders that are gone

    @Test func `a creation whose caller left is not taken for the session by the next one`() async throws {
        try await Pair.with(StubE2B.Behaviour("slow", creation: 100...100, killing: 300...300)) { pair in
            for round in 0..<5 {
                let session = "round \(round)"
                let left = Task { try await pair.first.ask("create", session) }
                try await Task.sleep(for: .milliseconds(20 * round))
                left.cancel()
                let answer = try await pair.first.ask("create", session)
                #expect(answer["success"] == true, "\(answer)")
                _ = await left.result
                while pair.alive(session).count > 1 { try await Task.sleep(for: .milliseconds(20)) }
                #expect(pair.alive(session) == [answer["sandboxId"].string])
                let used = try await pair.used(session)
                #expect(used == [answer["sandboxId"].string, answer["sandboxId"].string])
            }
        }
    }

    @Test func `a creation whose answer was lost is not taken for the session by the next one`() async throws {
        try await Pair.with(StubE2B.Behaviour("at once")) { pair in
            pair.e2b.loseNextAnswer()
            let broken = try await pair.first.ask("create", "s")
            #expect(broken["success"] == false, "\(broken)")
            let lost = try #require(pair.alive("s").first)
            let answer = try await pair.first.ask("create", "s")
            #expect(answer["success"] == true && answer["sandboxId"].string != lost, "\(answer)")
            while pair.alive("s").contains(lost) { try await Task.sleep(for: .milliseconds(20)) }
            let used = try await pair.used("s")
            #expect(used == [answer["sandboxId"].string, answer["sandboxId"].string])
        }
    }

    @Test func `of the sandboxes of responders that are gone the oldest goes on, and the others end`() async throws {
        try await Pair.with(StubE2B.Behaviour("at once")) { pair in
            let metadata = ["e2bFcgiOwner": "me", "e2bFcgiSession": "s"]
            let added = [300.0, 301, 299].map { pair.e2b.add(metadata, age: $0) }
            let other = pair.e2b.add(["e2bFcgiOwner": "you", "e2bFcgiSession": "s"], age: 400)
            let used = try await pair.used("s")
            #expect(used == [added[1], added[1]])
            #expect(pair.e2b.alive(metadata) == [added[1]])
            #expect(pair.e2b.alive().contains(other))
        }
    }

    // MARK: - What E2B is asked

    @Test func `an action in a known session asks the control API nothing`() async throws {
        try await Pair.with(StubE2B.Behaviour("at once")) { pair in
            let old = pair.e2b.add(["e2bFcgiOwner": "me", "e2bFcgiSession": "old"], age: 300)
            for _ in 0..<50 {
                let used = try await pair.first.sandbox(of: "old")
                #expect(used == old)
            }
            #expect(pair.e2b.controlCalls == ["GET /v2/sandboxes", "GET /sandboxes/\(old)"])
        }
    }

    // Composed and decomposed; and U+212A, which Unicode takes for a K.
    @Test(arguments: [("caf\u{e9}", "cafe\u{301}"), ("K", "\u{212a}"), ("\u{1112}\u{1161}", "\u{d558}")])
    func `names that differ in their bytes are two sessions everywhere`(one: String, other: String) async throws {
        try await Pair.with(StubE2B.Behaviour("at once")) { pair in
            let created = try await pair.first.ask("create", one)
            let sandbox = try #require(created["sandboxId"].string)
            #expect(created["sessionId"].string?.utf8.elementsEqual(one.utf8) == true)
            for used in try await pair.used(other) { #expect(used.contains("No sandbox found")) }
            let usedByOne = try await pair.used(one)
            #expect(usedByOne == [sandbox, sandbox])
            let second = try #require(try await pair.second.ask("create", other)["sandboxId"].string)
            #expect(second != sandbox)
            let usedByOther = try await pair.used(other)
            #expect(usedByOther == [second, second])
            let list = try await pair.first.ask("list_sandboxes", one)
            #expect(list["sandboxes"].list?.count == 2)
            _ = try await pair.second.ask("kill", one)
            #expect(pair.e2b.alive() == [second])
            let usedLast = try await pair.used(other)
            #expect(usedLast == [second, second])
        }
    }
}

extension JSONTree {
    /// Of the answer to `get_host`.
    fileprivate var host: String { self["host"].string ?? "" }
}

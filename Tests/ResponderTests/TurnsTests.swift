import Synchronization
import Testing

@testable import Responder

@Suite(.timeLimit(.minutes(10)))
struct TurnsTests {
    /// What happened, in order.
    private final class Journal: Sendable {
        private let entries = Mutex<[Int]>([])
        var all: [Int] { entries.withLock { $0 } }
        func note(_ entry: Int) { entries.withLock { $0.append(entry) } }
    }

    /// How many are at work, by key.
    private final class Occupancy: Sendable {
        private let counts = Mutex<[Int: Int]>([:])

        func enter(_ key: Int) -> Int {
            counts.withLock { counts in
                counts[key, default: 0] += 1
                return counts[key, default: 0]
            }
        }

        func leave(_ key: Int) { counts.withLock { $0[key, default: 0] -= 1 } }
    }

    /// Lets a task wait until it is opened.
    private final class Gate: Sendable {
        private let (stream, continuation) = AsyncStream<Void>.makeStream()
        func open() { continuation.finish() }
        func pass() async { for await _ in stream {} }
    }

    /// Returns when `count` wait for their turn.
    private func wait(for count: Int, in turns: Turns<String>, _ key: String) async {
        while turns.waiterCount(key) < count { await Task.yield() }
    }

    @Test func `who waits too long is told, and the others keep their turns`() async throws {
        let turns = Turns<String>()
        let gate = Gate()
        let first = Task { try await turns.run("key") { await gate.pass() } }
        while !turns.isTaken("key") { await Task.yield() }
        let late = Task { try await turns.run("key", until: .now + .milliseconds(50)) {} }
        await wait(for: 1, in: turns, "key")
        let patient = Task { try await turns.run("key", until: .now + .seconds(600)) {} }
        await #expect(throws: NoTurn.self) { try await late.value }
        await #expect(throws: NoTurn.self) { try await turns.run("key", until: .now - .seconds(1)) {} }
        #expect(turns.waiterCount("key") == 1)
        gate.open()
        try await first.value
        try await patient.value
        // Free is free, however late it is.
        try await turns.run("key", until: .now - .seconds(1)) {}
        #expect(!turns.isTaken("key") && turns.cancelledCount == 0)
    }

    @Test func `everyone comes in the order of arrival, one at a time`() async throws {
        let turns = Turns<String>()
        let (journal, gate) = (Journal(), Gate())
        let first = Task { try await turns.run("key") { await gate.pass() } }
        while !turns.isTaken("key") { await Task.yield() }
        var tasks: [Task<Void, any Error>] = []
        for number in 0..<50 {
            tasks.append(
                Task {
                    try await turns.run("key") {
                        journal.note(number)
                        await Task.yield()
                        journal.note(number)
                    }
                })
            await wait(for: number + 1, in: turns, "key")
        }
        #expect(journal.all.isEmpty)
        gate.open()
        for task in [first] + tasks { try await task.value }
        #expect(journal.all == (0..<50).flatMap { [$0, $0] })
        #expect(!turns.isTaken("key"))
    }

    @Test func `other keys do not wait`() async throws {
        let turns = Turns<String>()
        let gate = Gate()
        let held = Task { try await turns.run("key") { await gate.pass() } }
        while !turns.isTaken("key") { await Task.yield() }
        #expect(try await turns.run("other") { 42 } == 42)
        gate.open()
        try await held.value
    }

    @Test func `who is cancelled while waiting leaves at once, and the others keep their order`() async throws {
        let turns = Turns<String>()
        let (journal, gate) = (Journal(), Gate())
        let held = Task { try await turns.run("key") { await gate.pass() } }
        while !turns.isTaken("key") { await Task.yield() }
        var tasks: [Task<Void, any Error>] = []
        for number in 0..<6 {
            tasks.append(Task { try await turns.run("key") { journal.note(number) } })
            await wait(for: number + 1, in: turns, "key")
        }
        for number in [0, 3, 5] {
            tasks[number].cancel()
            // While the key is still taken.
            await #expect(throws: CancellationError.self) { try await tasks[number].value }
        }
        gate.open()
        for number in [1, 2, 4] { try await tasks[number].value }
        try await held.value
        #expect(journal.all == [1, 2, 4])
        #expect(!turns.isTaken("key"))
    }

    @Test func `who is cancelled before does not begin, and takes nothing`() async throws {
        let turns = Turns<String>()
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            _ = try await turns.run("key") { Issue.record("it began") }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await turns.run("key") { 1 } == 1)
    }

    @Test func `what the work throws comes out, and the turn goes on`() async throws {
        struct Trouble: Error {}
        let turns = Turns<String>()
        await #expect(throws: Trouble.self) { try await turns.run("key") { throw Trouble() } }
        #expect(!turns.isTaken("key"))
    }

    @Test func `a rest keeps the next one waiting, and not the one who asked for it`() async throws {
        let turns = Turns<String>()
        let clock = ContinuousClock()
        let end = try await turns.run("key", restingFor: { .milliseconds(200) }) { clock.now }
        let begin = try await turns.run("key") { clock.now }
        #expect(begin - end >= .milliseconds(200))
        // Longer than this test may take.
        try await turns.run("resting", restingFor: { .seconds(3600) }) {}
        #expect(turns.isTaken("resting"))
    }

    @Test func `a rest after work that threw is kept, too`() async throws {
        let turns = Turns<String>()
        try? await turns.run("key", restingFor: { .milliseconds(50) }) { throw CancellationError() }
        _ = try await turns.run("key") {}
        try? await turns.run("resting", restingFor: { .seconds(3600) }) { throw CancellationError() }
        #expect(turns.isTaken("resting"))
    }

    @Test func `of hundreds that come and are cancelled at random nobody is lost`() async throws {
        let turns = Turns<Int>()
        let occupancy = Occupancy()
        let (done, cancelled) = (Journal(), Journal())
        await withTaskGroup { group in
            for number in 0..<800 {
                let task = Task {
                    do {
                        try await turns.run(number % 5, restingFor: { number % 50 == 0 ? .milliseconds(1) : .zero }) {
                            #expect(occupancy.enter(number % 5) == 1)
                            await Task.yield()
                            occupancy.leave(number % 5)
                        }
                        done.note(number)
                    } catch {
                        cancelled.note(number)
                    }
                }
                group.addTask {
                    if number % 3 == 0 {
                        for _ in 0..<number % 7 { await Task.yield() }
                        task.cancel()
                    }
                    await task.value
                }
            }
        }
        #expect(Set(done.all + cancelled.all) == Set(0..<800))
        #expect(done.all.count + cancelled.all.count == 800)
        for number in done.all + cancelled.all where number % 3 != 0 { #expect(!cancelled.all.contains(number)) }
        // The last one's rest may be under way.
        for key in 0..<5 { try await turns.run(key) {} }
        #expect(turns.cancelledCount == 0)
    }
}

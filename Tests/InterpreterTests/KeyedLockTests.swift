import Synchronization
import Testing

@testable import Interpreter

@Suite(.timeLimit(.minutes(10)))
struct KeyedLockTests {
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

    /// Relocks when `count` wait for their turn.
    private func wait(for count: Int, in locks: KeyedLock<String>, _ key: String) async {
        while locks.waiterCount(key) < count { await Task.yield() }
    }

    @Test func `who waits too long is told, and the others keep their locks`() async throws {
        let locks = KeyedLock<String>()
        let gate = Gate()
        let first = Task { try await locks.run("key") { await gate.pass() } }
        while !locks.isTaken("key") { await Task.yield() }
        let late = Task { try await locks.run("key", until: .now + .milliseconds(50)) {} }
        await wait(for: 1, in: locks, "key")
        let patient = Task { try await locks.run("key", until: .now + .seconds(600)) {} }
        await #expect(throws: LockTimeout.self) { try await late.value }
        await #expect(throws: LockTimeout.self) { try await locks.run("key", until: .now - .seconds(1)) {} }
        #expect(locks.waiterCount("key") == 1)
        gate.open()
        try await first.value
        try await patient.value
        // Free is free, however late it is.
        try await locks.run("key", until: .now - .seconds(1)) {}
        #expect(!locks.isTaken("key") && locks.cancelledCount == 0)
    }

    @Test func `everyone comes in the order of arrival, one at a time`() async throws {
        let locks = KeyedLock<String>()
        let (journal, gate) = (Journal(), Gate())
        let first = Task { try await locks.run("key") { await gate.pass() } }
        while !locks.isTaken("key") { await Task.yield() }
        var tasks: [Task<Void, any Error>] = []
        for number in 0..<50 {
            tasks.append(
                Task {
                    try await locks.run("key") {
                        journal.note(number)
                        await Task.yield()
                        journal.note(number)
                    }
                })
            await wait(for: number + 1, in: locks, "key")
        }
        #expect(journal.all.isEmpty)
        gate.open()
        for task in [first] + tasks { try await task.value }
        #expect(journal.all == (0..<50).flatMap { [$0, $0] })
        #expect(!locks.isTaken("key"))
    }

    @Test func `other keys do not wait`() async throws {
        let locks = KeyedLock<String>()
        let gate = Gate()
        let held = Task { try await locks.run("key") { await gate.pass() } }
        while !locks.isTaken("key") { await Task.yield() }
        #expect(try await locks.run("other") { 42 } == 42)
        gate.open()
        try await held.value
    }

    @Test func `who is cancelled while waiting leaves at once, and the others keep their order`() async throws {
        let locks = KeyedLock<String>()
        let (journal, gate) = (Journal(), Gate())
        let held = Task { try await locks.run("key") { await gate.pass() } }
        while !locks.isTaken("key") { await Task.yield() }
        var tasks: [Task<Void, any Error>] = []
        for number in 0..<6 {
            tasks.append(Task { try await locks.run("key") { journal.note(number) } })
            await wait(for: number + 1, in: locks, "key")
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
        #expect(!locks.isTaken("key"))
    }

    @Test func `who is cancelled before does not begin, and takes nothing`() async throws {
        let locks = KeyedLock<String>()
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            _ = try await locks.run("key") { Issue.record("it began") }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await locks.run("key") { 1 } == 1)
    }

    @Test func `what the work throws comes out, and the turn goes on`() async throws {
        struct Trouble: Error {}
        let locks = KeyedLock<String>()
        await #expect(throws: Trouble.self) { try await locks.run("key") { throw Trouble() } }
        #expect(!locks.isTaken("key"))
    }

    @Test func `a rest keeps the next one waiting, and not the one who asked for it`() async throws {
        let locks = KeyedLock<String>()
        let clock = ContinuousClock()
        let end = try await locks.run("key", restingFor: { .milliseconds(200) }) { clock.now }
        let begin = try await locks.run("key") { clock.now }
        #expect(begin - end >= .milliseconds(200))
        // Longer than this test may take.
        try await locks.run("resting", restingFor: { .seconds(3600) }) {}
        #expect(locks.isTaken("resting"))
    }

    @Test func `a rest after work that threw is kept, too`() async throws {
        let locks = KeyedLock<String>()
        try? await locks.run("key", restingFor: { .milliseconds(50) }) { throw CancellationError() }
        _ = try await locks.run("key") {}
        try? await locks.run("resting", restingFor: { .seconds(3600) }) { throw CancellationError() }
        #expect(locks.isTaken("resting"))
    }

    @Test func `of hundreds that come and are cancelled at random nobody is lost`() async throws {
        let locks = KeyedLock<Int>()
        let occupancy = Occupancy()
        let (done, cancelled) = (Journal(), Journal())
        await withTaskGroup { group in
            for number in 0..<800 {
                let task = Task {
                    do {
                        try await locks.run(number % 5, restingFor: { number % 50 == 0 ? .milliseconds(1) : .zero }) {
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
        for key in 0..<5 { try await locks.run(key) {} }
        #expect(locks.cancelledCount == 0)
    }
}

import EventLoop
import Foundation
import Glibc
import Synchronization
import System
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct EventLoopTests {
    private static let readable: UInt32 = 1

    @Sendable private static func threadName() -> String {
        let name = (try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)) ?? ""
        return name.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func eventually(_ what: Comment, _ condition: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(120)
        while !condition() {
            try #require(ContinuousClock.now < deadline, what)
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    @Test func `sources that have ended leave room for others, without end`() async throws {
        try await withSource { loop, _, _ in
            for _ in 0..<1000 {
                let log = TestSource.Log()
                log.state.withLock { $0.isToEnd = true }
                loop.add(TestSource(log), with: loop.makeSet())
                try await eventually("its end") { log.state.withLock { $0.isFreed } }
            }
        }
    }

    /// A loop with a source; the loop ends with it.
    private func withSource(
        due: @escaping @Sendable (Int) -> ContinuousClock.Instant? = { _ in nil },
        _ body: (EventLoop, EventSet, TestSource.Log) async throws -> Void
    ) async throws {
        let loop = try EventLoop(named: "a test's loop")
        let log = TestSource.Log()
        let set = loop.makeSet()
        loop.add(TestSource(log, due: due), with: set)
        let result: Result<Void, any Error>
        do { result = .success(try await body(loop, set, log)) } catch { result = .failure(error) }
        loop.stop()
        log.state.withLock { $0.isToEnd = true }
        loop.wake()
        try await eventually("the end of the source") { log.state.withLock { $0.isFreed } }
        try result.get()
    }

    @Test func `what a turn posts on the loop's own thread gets another turn`() async throws {
        let waked = WakedLoop()
        try await withSource(due: { turns in
            if turns < 10 { waked.wake() }
            return nil
        }) { loop, _, log in
            waked.loop.withLock { $0 = loop }
            loop.wake()
            try await eventually("ten turns") { log.turns >= 10 }
            waked.loop.withLock { $0 = nil }
        }
    }

    private final class WakedLoop: Sendable {
        let loop = Mutex<EventLoop?>(nil)

        func wake() { loop.withLock { $0 }?.wake() }
    }

    @Test func `a task runs on the loop's thread, and after each of its waits as well`() async throws {
        try await withSource { loop, _, _ in
            let names = await Task(executorPreference: loop) {
                var names = [Self.threadName()]
                await Task.yield()
                names.append(Self.threadName())
                try? await Task.sleep(for: .milliseconds(1))
                names.append(Self.threadName())
                await withTaskGroup { group in
                    group.addTask { Self.threadName() }
                    for await name in group { names.append(name) }
                }
                return names
            }.value
            #expect(names == [String](repeating: "a test's loop", count: 4))
        }
    }

    @Test func `a source is told of its descriptors, by the number it gave them`() async throws {
        try await withSource { loop, set, log in
            let (read, write) = try Descriptor.pipe(isBlocking: false)
            let event = try EventDescriptor()
            defer { for descriptor in [read, write] { close(descriptor) } }
            #expect(set.watch(read, as: 7, for: Self.readable, isKnown: false))
            #expect(set.watch(event.descriptor, as: 1 << 56 - 1, for: Self.readable, isKnown: false))
            event.signal()
            try await eventually("the event") { log.events.contains(1 << 56 - 1) }
            #expect(!log.events.contains(7))
            event.clear()
            try Descriptor.write([1][...], to: write)
            try await eventually("the byte") { log.events.contains(7) }
            set.forget(read)
            #expect(!set.watch(-1, as: 8, for: Self.readable, isKnown: false))
        }
    }

    @Test func `two sources do not hear of each other's descriptors`() async throws {
        try await withSource { loop, set, log in
            let other = TestSource.Log()
            let otherSet = loop.makeSet()
            loop.add(TestSource(other), with: otherSet)
            let event = try EventDescriptor()
            #expect(otherSet.watch(event.descriptor, as: 3, for: Self.readable, isKnown: false))
            event.signal()
            try await eventually("the event") { !other.events.isEmpty }
            #expect(log.events.isEmpty)
            other.state.withLock { $0.isToEnd = true }
            loop.wake()
        }
    }

    @Test func `a source has its turn when it is due, and not before`() async throws {
        let start = ContinuousClock.now
        try await withSource {
            $0 < 20 ? start + .milliseconds(200) : nil
        } _: { _, _, log in
            try await eventually("a turn after the time") {
                log.turns > 0 && ContinuousClock.now > start + .milliseconds(300)
            }
            // One at the start, one for its being added, and those around the time.
            #expect((2...25).contains(log.turns))
        }
    }

    @Test func `a source that is woken has a turn, whichever thread wakes it`() async throws {
        try await withSource { loop, _, log in
            for _ in 0..<200 {
                let turns = log.turns
                onThread { loop.wake() }
                try await eventually("a turn") { log.turns > turns }
                let later = log.turns
                await Task(executorPreference: loop) { loop.wake() }.value
                try await eventually("a further turn") { log.turns > later }
            }
        }
    }

    @Test func `tasks that go on and on keep no descriptor waiting, and no source`() async throws {
        try await withSource { loop, set, log in
            let event = try EventDescriptor()
            #expect(set.watch(event.descriptor, as: 1, for: Self.readable, isKnown: false))
            let isOver = Flag()
            await withTaskGroup { group in
                for _ in 0..<10 {
                    group.addTask(executorPreference: loop) {
                        while !isOver.isUp.load(ordering: .relaxed) { await Task.yield() }
                    }
                }
                event.signal()
                let turns = log.turns
                while log.events.isEmpty || log.turns < turns + 10 { await Task.yield() }
                isOver.isUp.store(true, ordering: .relaxed)
            }
        }
    }

    @Test func `no task is lost of many that come from everywhere`() async throws {
        try await withSource { loop, _, _ in
            let counter = Counter()
            await withTaskGroup { group in
                for _ in 0..<2000 {
                    group.addTask {
                        await Task(executorPreference: loop) {
                            await Task(executorPreference: loop) { counter.count.add(1, ordering: .relaxed) }.value
                        }.value
                    }
                }
            }
            #expect(counter.count.load(ordering: .relaxed) == 2000)
        }
    }

    @Test func `a loop that is stopped ends with the last of its sources`() async throws {
        weak var freed: EventLoop?
        try await withSource { loop, _, log in
            freed = loop
            loop.stop()
            await Task(executorPreference: loop) {}.value
            #expect(log.state.withLock { !$0.hasEnded })
        }
        try await eventually("the end of the thread") { freed == nil }
    }
}

private final class Flag: Sendable { let isUp = Atomic(false) }

private final class Counter: Sendable { let count = Atomic(0) }

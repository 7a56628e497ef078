import Testing

@testable import Interpreter

@Suite(.timeLimit(.minutes(1)))
struct PendingKillsTests {
    @Test func `where none is being ended there is nothing to wait for`() async {
        let kills = PendingKills()
        #expect(await !kills.wait(beyond: 0, within: .seconds(3600)))
        kills.begin()
        kills.end()
        // One has ended since it was looked.
        #expect(await kills.wait(beyond: 0, within: .seconds(3600)))
        #expect(await !kills.wait(beyond: 1, within: .seconds(3600)))
    }

    @Test func `the last one wakes all that wait`() async {
        let kills = PendingKills()
        kills.begin()
        async let first = kills.wait(beyond: 0, within: .seconds(3600))
        async let second = kills.wait(beyond: 0, within: .seconds(3600))
        await Task.yield()
        kills.end()
        #expect(await first)
        #expect(await second)
    }

    @Test func `the waiting has an end, and ends with its task`() async {
        let kills = PendingKills()
        kills.begin()
        #expect(await !kills.wait(beyond: 0, within: .milliseconds(1)))
        let waiting = Task { await kills.wait(beyond: 0, within: .seconds(3600)) }
        waiting.cancel()
        #expect(await !waiting.value)
        kills.end()
    }
}

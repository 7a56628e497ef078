import E2B
import Testing

@testable import Interpreter

@Suite(.timeLimit(.minutes(5)))
struct CreationGovernorTests {
    @Test func `the first creation has its turn at once, and one that would be late is told when`() async throws {
        let governor = CreationGovernor(rate: 1, longestWait: .zero)
        try await governor.take()
        do throws(E2BError) {
            try await governor.take()
            // Only a machine that stood still for a second comes here.
        } catch {
            guard case .rateLimited(.create, _, let pause?) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(pause >= .seconds(1) && pause <= .seconds(2))
        }
    }

    @Test func `turns come one after the other, and no faster than the rate`() async throws {
        let governor = CreationGovernor(rate: 50, longestWait: .seconds(60))
        let begin = ContinuousClock.now
        try await withThrowingTaskGroup { group in
            for _ in 0..<11 { group.addTask { try await governor.take() } }
            try await group.waitForAll()
        }
        #expect(.now - begin >= .milliseconds(200))
    }

    @Test func `a deadline bounds the wait`() async throws {
        let governor = CreationGovernor(rate: 1, longestWait: .seconds(60))
        try await governor.take()
        let begin = ContinuousClock.now
        await #expect(throws: E2BError.self) { try await governor.take(until: begin) }
    }

    @Test func `one that is refused takes no turn`() async throws {
        let governor = CreationGovernor(rate: 1, longestWait: .zero)
        try await governor.take()
        for _ in 0..<100 { try? await governor.take() }
        // Otherwise the next turn would be a minute and a half away.
        #expect((governor.takeNow() ?? .zero) <= .seconds(1))
    }

    @Test func `a cancelled wait ends`() async {
        let governor = CreationGovernor(rate: 1, longestWait: .seconds(1000))
        let task = Task { () -> E2BError? in
            do throws(E2BError) {
                while true { try await governor.take() }
            } catch {
                return error
            }
        }
        task.cancel()
        #expect(await task.value == .cancelled)
    }
}

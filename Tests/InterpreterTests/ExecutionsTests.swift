import Synchronization
import Testing

@testable import Interpreter

@Suite(.timeLimit(.minutes(10)))
struct ExecutionsTests {
    private let answer = 200

    /// Work that runs until it is cancelled.
    private func endless(_ started: AsyncStream<Void>.Continuation) -> @Sendable () async -> Int {
        { [answer] in
            started.yield()
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
            return answer
        }
    }

    @Test func `past the limit an execution is refused at once, and a place that is free again is used`() async throws {
        let executions = Executions(limit: 2)
        let (starts, started) = AsyncStream<Void>.makeStream()
        let running = (0..<2).map { _ in Task { try? await executions.run(endless(started)) } }
        var iterator = starts.makeAsyncIterator()
        for _ in 0..<2 { await iterator.next() }
        #expect(executions.count == 2)
        await #expect(throws: InterpreterError.busy(limit: 2)) { try await executions.run { answer } }
        running[0].cancel()
        #expect(await running[0].value == 200)
        #expect(try await executions.run { answer } == 200)
        running[1].cancel()
        _ = await running[1].value
        #expect(executions.count == 0)
    }

    @Test func `draining refuses what is new and waits for what is there`() async throws {
        let executions = Executions(limit: 2)
        let (starts, started) = AsyncStream<Void>.makeStream()
        let running = Task { try? await executions.run(endless(started)) }
        var iterator = starts.makeAsyncIterator()
        await iterator.next()
        let isDrained = Atomic<Bool>(false)
        let draining = Task {
            await executions.drain()
            isDrained.store(true, ordering: .relaxed)
        }
        // Draining has begun when the first refusal comes.
        while true {
            do { _ = try await executions.run { answer } } catch {
                #expect(error == .shuttingDown)
                break
            }
            await Task.yield()
        }
        #expect(isDrained.load(ordering: .relaxed) == false)
        running.cancel()
        #expect(await running.value == 200)
        await draining.value
        #expect(isDrained.load(ordering: .relaxed) == true)
    }

    @Test func `draining with nothing in flight returns at once`() async {
        await Executions(limit: 1).drain()
    }
}

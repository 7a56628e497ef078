import Synchronization
import Testing

@testable import Interpreter

@Suite(.timeLimit(.minutes(10)))
struct ExecutionsTests {
    private let answer = 200

    private func makeExecutions(
        _ places: Int, share: Int? = nil, queue: Int = 0, wait: Duration = .seconds(3600)
    ) -> Executions {
        Executions(ExecutionLimits(places: places, share: share ?? places, queue: queue, wait: wait))
    }

    /// Work that runs until it is cancelled.
    private func endless(_ started: AsyncStream<Void>.Continuation) -> @Sendable () async -> Int {
        { [answer] in
            started.yield()
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
            return answer
        }
    }

    @Test func `past the limit an execution is refused at once, and a place that is free again is used`() async throws {
        let executions = makeExecutions(2)
        let (starts, started) = AsyncStream<Void>.makeStream()
        let running = (0..<2).map { _ in Task { try? await executions.run(for: "a", endless(started)) } }
        var iterator = starts.makeAsyncIterator()
        for _ in 0..<2 { await iterator.next() }
        #expect(executions.count == 2)
        await #expect(throws: InterpreterError.busy(limit: 2)) { try await executions.run(for: "a") { answer } }
        running[0].cancel()
        #expect(await running[0].value == 200)
        #expect(try await executions.run(for: "a") { answer } == 200)
        running[1].cancel()
        _ = await running[1].value
        #expect(executions.count == 0)
    }

    @Test func `a key with a limit of its own has it for all of its users, and others have theirs`() async throws {
        let executions = Executions(
            ExecutionLimits(
                places: 3, share: 3, queue: 10, wait: .milliseconds(50), keys: ["a": KeyLimits(concurrent: 1)]))
        let (starts, started) = AsyncStream<Void>.makeStream()
        let running = Task { try? await executions.run(for: "a\u{1f}ann", endless(started)) }
        var iterator = starts.makeAsyncIterator()
        await iterator.next()
        await #expect(throws: InterpreterError.ownerBusy(limit: 1)) {
            try await executions.run(for: "a\u{1f}bob") { answer }
        }
        #expect(executions.waitedCount == 1 && executions.mostWaiting == 1)
        #expect(try await executions.run(for: "b") { answer } == 200)
        #expect(executions.mostInFlight == 2)
        running.cancel()
        _ = await running.value
        #expect(try await executions.run(for: "a") { answer } == 200)
        await executions.drain()
        await #expect(throws: InterpreterError.shuttingDown) { try await executions.run(for: "a") { answer } }
    }

    @Test func `draining refuses what is new and waits for what is there`() async throws {
        let executions = makeExecutions(2)
        let (starts, started) = AsyncStream<Void>.makeStream()
        let running = Task { try? await executions.run(for: "a", endless(started)) }
        var iterator = starts.makeAsyncIterator()
        await iterator.next()
        let isDrained = Atomic<Bool>(false)
        let draining = Task {
            await executions.drain()
            isDrained.store(true, ordering: .relaxed)
        }
        // Draining has begun when the first refusal comes.
        while true {
            do { _ = try await executions.run(for: "a") { answer } } catch {
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

    @Test func `a limit that is raised serves those that wait, and one that is lowered refuses only new ones`()
        async throws
    {
        let executions = makeExecutions(1, queue: 10)
        let turns = Turns()
        var starts = turns.starts.makeAsyncIterator()
        let requests = [turns.run(for: "a", executions), turns.run(for: "b", executions)]
        _ = await starts.next()
        await wait(for: 1, in: executions)
        executions.set(ExecutionLimits(places: 2, share: 2, queue: 10, wait: .seconds(3600)))
        _ = await starts.next()
        #expect(executions.count == 2 && executions.limit == 2)
        executions.set(ExecutionLimits(places: 1, share: 1, queue: 0, wait: .seconds(3600)))
        turns.end.yield()
        while executions.count != 1 { await Task.yield() }
        await #expect(throws: InterpreterError.busy(limit: 1)) { try await executions.run(for: "c") { answer } }
        turns.end.yield()
        for request in requests { #expect(await request.value == nil) }
        #expect(try await executions.run(for: "c") { answer } == 200)
    }

    @Test func `draining with nothing in flight returns at once`() async {
        await makeExecutions(1).drain()
    }

    // MARK: Waiting

    /// Executions that say whose they are when they begin, and end when they are told to.
    private struct Turns: Sendable {
        let starts: AsyncStream<String>
        let started: AsyncStream<String>.Continuation
        let ends: AsyncStream<Void>
        let end: AsyncStream<Void>.Continuation

        init() {
            (starts, started) = AsyncStream.makeStream()
            (ends, end) = AsyncStream.makeStream()
        }

        func run(for owner: String, _ executions: Executions) -> Task<InterpreterError?, Never> {
            Task {
                do throws(InterpreterError) {
                    try await executions.run(for: owner) {
                        started.yield(owner)
                        // One place: nobody else looks for an end meanwhile.
                        for await _ in ends { break }
                    }
                    return nil
                } catch {
                    return error
                }
            }
        }
    }

    private func wait(for count: Int, in executions: Executions) async {
        while executions.waitingCount != count { await Task.yield() }
    }

    @Test func `one owner floods, and every second turn is another one's all the same`() async throws {
        let executions = makeExecutions(1, queue: 600)
        let turns = Turns()
        var starts = turns.starts.makeAsyncIterator()
        var requests = [turns.run(for: "flood", executions)]
        #expect(await starts.next() == "flood")
        for _ in 0..<500 { requests.append(turns.run(for: "flood", executions)) }
        await wait(for: 500, in: executions)
        for _ in 0..<3 { requests.append(turns.run(for: "few", executions)) }
        await wait(for: 503, in: executions)
        var order: [String] = []
        for _ in 0..<8 {
            turns.end.yield()
            order.append(try #require(await starts.next()))
        }
        #expect(order == ["flood", "few", "flood", "few", "flood", "few", "flood", "flood"])
        for request in requests { request.cancel() }
        // Those in the queue leave it, and the one in the place ends.
        turns.end.finish()
        for request in requests { _ = await request.value }
        #expect(executions.count == 0 && executions.waitingCount == 0)
    }

    @Test func `a full queue has room for another owner, and says whose fault it is`() async throws {
        let executions = makeExecutions(1, queue: 4)
        let turns = Turns()
        var starts = turns.starts.makeAsyncIterator()
        let first = turns.run(for: "flood", executions)
        #expect(await starts.next() == "flood")
        var flood: [Task<InterpreterError?, Never>] = []
        for count in 1...4 {
            flood.append(turns.run(for: "flood", executions))
            await wait(for: count, in: executions)
        }
        // Alone it is everybody's limit that it meets.
        await #expect(throws: InterpreterError.busy(limit: 1)) { try await executions.run(for: "flood") {} }
        let few = turns.run(for: "few", executions)
        // The newest has to go.
        #expect(await flood[3].value == .ownerQueueBusy)
        #expect(executions.waitingCount == 4)
        await #expect(throws: InterpreterError.ownerQueueBusy) { try await executions.run(for: "flood") {} }
        turns.end.yield()
        #expect(await starts.next() == "flood")
        turns.end.yield()
        #expect(await starts.next() == "few")
        turns.end.finish()
        #expect(await first.value == nil)
        #expect(await few.value == nil)
        for request in flood[..<3] { #expect(await request.value == nil) }
    }

    @Test func `an owner's own share is full while there are places`() async throws {
        let executions = makeExecutions(3, share: 1)
        let turns = Turns()
        var starts = turns.starts.makeAsyncIterator()
        let running = turns.run(for: "a", executions)
        #expect(await starts.next() == "a")
        await #expect(throws: InterpreterError.ownerBusy(limit: 1)) { try await executions.run(for: "a") {} }
        try await executions.run(for: "b") {}
        turns.end.finish()
        #expect(await running.value == nil)
    }

    @Test func `the waiting has an end`() async throws {
        let executions = makeExecutions(1, queue: 1, wait: .milliseconds(1))
        let turns = Turns()
        var starts = turns.starts.makeAsyncIterator()
        let running = turns.run(for: "a", executions)
        #expect(await starts.next() == "a")
        await #expect(throws: InterpreterError.busy(limit: 1)) { try await executions.run(for: "b") {} }
        #expect(executions.waitingCount == 0)
        turns.end.finish()
        #expect(await running.value == nil)
    }

    @Test func `who goes away leaves the queue, and draining ends the waiting`() async throws {
        let executions = makeExecutions(1, queue: 9)
        let turns = Turns()
        var starts = turns.starts.makeAsyncIterator()
        let running = turns.run(for: "a", executions)
        #expect(await starts.next() == "a")
        let gone = turns.run(for: "b", executions)
        let waiting = turns.run(for: "b", executions)
        await wait(for: 2, in: executions)
        gone.cancel()
        #expect(await gone.value == .cancelled)
        #expect(executions.waitingCount == 1)
        async let drained: Void = executions.drain()
        #expect(await waiting.value == .shuttingDown)
        #expect(executions.count == 1)
        turns.end.finish()
        #expect(await running.value == nil)
        await drained
    }
}

import Testing

@testable import Interpreter

/// Who comes next, without tasks and without time.
struct FairQueueTests {
    private func makeQueue(_ total: Int, share: Int? = nil, reserve: Int = 0, queue: Int = 100) -> FairQueue {
        FairQueue(capacity: .init(total: total, share: share, reserve: reserve, queue: queue))
    }

    private func isWaiting(_ arrival: FairQueue.Arrival) -> Bool {
        if case .waits(inPlaceOf: nil) = arrival { true } else { false }
    }

    private func owners(_ waiters: [FairQueue.Waiter]) -> [String] { waiters.map(\.owner) }

    @Test func `owners take turns, and those of one owner go in order`() {
        var queue = makeQueue(3)
        for _ in 0..<3 { #expect(queue.take(1, "a") == nil) }
        let waiters = ["a", "a", "a", "b", "b", "c"].map { FairQueue.Waiter(count: 1, owner: $0) }
        for waiter in waiters { #expect(isWaiting(queue.takeOrWait(waiter))) }
        queue.giveBack(3, "a")
        let first = queue.serve()
        #expect(owners(first) == ["a", "b", "c"])
        #expect(first[0] === waiters[0])
        for waiter in first { queue.giveBack(1, waiter.owner) }
        let second = queue.serve()
        #expect(owners(second) == ["a", "b", "a"])
        #expect(second[1] === waiters[4] && second[2] === waiters[2])
        #expect(queue.waitingCount == 0 && queue.taken == 3)
    }

    @Test func `one that wants much does not hold up those that want little`() {
        var queue = makeQueue(10)
        #expect(queue.take(9, "a") == nil)
        let large = FairQueue.Waiter(count: 5, owner: "a")
        let small = FairQueue.Waiter(count: 2, owner: "a")
        #expect(isWaiting(queue.takeOrWait(large)) && isWaiting(queue.takeOrWait(small)))
        queue.giveBack(2, "a")
        #expect(queue.serve().map(\.count) == [2])
        queue.giveBack(5, "a")
        #expect(queue.serve().map(\.count) == [5])
        #expect(queue.taken == 9)
    }

    @Test func `what is kept free is for owners that have little`() {
        var queue = makeQueue(100, reserve: 30)
        #expect(queue.take(70, "a") == nil)
        #expect(queue.take(1, "a") == .shareTaken)
        #expect(queue.take(20, "b") == nil)
        // Up to what is kept free b may have whatever there is, and no more then.
        #expect(queue.take(11, "b") == .taken)
        #expect(queue.take(10, "b") == nil)
        #expect(queue.take(1, "c") == .taken)
        queue.giveBack(70, "a")
        #expect(queue.take(41, "b") == .shareTaken)
        #expect(queue.take(40, "b") == nil)
        #expect(queue.take(30, "c") == nil)
    }

    @Test func `an owner's share bounds it, alone as it may be`() {
        var queue = makeQueue(10, share: 4)
        #expect(queue.take(4, "a") == nil)
        #expect(queue.take(1, "a") == .shareTaken)
        // More than could ever be had is not waited for.
        guard case .refused(.shareTaken) = queue.takeOrWait(.init(count: 5, owner: "b")) else {
            Issue.record("it waits")
            return
        }
        let waiter = FairQueue.Waiter(count: 1, owner: "a")
        #expect(isWaiting(queue.takeOrWait(waiter)))
        #expect(queue.take(4, "b") == nil)
        queue.giveBack(4, "b")
        #expect(queue.serve().isEmpty)
        queue.giveBack(1, "a")
        #expect(queue.serve().first === waiter)
    }

    @Test func `a full queue loses the newest of who has most in it, while another has fewer`() {
        var queue = makeQueue(1, queue: 5)
        #expect(queue.take(1, "a") == nil)
        let flood = (0..<5).map { _ in FairQueue.Waiter(count: 1, owner: "a") }
        for waiter in flood { #expect(isWaiting(queue.takeOrWait(waiter))) }
        var losers: [FairQueue.Waiter] = []
        for owner in ["b", "b", "b", "c", "a"] {
            switch queue.takeOrWait(.init(count: 1, owner: owner)) {
            case .waits(inPlaceOf: let loser?): losers.append(loser)
            case .refused(let shortage): #expect((owner == "b" || owner == "a") && shortage == .queueShareTaken)
            default: Issue.record("\(owner)")
            }
        }
        // a has two left then, b has two and c has one: the queue is even.
        #expect(losers.count == 3)
        #expect(losers[0] === flood[4] && losers[1] === flood[3] && losers[2] === flood[2])
        #expect(queue.waitingCount == 5)
    }

    @Test func `who leaves is not served, and nobody is when it is closed`() {
        var queue = makeQueue(1)
        #expect(queue.take(1, "a") == nil)
        let waiters = ["a", "b", "b"].map { FairQueue.Waiter(count: 1, owner: $0) }
        for waiter in waiters { _ = queue.takeOrWait(waiter) }
        #expect(queue.remove(waiters[0]) && !queue.remove(waiters[0]))
        queue.giveBack(1, "a")
        #expect(queue.serve().first === waiters[1])
        #expect(queue.close().first === waiters[2])
        queue.giveBack(1, "b")
        #expect(queue.serve().isEmpty)
        #expect(queue.take(1, "c") == .closed)
        #expect(queue.taken == 0 && queue.waitingCount == 0)
    }
}

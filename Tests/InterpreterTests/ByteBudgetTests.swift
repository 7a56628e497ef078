import Testing

@testable import Interpreter

@Suite(.timeLimit(.minutes(1)))
struct ByteBudgetTests {
    private let atOnce = Duration.zero

    @Test func `a reservation grows, shrinks and comes back when it is let go`() async {
        let budget = ByteBudget(limit: 100)
        do {
            let reservation = budget.reservation(for: "a")
            #expect(await reservation.grow(to: 60))
            #expect(await reservation.grow(to: 40))
            #expect(budget.heldCount == 60 && reservation.count == 60)
            reservation.shrink(to: 70)
            reservation.shrink(to: 10)
            #expect(budget.heldCount == 10 && reservation.count == 10)
            #expect(await !reservation.grow(to: 101, within: atOnce))
            #expect(!reservation.isShareTaken && reservation.count == 10)
            #expect(await reservation.grow(to: 100, within: atOnce))
        }
        #expect(budget.heldCount == 0)
    }

    @Test func `one owner leaves another what a request may need`() async {
        let budget = ByteBudget(limit: 100, reserve: 30)
        let many = (0..<10).map { _ in budget.reservation(for: "flood") }
        var grown = 0
        for reservation in many where await reservation.grow(to: 20, within: atOnce) { grown += 1 }
        #expect(grown == 3)
        #expect(many[9].isShareTaken)
        let other = budget.reservation(for: "few")
        #expect(await other.grow(to: 30, within: atOnce))
        // A third one has to wait for what the two hold, and none is to blame.
        let third = budget.reservation(for: "third")
        #expect(await !third.grow(to: 30, within: atOnce))
        #expect(!third.isShareTaken)
    }

    @Test func `what is given back goes to those that wait, by turns`() async {
        let budget = ByteBudget(limit: 100)
        let all = budget.reservation(for: "flood")
        #expect(await all.grow(to: 100))
        let (grown, hasGrown) = AsyncStream<String>.makeStream()
        let reservations = ["flood", "flood", "flood", "few"].map { ($0, budget.reservation(for: $0)) }
        let waiting = reservations.map { owner, reservation in
            Task.immediate {
                guard await reservation.grow(to: 50, within: .seconds(3600)) else { return }
                hasGrown.yield(owner)
            }
        }
        all.shrink(to: 0)
        var turns = grown.makeAsyncIterator()
        // Two at the same time: in which order they go on is the scheduler's matter.
        #expect(await Set([turns.next(), turns.next()]) == ["flood", "few"])
        for task in waiting { task.cancel() }
    }

    @Test func `who is cancelled waits no longer`() async {
        let budget = ByteBudget(limit: 10)
        let all = budget.reservation(for: "a")
        #expect(await all.grow(to: 10))
        let other = budget.reservation(for: "b")
        let waiting = Task { await other.grow(to: 5, within: .seconds(3600)) }
        waiting.cancel()
        #expect(await !waiting.value)
        #expect(other.count == 0 && budget.heldCount == 10)
    }
}

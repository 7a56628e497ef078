import Synchronization
import Testing

@testable import Interpreter

struct UsageLedgerTests {
    /// A clock that is set by hand, in seconds since 1970.
    private final class Clock: Sendable {
        private let time: Mutex<Double>
        init(_ time: Double) { self.time = Mutex(time) }
        var now: Double { time.withLock { $0 } }
        func pass(_ seconds: Double) { time.withLock { $0 += seconds } }
    }

    private static let noon = 20_000.5 * 86_400

    @Test func `a sandbox costs what it lives, until it is killed`() {
        let clock = Clock(Self.noon)
        let ledger = UsageLedger(now: { clock.now })
        ledger.began("a", for: "key", lasting: .seconds(100))
        clock.pass(10)
        #expect(ledger.total["key"]?.sandboxSeconds == 10)
        clock.pass(5)
        ledger.ended("a")
        clock.pass(1000)
        #expect(ledger.total["key"]?.sandboxSeconds == 15)
        #expect(ledger.today(of: "key").sandboxSeconds == 15)
        // Again: nothing is there.
        ledger.ended("a")
        #expect(ledger.total["key"]?.sandboxSeconds == 15)
    }

    @Test func `a sandbox that nobody kills costs what its timeout is, and that may be moved`() {
        let clock = Clock(Self.noon)
        let ledger = UsageLedger(now: { clock.now })
        ledger.began("a", for: "key", lasting: .seconds(100))
        clock.pass(50)
        ledger.extended("a", to: .seconds(100))
        clock.pass(5000)
        #expect(ledger.total["key"]?.sandboxSeconds == 150)
        // It is over: that it ends, or begins again, changes nothing of that.
        ledger.ended("a")
        ledger.extended("a", to: .seconds(100))
        clock.pass(10)
        #expect(ledger.total["key"]?.sandboxSeconds == 150)
        ledger.began("a", for: "key", lasting: .seconds(100))
        clock.pass(10)
        #expect(ledger.total["key"]?.sandboxSeconds == 160)
    }

    @Test func `a day ends at midnight in UTC, and what lives on counts for both days`() {
        let clock = Clock(20_001 * 86_400 - 10)
        let days = Mutex<[[String: UsageLedger.Usage]]>([])
        let ledger = UsageLedger(now: { clock.now }, dayEnded: { day in days.withLock { $0.append(day) } })
        ledger.ran(for: "key")
        ledger.began("a", for: "key", lasting: .seconds(100))
        #expect(ledger.untilTomorrow == .seconds(10))
        clock.pass(30)
        #expect(ledger.today(of: "key").sandboxSeconds == 20)
        #expect(ledger.today(of: "key").executions == 0)
        #expect(ledger.total["key"]?.sandboxSeconds == 30)
        #expect(ledger.total["key"]?.executions == 1)
        let ended = days.withLock { $0 }
        #expect(ended.count == 1)
        #expect(ended.first?["key"]?.sandboxSeconds == 10)
        #expect(ended.first?["key"]?.executions == 1)
    }

    @Test func `all users of a key are one, and so are those of a token`() {
        let ledger = UsageLedger()
        for owner in ["key", "key\u{1f}ann", "key\u{1f}bob"] { ledger.ran(for: owner) }
        for owner in ["\u{1f}jwt", "\u{1f}jwt\u{1f}\u{1f}tenant\u{1f}ann"] { ledger.ran(for: owner) }
        ledger.transferred(in: 3, out: 4, for: "key\u{1f}ann")
        #expect(ledger.total.mapValues(\.executions) == ["key": 3, "jwt": 2])
        #expect(ledger.total["key"]?.bytesIn == 3 && ledger.total["key"]?.bytesOut == 4)
        #expect(OwnerName.shown("key\u{1f}ann") == "key ann")
    }

    @Test func `a sandbox that was kept for nobody counts for its user from then on`() {
        let clock = Clock(Self.noon)
        let ledger = UsageLedger(now: { clock.now })
        ledger.began("s", for: "", lasting: .seconds(100))
        clock.pass(10)
        ledger.handedOver("s", to: "key\u{1f}ann")
        clock.pass(5)
        ledger.ended("s")
        #expect(ledger.total["warm"]?.sandboxSeconds == 10 && ledger.total["key"]?.sandboxSeconds == 5)
    }

    @Test(arguments: [
        (9.0, 4, nil), (10, 4, "10 seconds of sandboxes"), (11, 5, "10 seconds of sandboxes"), (0, 5, "5 executions"),
    ])
    func `a budget is used up at its limit`(seconds: Double, executions: Int, part: String?) {
        var usage = UsageLedger.Usage()
        usage.sandboxSeconds = seconds
        usage.executions = executions
        #expect(KeyLimits(seconds: 10, executions: 5).exhausted(by: usage) == part)
        #expect(KeyLimits(concurrent: 1).exhausted(by: usage) == nil)
    }

    @Test func `a histogram counts each time once, at the first bound that it does not exceed`() {
        let histogram = Histogram(bounds: [0.1, 1])
        for milliseconds in [0, 100, 101, 1000, 5000] { histogram.add(.milliseconds(milliseconds)) }
        #expect(histogram.values.counts == [2, 2, 1])
        #expect(abs(histogram.values.sum - 6.201) < 1e-9)
    }
}

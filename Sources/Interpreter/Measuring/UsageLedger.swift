import Glibc
import Synchronization
import System

/// What each key has used: seconds of sandboxes, executions, bytes. The seconds run while a sandbox lives, as E2B counts them.
///
/// A sandbox counts for the process that made or resumed it, from then until it is killed or its time is over. What other
/// responders do with it is not known here.
package final class UsageLedger: Sendable {
    package struct Usage: Equatable, Sendable {
        package var sandboxSeconds = 0.0
        package var executions = 0
        package var bytesIn = 0
        package var bytesOut = 0

        package init() {}
    }

    private struct Live {
        let key: String
        /// Seconds since 1970 up to which it is counted.
        var countedUntil: Double
        var end: Double
    }

    private struct Books {
        var total: [String: Usage] = [:]
        var today: [String: Usage] = [:]
        var day = 0
        var live: [String: Live] = [:]
    }

    private let books = Mutex(Books())
    /// Seconds since 1970.
    private let now: @Sendable () -> Double
    /// Gets what each key used on a day that is over.
    private let dayEnded: @Sendable ([String: Usage]) -> Void

    /// The largest number of keys and of sandboxes that are told apart. Names come from the configuration, so it is not reached.
    private static let keyLimit = 1000
    private static let sandboxLimit = 20_000
    static let secondsOfDay = 86_400.0

    package init(
        now: @escaping @Sendable () -> Double = UsageLedger.clock,
        dayEnded: @escaping @Sendable ([String: Usage]) -> Void = { _ in }
    ) {
        self.now = now
        self.dayEnded = dayEnded
    }

    @Sendable package static func clock() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    // MARK: Reading

    /// What each key has used since the start of the process.
    package var total: [String: Usage] { settled { $0.total } }

    /// What each key has used on this day, in UTC.
    package var today: [String: Usage] { settled { $0.today } }

    /// What one key has used on this day, in UTC.
    package func today(of key: String) -> Usage { settled { $0.today[key] ?? Usage() } }

    /// The time until the next day begins, in UTC.
    package var untilTomorrow: Duration {
        .seconds(Self.secondsOfDay - now().truncatingRemainder(dividingBy: Self.secondsOfDay))
    }

    // MARK: Writing

    package func ran(for owner: String) { change(owner) { $0.executions += 1 } }

    package func transferred(in bytesIn: Int, out bytesOut: Int, for owner: String) {
        change(owner) { usage in
            usage.bytesIn += bytesIn
            usage.bytesOut += bytesOut
        }
    }

    /// A sandbox begins to live, or lives on after a pause. One that is known already keeps its owner and gets a new end.
    package func began(_ sandbox: String, for owner: String, lasting time: Duration) {
        let (key, now) = (OwnerName.key(of: owner), now())
        books.withLock { books in
            if books.live.count >= Self.sandboxLimit { settle(&books, now) }
            if books.live[sandbox] != nil {
                books.live[sandbox]?.end = now + time.inSeconds
            } else if books.live.count < Self.sandboxLimit {
                books.live[sandbox] = Live(key: key, countedUntil: now, end: now + time.inSeconds)
            }
        }
    }

    /// A sandbox is to live for `time` from now on.
    package func extended(_ sandbox: String, to time: Duration) {
        let end = now() + time.inSeconds
        books.withLock { $0.live[sandbox]?.end = end }
    }

    /// A sandbox that was kept for nobody has an owner from now on.
    package func handedOver(_ sandbox: String, to owner: String) {
        let (key, now) = (OwnerName.key(of: owner), now())
        books.withLock { books in
            count(sandbox, &books, now)
            guard let live = books.live[sandbox] else { return }
            books.live[sandbox] = Live(key: key, countedUntil: live.countedUntil, end: live.end)
        }
    }

    package func ended(_ sandbox: String) {
        let now = now()
        books.withLock { books in
            guard var live = books.live[sandbox] else { return }
            live.end = min(live.end, now)
            books.live[sandbox] = live
            count(sandbox, &books, now)
        }
    }

    // MARK: Counting

    private func change(_ owner: String, _ change: (inout Usage) -> Void) {
        let (key, now) = (OwnerName.key(of: owner), now())
        let closed = books.withLock { books in
            let closed = turn(&books, now)
            change(&books.total[name(key, books.total), default: Usage()])
            change(&books.today[name(key, books.today), default: Usage()])
            return closed
        }
        if let closed { dayEnded(closed) }
    }

    private func settled<Value>(_ read: (borrowing Books) -> Value) -> Value {
        let now = now()
        let (value, closed) = books.withLock { books in
            let closed = settle(&books, now)
            return (read(books), closed)
        }
        if let closed { dayEnded(closed) }
        return value
    }

    /// Counts what the living sandboxes have taken up to now.
    @discardableResult
    private func settle(_ books: inout Books, _ now: Double) -> [String: Usage]? {
        let closed = turn(&books, now)
        for sandbox in Array(books.live.keys) { count(sandbox, &books, now) }
        return closed
    }

    /// Begins a new day if one has begun. What lives on is counted to the day's end first.
    ///
    /// - Returns: what was used on the day that is over.
    private func turn(_ books: inout Books, _ now: Double) -> [String: Usage]? {
        let day = Int(now / Self.secondsOfDay)
        guard day > books.day else { return nil }
        defer { (books.day, books.today) = (day, [:]) }
        guard books.day > 0 else { return nil }
        let midnight = Double(books.day + 1) * Self.secondsOfDay
        for sandbox in Array(books.live.keys) { count(sandbox, &books, midnight) }
        return books.today.isEmpty ? nil : books.today
    }

    private func count(_ sandbox: String, _ books: inout Books, _ now: Double) {
        guard var live = books.live[sandbox] else { return }
        let until = min(now, live.end)
        let seconds = until - live.countedUntil
        if seconds > 0 {
            books.total[name(live.key, books.total), default: Usage()].sandboxSeconds += seconds
            books.today[name(live.key, books.today), default: Usage()].sandboxSeconds += seconds
            live.countedUntil = until
        }
        books.live[sandbox] = live.end <= now ? nil : live
    }

    private func name(_ key: String, _ table: [String: Usage]) -> String {
        table.count < Self.keyLimit || table[key] != nil ? key : "other"
    }
}

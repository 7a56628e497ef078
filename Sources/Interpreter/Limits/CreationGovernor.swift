import E2B
import Synchronization

/// Spaces the creations of sandboxes, because E2B's plans allow so many a second.
///
/// Creations have their turns in the order in which they ask. One whose turn would come too late is refused at once, and told
/// when to come again, so that nobody waits in vain. What is created ahead of requests takes turns that no request wants.
package final class CreationGovernor: Sendable {
    private let rate: Int
    private let longestWait: Duration
    /// When the next creation may begin.
    private let nextTurn = Mutex(ContinuousClock.now)

    /// - Parameters:
    ///   - rate: creations a second.
    ///   - longestWait: the longest time for which a creation waits for its turn.
    package init(rate: Int, longestWait: Duration) {
        self.rate = max(1, rate)
        self.longestWait = longestWait
    }

    var interval: Duration { .seconds(1) / rate }

    /// Waits for the turn of a creation.
    ///
    /// - Throws: `.rateLimited`, at once, if the turn would not come within the longest wait and by `deadline`; `.cancelled`.
    func take(until deadline: ContinuousClock.Instant? = nil) async throws(E2BError) {
        let now = ContinuousClock.now
        let (turn, isLate) = nextTurn.withLock { next in
            let turn = max(now, next)
            let isLate = turn - now > longestWait || deadline.map { turn > $0 } ?? false
            if !isLate { next = turn + interval }
            return (turn, isLate)
        }
        guard !isLate else {
            let creations = rate == 1 ? "1 sandbox" : "\(rate) sandboxes"
            throw .rateLimited(
                .create, message: "\(creations) a second may be created, and others come first",
                // A turn sooner it would wait for the longest time.
                retryAfter: max(.seconds(1), turn - now - longestWait + interval))
        }
        guard turn > now else { return }
        do { try await Task.sleep(until: turn) } catch { throw .cancelled }
    }

    /// Takes a turn if it is there now.
    ///
    /// - Returns: nil: it is taken; else how long it takes until one may be there.
    func takeNow() -> Duration? {
        let now = ContinuousClock.now
        return nextTurn.withLock { next in
            guard next <= now else { return next - now }
            next = now + interval
            return nil
        }
    }
}

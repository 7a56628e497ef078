internal import Synchronization

/// Bytes that may be held at the same time by all that is under way, together.
///
/// A bound for each request does not bound a hundred of them. What may become large is therefore reserved before it is read,
/// and given back when its reservation is let go.
package final class ByteBudget: Sendable {
    package let limit: Int
    private let held = Mutex(0)

    /// - Parameter limit: bytes.
    package init(limit: Int) { self.limit = limit }

    /// How long what has begun already waits for room. Meanwhile nothing more of it is read.
    package static let patience = Duration.seconds(5)

    /// Bytes that are reserved now.
    package var heldCount: Int { held.withLock { $0 } }

    /// One of nothing yet.
    package func reservation() -> Reservation { Reservation(self, 0) }

    /// - Returns: nil: there is no room for so many now.
    package func reserve(_ count: Int) -> Reservation? {
        take(count) ? Reservation(self, count) : nil
    }

    /// Waits a while for room.
    ///
    /// - Returns: nil: there was none within `patience`, or the task was cancelled.
    package func reserve(_ count: Int, within patience: Duration) async -> Reservation? {
        let reservation = Reservation(self, 0)
        return await reservation.grow(to: count, within: patience) ? reservation : nil
    }

    fileprivate func take(_ count: Int) -> Bool {
        held.withLock { held in
            guard count <= limit - held else { return false }
            held += count
            return true
        }
    }

    fileprivate func giveBack(_ count: Int) { held.withLock { $0 -= count } }

    /// Bytes of a budget, until this is let go.
    package final class Reservation: Sendable {
        private let budget: ByteBudget
        private let held: Mutex<Int>

        fileprivate init(_ budget: ByteBudget, _ count: Int) {
            self.budget = budget
            held = Mutex(count)
        }

        deinit { budget.giveBack(count) }

        package var count: Int { held.withLock { $0 } }

        /// Makes it `count` bytes. One that is larger stays as it is. False: there is no room for so many now.
        package func grow(to count: Int) -> Bool {
            held.withLock { held in
                guard count > held else { return true }
                guard budget.take(count - held) else { return false }
                held = count
                return true
            }
        }

        /// The same, and waits a while for room: who holds it lets go of it sooner or later, in any order.
        package func grow(to count: Int, within patience: Duration) async -> Bool {
            let deadline = ContinuousClock.now + patience
            while !grow(to: count) {
                guard .now < deadline, count <= budget.limit else { return false }
                do { try await Task.sleep(for: ByteBudget.pause) } catch { return false }
            }
            return true
        }

        /// Makes it `count` bytes. One that is smaller stays as it is.
        package func shrink(to count: Int) {
            held.withLock { held in
                guard count < held else { return }
                budget.giveBack(held - count)
                held = count
            }
        }
    }

    /// Between two looks of one that waits. Nobody is woken: those who wait are few, and a queue of theirs would let one that
    /// wants much keep all others out.
    private static let pause = Duration.milliseconds(20)
}

internal import Synchronization

/// A budget of bytes that all requests in flight may hold together.
///
/// A limit for each request does not limit the sum over a hundred requests. Memory that may become large is therefore
/// reserved before data is read into it, and given back when its reservation is released.
package final class ByteBudget: Sendable {
    package let limit: Int
    private let held = Mutex(0)

    /// - Parameter limit: the size of the budget in bytes.
    package init(limit: Int) { self.limit = limit }

    /// The longest time for which a request in progress waits for memory. It reads no further data meanwhile.
    package static let patience = Duration.seconds(5)

    /// The number of bytes that are reserved now.
    package var heldCount: Int { held.withLock { $0 } }

    /// Makes a reservation of 0 bytes, which can grow.
    package func reservation() -> Reservation { Reservation(self, 0) }

    /// Reserves bytes.
    ///
    /// - Returns: nil if the budget has not that many bytes left.
    package func reserve(_ count: Int) -> Reservation? {
        take(count) ? Reservation(self, count) : nil
    }

    /// Reserves bytes, and waits for them if the budget has too few left.
    ///
    /// - Returns: nil if the bytes did not become available within `patience`, or if the task was cancelled.
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

    /// A number of reserved bytes, which are given back when this object is released.
    package final class Reservation: Sendable {
        private let budget: ByteBudget
        private let held: Mutex<Int>

        fileprivate init(_ budget: ByteBudget, _ count: Int) {
            self.budget = budget
            held = Mutex(count)
        }

        deinit { budget.giveBack(count) }

        package var count: Int { held.withLock { $0 } }

        /// Enlarges the reservation to `count` bytes. A larger reservation stays as it is.
        ///
        /// - Returns: false if the budget has too few bytes left.
        package func grow(to count: Int) -> Bool {
            held.withLock { held in
                guard count > held else { return true }
                guard budget.take(count - held) else { return false }
                held = count
                return true
            }
        }

        /// Enlarges the reservation to `count` bytes, and waits for them if the budget has too few left. Several tasks
        /// that wait get their bytes in any order.
        ///
        /// - Returns: false if the bytes did not become available within `patience`, or if the task was cancelled.
        package func grow(to count: Int, within patience: Duration) async -> Bool {
            let deadline = ContinuousClock.now + patience
            while !grow(to: count) {
                guard .now < deadline, count <= budget.limit else { return false }
                do { try await Task.sleep(for: ByteBudget.pause) } catch { return false }
            }
            return true
        }

        /// Reduces the reservation to `count` bytes. A smaller reservation stays as it is.
        package func shrink(to count: Int) {
            held.withLock { held in
                guard count < held else { return }
                budget.giveBack(held - count)
                held = count
            }
        }
    }

    /// The time between two attempts of a waiting task. There is no queue, because few tasks wait, and the first task
    /// of a queue would block all others if it needs many bytes.
    private static let pause = Duration.milliseconds(20)
}

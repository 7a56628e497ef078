import E2B
import Synchronization

/// A budget of bytes that all requests in flight may hold together.
///
/// A limit for each request does not limit the sum over a hundred requests. Memory that may become large is therefore
/// reserved before data is read into it, and given back when its reservation is released.
package final class ByteBudget: Sendable {
    private let bytes: FairSemaphore

    /// - Parameters:
    ///   - limit: the size of the budget in bytes.
    ///   - reserve: an owner that holds more than this number of bytes leaves this number free for others. If it is the
    ///     size of the largest request, requests of every owner find memory. Zero if there is only one owner.
    package init(limit: Int, reserve: Int = 0) {
        // The queue needs no limit, because each request in it has a place or a connection, which are limited.
        bytes = FairSemaphore(.init(total: limit, reserve: reserve, queue: .max))
    }

    /// Gives the budget the size of another one, for requests in flight as well.
    package func resize(like other: ByteBudget) { bytes.resize(to: other.bytes.capacity) }

    package var limit: Int { bytes.capacity.total }

    /// The number of bytes that are reserved now.
    package var heldCount: Int { bytes.count }

    /// The longest time for which a request in progress waits for memory. It reads no further data meanwhile.
    package static let patience = Duration.seconds(5)

    /// The reason why a request in progress is stopped, as the end of a sentence.
    static func reason(isShareTaken: Bool) -> String {
        isShareTaken
            ? "your own requests have all the memory that one caller may have."
            : "the service has no memory for its output now."
    }

    /// Makes a reservation of 0 bytes, which can grow.
    package func reservation(for owner: String) -> Reservation { Reservation(bytes, owner) }

    /// Bytes of a budget, which are given back when the reservation is released. Only one task at a time may call
    /// ``grow(to:within:)``.
    package final class Reservation: MemoryReservation {
        private struct State {
            var count = 0
            var isShareTaken = false
        }

        private let bytes: FairSemaphore
        private let owner: String
        private let state = Mutex(State())

        fileprivate init(_ bytes: FairSemaphore, _ owner: String) {
            self.bytes = bytes
            self.owner = owner
        }

        deinit { shrink(to: 0) }

        package var count: Int { state.withLock { $0.count } }

        /// Whether the last attempt to grow failed because the owner holds as much as one owner may hold.
        package var isShareTaken: Bool { state.withLock { $0.isShareTaken } }

        /// Grows to `count` bytes, and waits for them if the budget has too few left. A larger reservation stays as it
        /// is.
        ///
        /// - Returns: false if the bytes did not become available within `patience`, or if the task was cancelled.
        package func grow(to count: Int, within patience: Duration = ByteBudget.patience) async -> Bool {
            let missing = count - self.count
            guard missing > 0 else { return true }
            do throws(FairSemaphore.Shortage) {
                try await bytes.take(missing, for: owner, until: .now + patience)
            } catch {
                state.withLock { $0.isShareTaken = error == .shareTaken }
                return false
            }
            state.withLock { $0.count += missing }
            return true
        }

        package func hold(_ count: Int) async -> Bool { await grow(to: count) }

        /// Shrinks to `count` bytes. A smaller reservation stays as it is.
        package func shrink(to count: Int) {
            let surplus = state.withLock { state in
                let surplus = max(0, state.count - count)
                state.count -= surplus
                return surplus
            }
            if surplus > 0 { bytes.giveBack(surplus, of: owner) }
        }
    }
}

import Synchronization

/// A counting semaphore whose units, places or bytes, are shared fairly among owners.
///
/// A request that cannot get its units at once waits in a queue. Owners take turns in the queue, and the requests of
/// one owner are served in the order of their arrival. A request for more units than are free is passed by requests for
/// fewer, because it would otherwise block all others until enough units are free at the same time. If the queue is
/// full, the owner with the most waiting requests loses its newest one to an owner with fewer, so that no owner can
/// fill the queue.
package final class FairSemaphore: Sendable {
    /// The number of units, and how owners share them.
    package struct Capacity: Equatable, Sendable {
        /// The number of units for all owners together.
        package var total: Int
        /// The largest number of units that one owner may have.
        package var share: Int
        /// The number of units that are kept free for owners that have no more than this number: an owner that has
        /// more cannot take them. Zero keeps none free.
        package var reserve: Int
        /// The largest number of waiting requests of all owners together.
        package var queue: Int

        /// - Parameter share: nil if one owner may have all units.
        package init(total: Int, share: Int? = nil, reserve: Int = 0, queue: Int = 0) {
            self.total = total
            self.share = min(share ?? total, total)
            self.reserve = reserve
            self.queue = queue
        }
    }

    /// The reason why a request did not get its units.
    package enum Shortage: Error, Equatable, Sendable {
        /// All owners together have taken too many units.
        case taken
        /// The owner has as many units as one owner may have.
        case shareTaken
        /// The queue is full, and the owner has more waiting requests than another one.
        case queueShareTaken
        /// The semaphore is closed.
        case closed
        /// The task was cancelled while it waited for its units.
        case cancelled
    }

    private let state: Mutex<FairQueue>

    package init(_ capacity: Capacity) {
        state = Mutex(FairQueue(capacity: capacity))
    }

    package var capacity: Capacity { state.withLock { $0.capacity } }

    /// Changes the capacity. Units that are taken stay so, and requests that wait go on waiting, also if they are more than the
    /// queue may have now.
    package func resize(to capacity: Capacity) {
        let served = state.withLock { queue in
            queue.capacity = capacity
            return queue.serve()
        }
        for waiter in served where !waiter.channel.deliver(.success(())) { giveBack(waiter.count, of: waiter.owner) }
    }

    /// The number of units that are taken.
    package var count: Int { state.withLock { $0.taken } }

    /// The number of waiting requests.
    package var waitingCount: Int { state.withLock { $0.waitingCount } }

    /// The largest number of requests that have waited at the same time.
    package var mostWaiting: Int { state.withLock { $0.mostWaiting } }

    /// The number of requests that have had to wait.
    package var waitedCount: Int { state.withLock { $0.waitedCount } }

    /// Takes `count` units, and waits for them until `deadline` if there are too few.
    package func take(
        _ count: Int = 1, for owner: String, until deadline: ContinuousClock.Instant
    ) async throws(Shortage) {
        // Mostly there are units, and then there is no need for a waiter. This overtakes nobody: see `takeOrWait`.
        guard state.withLock({ $0.take(count, owner) }) != nil else { return }
        let waiter = FairQueue.Waiter(count: count, owner: owner)
        switch state.withLock({ $0.takeOrWait(waiter) }) {
        case .taken: return
        case .refused(let shortage): throw shortage
        case .waits(inPlaceOf: let loser): _ = loser?.channel.deliver(.failure(.queueShareTaken))
        }
        let timer = Task {
            // The sleep is cancelled when the wait is over.
            guard (try? await Task.sleep(until: deadline)) != nil else { return }
            leave(waiter)
        }
        defer { timer.cancel() }
        guard let outcome = await waiter.channel.receive() else {
            // No unit has become free by this, so no other waiter has to be served.
            state.withLock { _ = $0.remove(waiter) }
            throw .cancelled
        }
        try outcome.get()
    }

    /// Gives back `count` units that `owner` took, and serves waiting requests with them.
    package func giveBack(_ count: Int = 1, of owner: String) {
        var freed = [(count, owner)]
        while let (count, owner) = freed.popLast() {
            let served = state.withLock { queue in
                queue.giveBack(count, owner)
                return queue.serve()
            }
            for waiter in served where !waiter.channel.deliver(.success(())) {
                // This waiter was cancelled at the same moment, so its units go to the next one.
                freed.append((waiter.count, waiter.owner))
            }
        }
    }

    /// Closes the semaphore: all requests that wait, and all that come later, throw `.closed`.
    package func close() {
        for waiter in state.withLock({ $0.close() }) { _ = waiter.channel.deliver(.failure(.closed)) }
    }

    /// Takes a waiter whose deadline has come out of the queue.
    private func leave(_ waiter: FairQueue.Waiter) {
        let shortage = state.withLock { queue -> Shortage? in
            queue.remove(waiter) ? queue.shortage(waiter.count, waiter.owner) ?? .taken : nil
        }
        if let shortage { _ = waiter.channel.deliver(.failure(shortage)) }
    }
}

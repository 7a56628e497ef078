import Synchronization

/// What owners share, places or bytes: how much there is, how much of it one owner may have, and who comes next.
///
/// What cannot be had at once is waited for in a queue. Owners take turns there, and the requests of one owner go in the
/// order in which they came. A request that wants more than there is lets those pass that want less: it would otherwise
/// keep all others out until so much is free at the same time. When the queue is full, the owner with the most requests in
/// it loses the newest one to an owner with fewer, so that no owner can fill it.
package final class FairSemaphore: Sendable {
    /// How much there is, and for whom.
    package struct Capacity: Equatable, Sendable {
        /// For all owners together.
        package var total: Int
        /// The most that one owner may have.
        package var share: Int
        /// What an owner with more than this leaves free: it is for owners who have less. Zero keeps nothing free.
        package var reserve: Int
        /// How many requests may wait, of all owners together.
        package var queue: Int

        /// - Parameter share: nil: an owner may have everything.
        package init(total: Int, share: Int? = nil, reserve: Int = 0, queue: Int = 0) {
            self.total = total
            self.share = min(share ?? total, total)
            self.reserve = reserve
            self.queue = queue
        }
    }

    /// Why there is nothing to be had.
    package enum Shortage: Error, Equatable, Sendable {
        /// All owners together have everything.
        case taken
        /// The owner has all that one owner may have.
        case shareTaken
        /// The owner has more requests in the queue than others, who come first.
        case queueShareTaken
        /// Nothing is given out any more.
        case closed
        /// The task was cancelled while it waited.
        case cancelled
    }

    package let capacity: Capacity
    private let state: Mutex<FairQueue>

    package init(_ capacity: Capacity) {
        self.capacity = capacity
        state = Mutex(FairQueue(capacity: capacity))
    }

    /// How much is given out.
    package var count: Int { state.withLock { $0.taken } }

    /// How many requests wait.
    package var waitingCount: Int { state.withLock { $0.waitingCount } }

    /// Takes what is free, and waits for nothing.
    ///
    /// - Returns: why there is too little; nil: `count` has been taken.
    package func take(_ count: Int = 1, for owner: String) -> Shortage? { state.withLock { $0.take(count, owner) } }

    /// Takes `count`, and waits for it until `deadline` comes, if it has to.
    package func take(
        _ count: Int = 1, for owner: String, until deadline: ContinuousClock.Instant
    ) async throws(Shortage) {
        let waiter = FairQueue.Waiter(count: count, owner: owner)
        switch state.withLock({ $0.takeOrWait(waiter) }) {
        case .taken: return
        case .refused(let shortage): throw shortage
        case .waits(inPlaceOf: let loser): _ = loser?.channel.deliver(.failure(.queueShareTaken))
        }
        let timer = Task {
            // Cancelled when the waiting is over.
            guard (try? await Task.sleep(until: deadline)) != nil else { return }
            leave(waiter)
        }
        defer { timer.cancel() }
        guard let outcome = await waiter.channel.receive() else {
            // Those behind it may want less, but nothing is free now that was not before: nobody has to be woken.
            state.withLock { _ = $0.remove(waiter) }
            throw .cancelled
        }
        try outcome.get()
    }

    /// Gives back what `owner` took.
    package func giveBack(_ count: Int = 1, of owner: String) {
        var freed = [(count, owner)]
        while let (count, owner) = freed.popLast() {
            let served = state.withLock { queue in
                queue.giveBack(count, owner)
                return queue.serve()
            }
            for waiter in served where !waiter.channel.deliver(.success(())) {
                // Cancelled at this moment: what it was given is for the next one.
                freed.append((waiter.count, waiter.owner))
            }
        }
    }

    /// Gives nothing out any more: those who wait, and those who come, are told so.
    package func close() {
        for waiter in state.withLock({ $0.close() }) { _ = waiter.channel.deliver(.failure(.closed)) }
    }

    /// Its time is over.
    private func leave(_ waiter: FairQueue.Waiter) {
        let shortage = state.withLock { queue -> Shortage? in
            queue.remove(waiter) ? queue.shortage(waiter.count, waiter.owner) ?? .taken : nil
        }
        if let shortage { _ = waiter.channel.deliver(.failure(shortage)) }
    }
}

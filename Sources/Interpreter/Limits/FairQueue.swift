/// Who has how much, and who waits for how much: what ``FairSemaphore`` keeps under its lock.
struct FairQueue: Sendable {
    /// One request that waits.
    final class Waiter: Sendable {
        let count: Int
        let owner: String
        let channel = OneShotChannel<Result<Void, FairSemaphore.Shortage>>()

        init(count: Int, owner: String) {
            self.count = count
            self.owner = owner
        }
    }

    enum Arrival {
        case taken
        case refused(FairSemaphore.Shortage)
        /// The queue was full: another owner's newest request had to leave it.
        case waits(inPlaceOf: Waiter?)
    }

    /// The requests of one owner, in the order in which they came.
    private struct Line {
        let owner: String
        var waiters: [Waiter]
    }

    private let capacity: FairSemaphore.Capacity
    private(set) var taken = 0
    private(set) var waitingCount = 0
    /// Of owners that have something.
    private var takenByOwner: [String: Int] = [:]
    /// In the order of the owners' turns; each has waiters.
    private var lines: [Line] = []
    private var isClosed = false

    init(capacity: FairSemaphore.Capacity) { self.capacity = capacity }

    // MARK: Taking

    /// Why `owner` cannot have `count` more now; nil: it can.
    func shortage(_ count: Int, _ owner: String) -> FairSemaphore.Shortage? {
        if isClosed { return .closed }
        let own = takenByOwner[owner] ?? 0
        if capacity.share < capacity.total, count > capacity.share - own { return .shareTaken }
        let free = capacity.total - taken
        if count > free { return .taken }
        if capacity.reserve > 0, own + count > capacity.reserve, count > free - capacity.reserve { return .shareTaken }
        return nil
    }

    mutating func take(_ count: Int, _ owner: String) -> FairSemaphore.Shortage? {
        if let shortage = shortage(count, owner) { return shortage }
        taken += count
        takenByOwner[owner, default: 0] += count
        return nil
    }

    mutating func giveBack(_ count: Int, _ owner: String) {
        taken -= count
        let left = (takenByOwner[owner] ?? 0) - count
        takenByOwner[owner] = left == 0 ? nil : left
    }

    // MARK: Waiting

    mutating func takeOrWait(_ waiter: Waiter) -> Arrival {
        // Whatever is free now is too little for all that wait, or not for their owners.
        guard let shortage = take(waiter.count, waiter.owner) else { return .taken }
        guard shortage != .closed, waiter.count <= capacity.share else { return .refused(shortage) }
        var loser: Waiter?
        if waitingCount >= capacity.queue {
            guard let longest = lines.indices.max(by: { lines[$0].waiters.count < lines[$1].waiters.count }) else {
                // There is no queue.
                return .refused(shortage)
            }
            let own = lines.first { $0.owner == waiter.owner }?.waiters.count ?? 0
            // With one of its own more it still has to have fewer than the other.
            guard own + 1 < lines[longest].waiters.count else {
                return .refused(own > 0 && lines.count > 1 && shortage == .taken ? .queueShareTaken : shortage)
            }
            loser = lines[longest].waiters.removeLast()
            waitingCount -= 1
        }
        waitingCount += 1
        if let index = lines.firstIndex(where: { $0.owner == waiter.owner }) {
            lines[index].waiters.append(waiter)
        } else {
            lines.append(Line(owner: waiter.owner, waiters: [waiter]))
        }
        return .waits(inPlaceOf: loser)
    }

    /// Gives what is free to those whose turn it is.
    ///
    /// - Returns: they, who are no longer in the queue.
    mutating func serve() -> [Waiter] {
        var served: [Waiter] = []
        var index = 0
        // The more is given out the less fits: those that were passed over need no second look.
        while index < lines.count, taken < capacity.total {
            let line = lines[index]
            guard let position = line.waiters.firstIndex(where: { shortage($0.count, $0.owner) == nil }) else {
                index += 1
                continue
            }
            let waiter = lines[index].waiters.remove(at: position)
            _ = take(waiter.count, waiter.owner)
            waitingCount -= 1
            served.append(waiter)
            // The owner's next turn comes after everybody else's.
            let rest = lines.remove(at: index)
            if !rest.waiters.isEmpty { lines.append(rest) }
        }
        return served
    }

    /// False: it does not wait any more.
    mutating func remove(_ waiter: Waiter) -> Bool {
        guard let line = lines.firstIndex(where: { $0.owner == waiter.owner }),
            let position = lines[line].waiters.firstIndex(where: { $0 === waiter })
        else { return false }
        lines[line].waiters.remove(at: position)
        waitingCount -= 1
        if lines[line].waiters.isEmpty { lines.remove(at: line) }
        return true
    }

    /// - Returns: those who waited.
    mutating func close() -> [Waiter] {
        isClosed = true
        defer { (lines, waitingCount) = ([], 0) }
        return lines.flatMap(\.waiters)
    }
}

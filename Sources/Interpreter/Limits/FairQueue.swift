/// The state of a ``FairSemaphore``: how many units each owner has, and which requests wait. The semaphore's lock
/// protects it.
struct FairQueue: Sendable {
    /// A request that waits for its units.
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
        /// The request waits. If the queue was full, the newest request of another owner has left it.
        case waits(inPlaceOf: Waiter?)
    }

    /// The waiting requests of one owner, in the order of their arrival.
    private struct Line {
        let owner: String
        var waiters: [Waiter]
    }

    /// If it shrinks below what is taken, nobody takes anything until enough is given back.
    var capacity: FairSemaphore.Capacity
    private(set) var taken = 0
    private(set) var waitingCount = 0 {
        didSet { mostWaiting = max(mostWaiting, waitingCount) }
    }
    /// The largest number of requests that have waited at the same time.
    private(set) var mostWaiting = 0
    /// The number of requests that have had to wait.
    private(set) var waitedCount = 0
    /// The units of each owner that has some.
    private var takenByOwner: [String: Int] = [:]
    /// The lines in the order of the owners' turns. No line is empty.
    private var lines: [Line] = []
    private var isClosed = false

    init(capacity: FairSemaphore.Capacity) { self.capacity = capacity }

    // MARK: Taking

    /// The reason why `owner` cannot take `count` units now; nil if it can.
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
        // This overtakes nobody, because no waiting request could take the units that are free now.
        guard let shortage = take(waiter.count, waiter.owner) else { return .taken }
        guard shortage != .closed, waiter.count <= capacity.share else { return .refused(shortage) }
        var loser: Waiter?
        if waitingCount >= capacity.queue {
            guard let longest = lines.indices.max(by: { lines[$0].waiters.count < lines[$1].waiters.count }) else {
                // The queue has no places at all.
                return .refused(shortage)
            }
            let own = lines.first { $0.owner == waiter.owner }?.waiters.count ?? 0
            // The owner has to have fewer waiting requests than the other one also after it has got one more, or two
            // owners could push each other's requests out again and again.
            guard own + 1 < lines[longest].waiters.count else {
                return .refused(own > 0 && lines.count > 1 && shortage == .taken ? .queueShareTaken : shortage)
            }
            loser = lines[longest].waiters.removeLast()
            waitingCount -= 1
        }
        waitingCount += 1
        waitedCount += 1
        if let index = lines.firstIndex(where: { $0.owner == waiter.owner }) {
            lines[index].waiters.append(waiter)
        } else {
            lines.append(Line(owner: waiter.owner, waiters: [waiter]))
        }
        return .waits(inPlaceOf: loser)
    }

    /// Gives the free units to the waiting requests whose turn it is.
    ///
    /// - Returns: the requests that got their units, which have left the queue.
    mutating func serve() -> [Waiter] {
        var served: [Waiter] = []
        var index = 0
        // Each request that is served leaves fewer units free, so lines that were passed over need no second look.
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
            // The owner's next turn comes after those of all other owners.
            let rest = lines.remove(at: index)
            if !rest.waiters.isEmpty { lines.append(rest) }
        }
        return served
    }

    /// Removes a request from the queue.
    ///
    /// - Returns: false if it no longer waits.
    mutating func remove(_ waiter: Waiter) -> Bool {
        guard let line = lines.firstIndex(where: { $0.owner == waiter.owner }),
            let position = lines[line].waiters.firstIndex(where: { $0 === waiter })
        else { return false }
        lines[line].waiters.remove(at: position)
        waitingCount -= 1
        if lines[line].waiters.isEmpty { lines.remove(at: line) }
        return true
    }

    /// Refuses all requests from now on.
    ///
    /// - Returns: the requests that waited.
    mutating func close() -> [Waiter] {
        isClosed = true
        defer { (lines, waitingCount) = ([], 0) }
        return lines.flatMap(\.waiters)
    }
}

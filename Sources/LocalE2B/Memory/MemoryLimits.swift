internal import Foundation

/// The limits of the memory that sandboxes take, and the measures against a sandbox that exceeds them.
struct MemoryLimits: Equatable, Sendable {
    /// The largest number of bytes of one sandbox.
    var sandbox: Int
    /// The largest number of bytes of all sandboxes.
    var all: Int
    /// The number of bytes that must stay available on the machine, whichever program uses the rest.
    var floor: Int

    /// - Parameters:
    ///   - sandbox: the bytes of one sandbox; nil for 4 GiB, or for half of the machine's memory if that is less.
    ///   - physical: the bytes of the machine's memory.
    init(sandbox: Int?, physical: Int = Int(clamping: ProcessInfo.processInfo.physicalMemory)) {
        self.sandbox = sandbox ?? min(4 << 30, physical / 2)
        all = physical / 4 * 3
        floor = physical / 16
    }

    /// The measure against a sandbox that takes too much memory.
    enum Action: Equatable, Sendable {
        case kill([MemoryUse.Process])
        /// End the sandbox, because no processes can be killed that would help.
        case end
    }

    /// The sandbox that takes too much memory, if any does. If all together take too much, it is the largest one.
    func offender<ID>(of uses: [(id: ID, use: MemoryUse)], available: Int) -> (id: ID, limit: Int)? {
        guard let largest = uses.max(by: { $0.use.total < $1.use.total }) else { return nil }
        if largest.use.total > sandbox { return (largest.id, sandbox) }
        let isTooMuch = uses.reduce(0) { $0 + $1.use.total } > all || available < floor
        return isTooMuch ? (largest.id, largest.use.total / 2) : nil
    }

    /// Chooses the largest processes of a sandbox, until the others take less than three quarters of its limit, so that
    /// not every tick has to kill one.
    ///
    /// - Parameter spared: processes without which the sandbox would end.
    static func action(for use: MemoryUse, limit: Int, sparing spared: Set<Int>) -> Action {
        var (rest, killed) = (use.total, [MemoryUse.Process]())
        for process in use.processes.sorted(by: { $0.bytes > $1.bytes }) where !spared.contains(process.pid) {
            guard rest > limit / 4 * 3, process.bytes > 0 else { break }
            killed.append(process)
            rest -= process.bytes
        }
        return rest > limit ? .end : .kill(killed)
    }
}

internal import Foundation

/// How much memory sandboxes may take, and what is done about one that takes more.
struct MemoryLimits: Equatable, Sendable {
    /// Bytes of one sandbox.
    var sandbox: Int
    /// Bytes of all of them.
    var all: Int
    /// Bytes that must stay available on the machine, whoever takes the rest.
    var floor: Int

    /// - Parameters:
    ///   - sandbox: of one; nil is 4 GiB, or half of what the machine has where that is less.
    ///   - physical: what the machine has.
    init(sandbox: Int?, physical: Int = Int(clamping: ProcessInfo.processInfo.physicalMemory)) {
        self.sandbox = sandbox ?? min(4 << 30, physical / 2)
        all = physical / 4 * 3
        floor = physical / 16
    }

    /// What one sandbox has to do without.
    enum Action: Equatable, Sendable {
        case kill([MemoryUse.Process])
        /// There are no processes whose end would help.
        case end
    }

    /// Which sandbox takes too much, if any does; the largest when all do together.
    func offender<ID>(of uses: [(id: ID, use: MemoryUse)], available: Int) -> (id: ID, limit: Int)? {
        guard let largest = uses.max(by: { $0.use.total < $1.use.total }) else { return nil }
        if largest.use.total > sandbox { return (largest.id, sandbox) }
        let isTooMuch = uses.reduce(0) { $0 + $1.use.total } > all || available < floor
        return isTooMuch ? (largest.id, largest.use.total / 2) : nil
    }

    /// The largest processes of a sandbox until the others are within three quarters of its limit, so that not every tick
    /// ends one.
    ///
    /// - Parameter spared: those without which the sandbox would end.
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

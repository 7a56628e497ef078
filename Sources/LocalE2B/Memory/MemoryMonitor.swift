internal import Foundation
internal import Synchronization
internal import System

/// Enforces the memory limits of all sandboxes, on a thread of its own, a few times a second.
///
/// The kernel's limits are for single processes, or need a control group, which an unprivileged program may not have.
/// This limits the sum of a sandbox's memory. It acts late: what a sandbox takes within a tick may exceed its limit. It
/// runs outside the sandbox, because code inside could stop it.
final class MemoryMonitor: Sendable {
    private static let tick: Duration = .milliseconds(200)

    /// The time in which killing large processes has to help. After that the sandbox itself is ended.
    private static let grace: Duration = .seconds(3)

    private struct Watched: Sendable {
        weak var agent: Agent?
        let root: String
        /// The time at which the sandbox exceeded its limit; nil if it does not.
        var overLimitSince: ContinuousClock.Instant?
        /// The processes that were asked to be killed.
        var killRequested: Set<Int> = []
    }

    /// The pause after an exact check that has found nothing, because exact checks take much more processor time.
    private static let pause: Duration = .seconds(1)

    private let limits: MemoryLimits
    private let nextExactCheck = Mutex(ContinuousClock.now)
    private let watched = Mutex<[ObjectIdentifier: Watched]>([:])

    /// Starts the thread, which ends some time after the monitor is freed.
    init(_ limits: MemoryLimits) {
        self.limits = limits
        let thread = Thread { [weak self] in
            while self?.check() != nil { Thread.sleep(forTimeInterval: Self.tick.inSeconds) }
        }
        thread.name = "e2b-local memory"
        thread.start()
    }

    /// - Parameter pid: bubblewrap's process outside, whose only child is the first process inside.
    func add(_ agent: Agent, pid: pid_t) {
        let children = ProcFile.text("/proc/\(pid)/task/\(pid)/children").split(separator: " ")
        guard let first = children.first.flatMap({ Int($0) }),
            ProcFields(ProcFile.text("/proc/\(first)/root/proc/1/status"))["VmRSS"] != nil
        else {
            return Log.note("the memory of a sandbox is not watched: its processes are not found")
        }
        watched.withLock { $0[ObjectIdentifier(agent)] = Watched(agent: agent, root: "/proc/\(first)/root") }
    }

    private func check() {
        let watched = self.watched.withLock { watched in
            watched = watched.filter { $0.value.agent?.isRunning == true }
            return watched
        }
        var uses = watched.map { (id: $0.key, use: MemoryUse(ofSandboxAt: $0.value.root, isExact: false)) }
        let available = ProcFields(ProcFile.text("/proc/meminfo"))["MemAvailable"] ?? .max
        guard limits.offender(of: uses, available: available) != nil else { return clearOverages(except: nil) }
        // Shared pages were counted for each process so far, so the sum is taken once more, exactly.
        guard nextExactCheck.withLock({ $0 <= .now }) else { return }
        uses = watched.map { (id: $0.key, use: MemoryUse(ofSandboxAt: $0.value.root, isExact: true)) }
        let overLimit = limits.offender(of: uses, available: available)
        clearOverages(except: overLimit?.id)
        if overLimit == nil { nextExactCheck.withLock { $0 = .now + Self.pause } }
        if let (id, limit) = overLimit, let offender = watched[id], let use = uses.first(where: { $0.id == id })?.use {
            enforce(id, offender, use, limit)
        }
    }

    private func clearOverages(except offender: ObjectIdentifier?) {
        watched.withLock { watched in
            for id in watched.keys where id != offender {
                watched[id]?.overLimitSince = nil
                watched[id]?.killRequested = []
            }
        }
    }

    private func enforce(_ id: ObjectIdentifier, _ offender: Watched, _ use: MemoryUse, _ limit: Int) {
        guard let agent = offender.agent else { return }
        let (overLimitSince, now) = (offender.overLimitSince ?? .now, ContinuousClock.now)
        // bubblewrap's process, the one that keeps the sandbox alive, the agent, and its server of kernels are spared.
        // If a process uses their name to be spared, the sandbox is ended instead.
        let spared = Set(
            use.processes.map(\.pid).filter { pid in
                pid <= 2 || ProcFile.text("\(offender.root)/proc/\(pid)/cmdline").contains("/run/e2b/agent.py")
            })
        switch MemoryLimits.action(for: use, limit: limit, sparing: spared) {
        case .kill(let processes) where now - overLimitSince < Self.grace:
            let pids = Set(processes.map(\.pid)).subtracting(offender.killRequested)
            // All of these were asked to be killed before, and are about to end.
            guard !pids.isEmpty else { return }
            watched.withLock { watched in
                watched[id]?.overLimitSince = overLimitSince
                watched[id]?.killRequested.formUnion(pids)
            }
            Log.note(
                "a sandbox takes \(use.total >> 20) MB of memory, \(limit >> 20) are allowed: ending \(pids.count) of its "
                    + "processes, of which the largest is \(processes[0].name)")
            agent.notify(Operation.Kill(pids: pids.sorted()))
        case .kill, .end:
            Log.note("a sandbox takes \(use.total >> 20) MB of memory, \(limit >> 20) are allowed: it is ended")
            agent.killProcess()
        }
    }
}

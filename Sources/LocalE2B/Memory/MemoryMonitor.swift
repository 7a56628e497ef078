internal import Foundation
internal import Synchronization
internal import System

/// Looks after the memory of all sandboxes, on a thread of its own, a few times a second.
///
/// Limits of the kernel are for each process, or need a control group that nobody may have given us. This is a sum, and it
/// comes a moment late: what a sandbox takes within a tick is beyond its limit. It is here and not in the sandbox, whose
/// code could stop it.
final class MemoryMonitor: Sendable {
    private static let tick: Duration = .milliseconds(200)

    /// How long the end of large processes may take. A sandbox that is beyond its limit after it is ended.
    private static let grace: Duration = .seconds(3)

    private struct Watched: Sendable {
        weak var agent: Agent?
        let root: String
        /// Since when it has been beyond its limit.
        var overLimitSince: ContinuousClock.Instant?
        /// Those that were told to end.
        var killRequested: Set<Int> = []
    }

    /// After a sum that shares out exactly has found nothing. It costs the processor much more.
    private static let pause: Duration = .seconds(1)

    private let limits: MemoryLimits
    private let nextExactCheck = Mutex(ContinuousClock.now)
    private let watched = Mutex<[ObjectIdentifier: Watched]>([:])

    /// Its thread ends some time after the last reference to it is gone.
    init(_ limits: MemoryLimits) {
        self.limits = limits
        let thread = Thread { [weak self] in
            while self?.check() != nil { Thread.sleep(forTimeInterval: Self.tick.inSeconds) }
        }
        thread.name = "e2b-local memory"
        thread.start()
    }

    /// - Parameter pid: the process of bubblewrap outside, whose only child is the first one inside.
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
        // Pages that processes share have been counted for each: once more, exactly.
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
        // bubblewrap's process, what keeps the sandbox, the agent and its server of kernels. Whoever takes their name to be
        // spared is ended with the sandbox.
        let spared = Set(
            use.processes.map(\.pid).filter { pid in
                pid <= 2 || ProcFile.text("\(offender.root)/proc/\(pid)/cmdline").contains("/run/e2b/agent.py")
            })
        switch MemoryLimits.action(for: use, limit: limit, sparing: spared) {
        case .kill(let processes) where now - overLimitSince < Self.grace:
            let pids = Set(processes.map(\.pid)).subtracting(offender.killRequested)
            // Those that were told to end are on their way.
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

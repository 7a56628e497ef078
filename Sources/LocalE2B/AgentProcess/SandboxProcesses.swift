internal import Foundation

/// All processes of a sandbox, as this machine sees them: what the sandbox's own program has started, and what lives in a
/// namespace of theirs, to which agents are forked from elsewhere.
struct SandboxProcesses: Sendable {
    /// The program that this process has started.
    let root: pid_t

    /// Stops them. They keep their memory and their files, and take no processor time until ``resume()``.
    func stop() {
        var stopped: Set<pid_t> = []
        // One that was just starting another one is found with it the next time.
        for _ in 0..<Self.mostLooks {
            let new = all.filter { !stopped.contains($0) }
            guard !new.isEmpty else { return }
            for pid in new { kill(pid, SIGSTOP) }
            stopped.formUnion(new)
        }
    }

    /// Has them go on. Children come first, so that no shell takes them for stopped when it goes on.
    func resume() { for pid in all.reversed() { kill(pid, SIGCONT) } }

    private static let mostLooks = 100

    /// In the order of their start, as far as numbers tell.
    private var all: [pid_t] {
        let processes = Self.processes
        var family: Set<pid_t> = [root]
        // Children have greater numbers than their parents, until the numbers begin anew.
        while true {
            let found = processes.filter { family.contains($0.parent) && !family.contains($0.pid) }
            guard !found.isEmpty else { break }
            family.formUnion(found.map(\.pid))
        }
        let own = Self.namespace(getpid())
        let namespaces = Set(family.compactMap { Self.namespace($0) }).subtracting([own].compactMap { $0 })
        guard !namespaces.isEmpty else { return family.sorted() }
        return processes.map(\.pid).filter { pid in
            family.contains(pid) || Self.namespace(pid).map(namespaces.contains) ?? false
        }
    }

    private static var processes: [(pid: pid_t, parent: pid_t)] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { pid_t($0) }.sorted().compactMap { pid in
            // The name is in parentheses and may have some itself; the state and the parent's number follow.
            let status = ProcFile.text("/proc/\(pid)/stat")
            guard let end = status.lastIndex(of: ")") else { return nil }
            let fields = status[end...].split(separator: " ")
            guard fields.count > 2, let parent = pid_t(fields[2]) else { return nil }
            return (pid, parent)
        }
    }

    /// The namespace of its process numbers; nil for a process that is gone, or that may not be looked at.
    private static func namespace(_ pid: pid_t) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/pid")
    }
}

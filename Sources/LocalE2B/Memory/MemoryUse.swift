internal import Foundation

/// What one sandbox takes of the machine's memory, as far as the kernel tells without a control group: the processes'
/// private and shared pages, the page tables, the files in its memory file systems, and a charge for what open files may
/// hold (the buffers of sockets and pipes), of which the kernel tells nothing.
struct MemoryUse: Equatable, Sendable {
    struct Process: Equatable, Sendable {
        /// As the sandbox numbers it.
        let pid: Int
        let name: String
        var bytes: Int
    }

    var processes: [Process] = []
    /// Bytes in files.
    var files = 0

    var total: Int { processes.reduce(files) { $0 + $1.bytes } }

    /// Where a sandbox writes, which is memory.
    static let folders = ["home/user", "tmp", "dev/shm"]
    /// A socket's send buffer, and as much for what its peer has not read.
    private static let descriptorCharge = 208 << 10
    /// Descriptors of a process that are not charged for: files, and what a program has by itself.
    private static let freeDescriptors = 64
    /// What the kernel keeps for each file of a memory file system, beside its content.
    private static let inodeCharge = 2 << 10
    /// Below it a process is not looked at more closely.
    private static let small = 16 << 20

    /// - Parameters:
    ///   - root: the sandbox's root as this machine sees it, `/proc/<pid>/root`.
    ///   - isExact: shares pages out among the processes that have them, which the kernel takes milliseconds to find out.
    ///     Else each process is charged for all of them.
    init(ofSandboxAt root: String, isExact: Bool) {
        let proc = "\(root)/proc"
        for entry in (try? FileManager.default.contentsOfDirectory(atPath: proc)) ?? [] {
            guard let pid = Int(entry), var process = Process("\(proc)/\(pid)", pid: pid) else { continue }
            if isExact, process.bytes > Self.small { process.apportionSharedPages("\(proc)/\(pid)") }
            process.bytes += max(0, Self.descriptors("\(proc)/\(pid)") - Self.freeDescriptors) * Self.descriptorCharge
            processes.append(process)
        }
        files = Self.folders.reduce(0) { $0 + Self.files(in: "\(root)/\($1)") }
    }

    init() {}

    private static func descriptors(_ process: String) -> Int {
        var status = stat()
        guard stat("\(process)/fd", &status) == 0 else { return 0 }
        // The folder's size is their number since Linux 6.2.
        if status.st_size > 0 { return Int(status.st_size) }
        return (try? FileManager.default.contentsOfDirectory(atPath: "\(process)/fd").count) ?? 0
    }

    private static func files(in folder: String) -> Int {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return 0 }
        // As far as that is not the machine's own disk, on an old bubblewrap or by some mistake.
        guard status.f_files < UInt64.max, status.f_blocks >= status.f_bfree else { return 0 }
        let inodes = Int(clamping: status.f_files - min(status.f_files, status.f_ffree))
        return Int(clamping: status.f_blocks - status.f_bfree) * Int(clamping: status.f_frsize) + inodes * inodeCharge
    }
}

extension MemoryUse.Process {
    /// Nil: it has ended, or has no memory of its own.
    fileprivate init?(_ folder: String, pid: Int) {
        let fields = ProcFields(ProcFile.text("\(folder)/status"))
        guard let anonymous = fields["RssAnon"] else { return nil }
        let rest = ["RssShmem", "VmSwap", "VmPTE"].reduce(0) { $0 + (fields[$1] ?? 0) }
        self.init(pid: pid, name: fields.name, bytes: anonymous + rest)
    }

    /// What several processes have in common is charged to each by its share.
    fileprivate mutating func apportionSharedPages(_ folder: String) {
        let fields = ProcFields(ProcFile.text("\(folder)/smaps_rollup"))
        // Not for us to read, or it has just ended.
        guard let anonymous = fields["Pss_Anon"], let shared = fields["Pss_Shmem"] else { return }
        bytes = min(bytes, anonymous + shared + (fields["SwapPss"] ?? 0))
    }
}

internal import Foundation

/// The memory that a sandbox takes, as far as the kernel reports it without a control group: private and shared pages
/// and page tables of its processes, and files in its memory file systems. A fixed charge for open files stands for the
/// buffers of sockets and pipes, which the kernel does not report.
struct MemoryUse: Equatable, Sendable {
    struct Process: Equatable, Sendable {
        /// The process's number inside the sandbox.
        let pid: Int
        let name: String
        var bytes: Int
    }

    var processes: [Process] = []
    /// The number of bytes in files.
    var files = 0

    var total: Int { processes.reduce(files) { $0 + $1.bytes } }

    /// The memory file systems of a sandbox.
    static let folders = ["home/user", "tmp", "dev/shm"]
    /// The number of bytes that are charged for a descriptor: a socket's send buffer, and as much for what its peer has
    /// not read.
    private static let descriptorCharge = 208 << 10
    /// The number of descriptors of each process that are not charged, because they are files, or every program has
    /// them.
    private static let freeDescriptors = 64
    /// The number of bytes that the kernel keeps for each file of a memory file system, besides its content.
    private static let inodeCharge = 2 << 10
    /// A process with fewer bytes is not measured exactly.
    private static let small = 16 << 20

    /// - Parameters:
    ///   - root: the sandbox's root as this machine sees it, `/proc/<pid>/root`.
    ///   - isExact: whether shared pages are divided among the processes that have them, which takes the kernel
    ///     milliseconds. Otherwise each process is charged for all of them.
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
        // Since Linux 6.2 the folder's size is the number of descriptors.
        if status.st_size > 0 { return Int(status.st_size) }
        return (try? FileManager.default.contentsOfDirectory(atPath: "\(process)/fd").count) ?? 0
    }

    private static func files(in folder: String) -> Int {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return 0 }
        // The folder may be on the machine's disk, with an old bubblewrap or by a mistake, and is not counted then.
        guard status.f_files < UInt64.max, status.f_blocks >= status.f_bfree else { return 0 }
        let inodes = Int(clamping: status.f_files - min(status.f_files, status.f_ffree))
        return Int(clamping: status.f_blocks - status.f_bfree) * Int(clamping: status.f_frsize) + inodes * inodeCharge
    }
}

extension MemoryUse.Process {
    /// Nil if the process has ended, or has no memory of its own.
    fileprivate init?(_ folder: String, pid: Int) {
        let fields = ProcFields(ProcFile.text("\(folder)/status"))
        guard let anonymous = fields["RssAnon"] else { return nil }
        let rest = ["RssShmem", "VmSwap", "VmPTE"].reduce(0) { $0 + (fields[$1] ?? 0) }
        self.init(pid: pid, name: fields.name, bytes: anonymous + rest)
    }

    /// Charges each process only its share of shared pages.
    fileprivate mutating func apportionSharedPages(_ folder: String) {
        let fields = ProcFields(ProcFile.text("\(folder)/smaps_rollup"))
        // The file may not be readable, or the process has just ended.
        guard let anonymous = fields["Pss_Anon"], let shared = fields["Pss_Shmem"] else { return }
        bytes = min(bytes, anonymous + shared + (fields["SwapPss"] ?? 0))
    }
}

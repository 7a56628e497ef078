internal import Foundation

/// The isolation of a sandbox, as bubblewrap's arguments.
///
/// Of the machine only `/usr`, a few files of `/etc` and the agent are visible inside, all read-only. Home and `/tmp`
/// are in memory, with a limit. A sandbox has no network but a loopback of its own (unless it was asked for), sees no
/// other processes, cannot gain rights, and has a filter on system calls. If this program runs as root, bubblewrap runs
/// as `nobody`, so that not even the listed folders are read with root's rights.
struct Bubblewrap: Sendable {
    /// Limits of one sandbox, in bytes unless stated otherwise.
    enum Limit {
        static let home = 1 << 30
        static let temporary = 512 << 20
        static let sharedMemory = 256 << 20
        static let fileSize = 1 << 30
        /// Writable private memory of each process. The address space has no limit, because numpy and JavaScript
        /// reserve far more of it than they use.
        static let data = 4 << 30
        /// Processes and threads.
        static let processes = 512
        static let openFiles = 4096
        /// The OOM score, which makes the kernel kill processes of a sandbox first when memory runs out.
        static let oomScore = 500
    }

    private static let program = "/usr/bin/bwrap"
    private static let home = "/home/user"
    /// The descriptor of the filter for seccomp(2). It has one digit, because not all shells accept more.
    private static let filter = 9

    /// Folders and files of `/etc` that programs need to work, none of which says anything about this machine's users.
    private static let etc = [
        "alternatives", "bash.bashrc", "debian_version", "fonts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d",
        "localtime", "magic", "matplotlibrc", "mime.types", "os-release", "protocols", "python3", "python3.11",
        "python3.12", "python3.13", "R", "services", "ssl/certs", "ssl/openssl.cnf", "terminfo", "timezone", "xdg",
    ]

    private let network: SandboxNetwork
    private let hasSize: Bool
    private let hasDisableUserNamespaces: Bool

    /// Finds out which options the installed bubblewrap has, and tries to create a sandbox.
    init(_ files: AgentFiles, _ network: SandboxNetwork) async throws(LocalE2BError) {
        self.network = network
        guard FileManager.default.isExecutableFile(atPath: Self.program) else { throw .bubblewrapMissing }
        let help = try await Command.run([Self.program, "--help"])
        let text = help.output + help.error
        hasSize = text.contains("--size ")
        hasDisableUserNamespaces = text.contains("--disable-userns")

        let trial = try await Command.run(arguments(files, running: ["/bin/true"]))
        guard trial.status == 0 else { throw .bubblewrapRefused(trial.error.firstLine) }
    }

    func arguments(_ files: AgentFiles, running command: [String]) -> [String] {
        boundaries(files) + ["--"] + limits + command
    }

    /// The arguments for an empty sandbox. A process that waits for the end of its stdin keeps it alive. Once the
    /// sandbox is complete, bubblewrap's information about its child and a line `ready` are on stdout.
    func emptySandbox(_ files: AgentFiles) -> [String] {
        let waiting = "printf '\\nready\\n'; exec cat >/dev/null"
        return boundaries(files) + ["--info-fd", "\(ChildProcess.secondOutput)", "--", "/bin/sh", "-c", waiting]
    }

    /// The settings for a process that is forked into such a sandbox, which bubblewrap does not apply to it.
    var forkRequest: ForkServer.ForkRequest {
        var environment = Dictionary(uniqueKeysWithValues: environment)
        environment["PWD"] = Self.home
        return ForkServer.ForkRequest(
            folder: Self.home, environment: environment,
            limits: [
                "CORE": 0, "NPROC": Limit.processes, "NOFILE": Limit.openFiles, "FSIZE": Limit.fileSize,
                "DATA": Limit.data,
            ],
            filter: Data(SeccompFilter.sandbox.bytes).base64EncodedString())
    }

    private func boundaries(_ files: AgentFiles) -> [String] {
        // bubblewrap reads the filter from a descriptor, which a shell opens.
        var all = ["/bin/sh", "-c", "exec \"$@\" \(Self.filter)<\"$0\"", files.filter]
        // Code inside cannot lower the score again, because `/proc` is read-only.
        all += ["/usr/bin/choom", "-n", "\(Limit.oomScore)", "--"] + Account.dropping + [Self.program]
        all += ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
        if network == .none { all.append("--unshare-net") }
        all += ["--unshare-cgroup-try", "--die-with-parent", "--new-session", "--seccomp", "\(Self.filter)"]
        if hasDisableUserNamespaces { all.append("--disable-userns") }
        all += ["--uid", "1000", "--gid", "1000", "--hostname", "e2b.local"]
        all += ["--ro-bind", "/usr", "/usr"] + system
        all += [
            "--proc", "/proc", "--dev", "/dev", "--ro-bind-try", "/dev/null", "/proc/keys", "--remount-ro", "/proc",
        ]
        all += memory(Limit.sharedMemory, mode: "1777", at: "/dev/shm") + ["--remount-ro", "/dev"]
        all += memory(Limit.temporary, mode: "1777", at: "/tmp")
        all += ["--perms", "0755", "--dir", "/home"] + memory(Limit.home, mode: "0755", at: Self.home)
        all += ["--perms", "0755", "--dir", "/etc", "--perms", "0755", "--dir", "/etc/ssl"]
        for name in Self.etc { all += ["--ro-bind-try", "/etc/\(name)", "/etc/\(name)"] }
        for name in AgentFiles.etc.keys.sorted() where name != "nsswitch-dns.conf" {
            all += ["--ro-bind", "\(files.folder)/etc/\(name)", "/etc/\(name)"]
        }
        if network == .host {
            all += ["--ro-bind-try", "/etc/resolv.conf", "/etc/resolv.conf"]
            all += ["--ro-bind", "\(files.folder)/etc/nsswitch-dns.conf", "/etc/nsswitch.conf"]
        }
        all += ["--perms", "0755", "--dir", "/run", "--ro-bind", "\(files.folder)/agent", "/run/e2b"]
        all += ["--perms", "0755", "--dir", "/var", "--symlink", "../tmp", "/var/tmp"]
        // Where programs of models look for files, and the name by which they call Python.
        all += ["--perms", "0755", "--dir", "/mnt", "--symlink", Self.home, "/mnt/data"]
        all += ["--perms", "0755", "--dir", "/opt", "--perms", "0755", "--dir", "/opt/bin"]
        all += ["--symlink", "/usr/bin/python3", "/opt/bin/python", "--remount-ro", "/"]
        all += ["--clearenv", "--chdir", Self.home]
        for (name, value) in environment { all += ["--setenv", name, value] }
        return all
    }

    private var environment: [(String, String)] {
        [
            ("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin"), ("HOME", Self.home), ("USER", "user"),
            ("LOGNAME", "user"),
            ("SHELL", "/bin/bash"), ("LANG", "C.UTF-8"),
        ] + Launch.installers(network)
    }

    /// `/bin`, `/lib` and so on, which are links into `/usr` on a merged system, and folders on an older one.
    private var system: [String] {
        ["bin", "lib", "lib32", "lib64", "libx32", "sbin"].flatMap { name -> [String] in
            if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/\(name)") {
                return ["--symlink", target, "/\(name)"]
            }
            return ["--ro-bind-try", "/\(name)", "/\(name)"]
        }
    }

    private func memory(_ size: Int, mode: String, at path: String) -> [String] {
        (hasSize ? ["--size", "\(size)"] : []) + ["--perms", mode, "--tmpfs", path]
    }

    /// The command that sets resource limits. It runs inside the sandbox, so that the limit on processes counts only
    /// the sandbox's own.
    private var limits: [String] {
        [
            "/usr/bin/prlimit", "--core=0", "--nproc=\(Limit.processes)",
            "--nofile=\(Limit.openFiles)", "--fsize=\(Limit.fileSize)", "--data=\(Limit.data)", "--",
        ]
    }
}

extension String {
    var firstLine: String {
        String(prefix { !$0.isNewline }).printable
    }

    var lastLine: String {
        String(split(whereSeparator: \.isNewline).last ?? "").printable
    }
}

internal import CGNU
internal import Foundation

extension SeccompFilter {
    /// The filter on the system calls of code in a sandbox. It refuses what Flatpak refuses to its applications, and
    /// interfaces that are new, large, and not needed there. Namespaces and capabilities forbid much of that as well.
    static let sandbox: SeccompFilter = {
        var filter = SeccompFilter(architecture: architecture, newest: newest)
        filter.refuse(processorCalls + calls, EPERM)
        // These fail as on a kernel without them, so that programs fall back to older calls. clone3 is among them
        // because its flags are in memory, which a filter cannot read.
        filter.refuse(newCalls + hiddenMemory + [__NR_clone3], ENOSYS)
        // System V shared memory outlives the processes that use it, so only small segments, for locks, are allowed.
        filter.refuse(__NR_shmget, EINVAL, argument: 1, above: 64 << 10)
        filter.refuse(__NR_clone, EPERM, argument: 0, anyOf: namespaceFlags)
        // These families are for loopback and for sockets between processes. VSOCK, for instance, would lead to the
        // host of a virtual machine.
        for call in [__NR_socket, __NR_socketpair] {
            filter.refuse(
                call, EAFNOSUPPORT, argument: 0, notIn: [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK].map { UInt32($0) })
        }
        // Both can insert input into the terminal of the person who looks at it.
        filter.refuse(__NR_ioctl, EPERM, argument: 1, in: [tiocsti, tioclinux])
        // The default personality and the query are allowed. Others disable protections such as address randomisation.
        filter.refuse(__NR_personality, EPERM, argument: 0, notIn: [0, .max])
        filter.allowTheRest()
        return filter
    }()

    #if arch(x86_64)
        private static let architecture: UInt32 = 0xC000_003E  // AUDIT_ARCH_X86_64
        private static let processorCalls = [__NR_uselib, __NR_modify_ldt, __NR_iopl, __NR_ioperm]
    #elseif arch(arm64)
        private static let architecture: UInt32 = 0xC000_00B7  // AUDIT_ARCH_AARCH64
        private static let processorCalls: [Int32] = []
    #endif

    /// `file_setattr` of Linux 6.17.
    private static let newest: Int32 = 469

    private static let calls = [
        // The machine's log, accounting, quotas, swap, clock, modules and kernels.
        __NR_syslog, __NR_acct, __NR_quotactl, __NR_quotactl_fd, __NR_swapon, __NR_swapoff, __NR_reboot,
        __NR_settimeofday, __NR_clock_settime, __NR_adjtimex, __NR_clock_adjtime, __NR_init_module, __NR_finit_module,
        __NR_delete_module, __NR_kexec_load, __NR_kexec_file_load,
        // Keyrings belong to users, not to namespaces.
        __NR_add_key, __NR_keyctl, __NR_request_key,
        // The placement of memory on NUMA nodes.
        __NR_move_pages, __NR_mbind, __NR_get_mempolicy, __NR_set_mempolicy, __NR_migrate_pages,
        // Namespaces and file systems.
        __NR_unshare, __NR_setns, __NR_mount, __NR_umount2, __NR_pivot_root, __NR_chroot, __NR_open_by_handle_at,
        // The interfaces through which the kernel was exploited most often.
        __NR_perf_event_open, __NR_bpf, __NR_io_uring_setup, __NR_io_uring_enter, __NR_io_uring_register,
        __NR_userfaultfd,
        // Other processes' memory, registers and descriptors.
        __NR_ptrace, __NR_process_vm_readv, __NR_process_vm_writev, __NR_pidfd_getfd, __NR_kcmp,
    ]

    /// Newer calls to mount and to place memory. The two numbers are `set_mempolicy_home_node` and `open_tree_attr`,
    /// which not every header has.
    private static let newCalls = [
        __NR_open_tree, __NR_move_mount, __NR_fsopen, __NR_fsconfig, __NR_fsmount, __NR_fspick, __NR_mount_setattr, 450,
        467,
    ]

    /// Calls that allocate memory which is not visible as a process's or a file system's, so that the memory limit
    /// would miss it.
    private static let hiddenMemory = [__NR_memfd_create, __NR_memfd_secret, __NR_msgget]

    /// CLONE_NEWNS, -CGROUP, -UTS, -IPC, -USER, -PID, -NET.
    private static let namespaceFlags: UInt32 = 0x7E02_0000
    private static let tiocsti: UInt32 = 0x5412
    private static let tioclinux: UInt32 = 0x541C
}

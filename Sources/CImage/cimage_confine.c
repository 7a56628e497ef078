// This is C because limits, prctl and seccomp are macros, variadic functions and kernel structs that Swift cannot see.
//
// The filter is written by hand rather than with libseccomp, because it consists of a few lists of numbers and six
// comparisons, which are all in this file. A call that no decoder makes unless an attacker has taken it over kills the
// process. Any other call that is in no list fails as on a kernel without it, so that libraries of other or later
// distributions, which try new calls, fall back to older ones.
#define _GNU_SOURCE
#include "cimage_confine.h"

#include <errno.h>
#include <fcntl.h>
#include <fontconfig/fontconfig.h>
#include <glib.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "The system calls of this architecture are not known here."
#endif

// MARK: Limits

static void set_limit(int resource, rlim_t value) {
    struct rlimit limit;
    // Only root may go above a limit that was inherited.
    if (getrlimit(resource, &limit) == 0 && limit.rlim_max < value) value = limit.rlim_max;
    limit.rlim_cur = limit.rlim_max = value;
    setrlimit(resource, &limit);
}

// AddressSanitizer reserves terabytes of addresses, so a limit would end the process.
#if defined(__SANITIZE_ADDRESS__)
#define RESERVES_ADDRESSES 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RESERVES_ADDRESSES 1
#endif
#endif

#ifdef RESERVES_ADDRESSES
static void limit_memory(size_t memory) { (void)memory; }
#else
// Bytes of address space in use. Zero if /proc does not say.
static size_t address_space(void) {
    char text[64] = {0};
    unsigned long pages = 0;
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (file >= 0 && read(file, text, sizeof text - 1) > 0) sscanf(text, "%lu", &pages);
    if (file >= 0) close(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void limit_memory(size_t memory) {
    size_t used = address_space();
    if (used > 0) set_limit(RLIMIT_AS, used + memory);
}
#endif

// MARK: Landlock

static void allow_reading(int rules, const char *path) {
    struct stat status;
    struct landlock_path_beneath_attr rule = {.parent_fd = open(path, O_PATH | O_CLOEXEC)};
    if (rule.parent_fd < 0) return;
    if (fstat(rule.parent_fd, &status) == 0) {
        rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE;
        if (S_ISDIR(status.st_mode)) rule.allowed_access |= LANDLOCK_ACCESS_FS_READ_DIR;
        syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    }
    close(rule.parent_fd);
}

static void allow_reading_all(int rules, FcStrList *paths) {
    if (paths == NULL) return;
    for (const FcChar8 *path; (path = FcStrListNext(paths)) != NULL;) allow_reading(rules, (const char *)path);
    FcStrListDone(paths);
}

// Takes away the file system. For drawing it leaves what fontconfig names: fonts, its caches and its configuration.
static bool restrict_files(cimage_confinement confinement) {
    // This handles every right of Landlock's first version. Those of newer versions concern files that are open for
    // writing.
    const struct landlock_ruleset_attr attributes = {.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    if (rules < 0) return false;
    if (confinement == cimage_confinement_drawing) {
        allow_reading_all(rules, FcConfigGetFontDirs(NULL));
        allow_reading_all(rules, FcConfigGetCacheDirs(NULL));
        allow_reading_all(rules, FcConfigGetConfigFiles(NULL));
    }
    bool is_restricted = syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    close(rules);
    return is_restricted;
}

// MARK: seccomp

enum { capacity = 512 };

typedef struct {
    struct sock_filter code[capacity];
    unsigned short count;
} filter;

static void add(filter *filter, uint16_t code, uint32_t value, uint8_t if_true, uint8_t if_false) {
    if (filter->count < capacity) {
        filter->code[filter->count++] = (struct sock_filter){.code = code, .jt = if_true, .jf = if_false, .k = value};
    }
}

static void load(filter *filter, size_t offset) { add(filter, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0); }
static void end(filter *filter, uint32_t verdict) { add(filter, BPF_RET | BPF_K, verdict, 0, 0); }

// The offset of an argument's low half. All arguments that are compared are ints in the kernel, or flags that fit.
static size_t argument(int index) { return offsetof(struct seccomp_data, args[index]); }

static void answer(filter *filter, int call, uint32_t verdict) {
    add(filter, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 1);
    end(filter, verdict);
}

static void kill_for(filter *filter, int call) { answer(filter, call, SECCOMP_RET_KILL_PROCESS); }
static void allow(filter *filter, int call) { answer(filter, call, SECCOMP_RET_ALLOW); }
static void fail(filter *filter, int call, int error) { answer(filter, call, SECCOMP_RET_ERRNO | (uint32_t)error); }

// Each of these rules ends the filter for its call, so the call's number need not be loaded again after it.
static void answer_masked(
    filter *filter, int call, int index, uint32_t mask, uint32_t value, uint32_t verdict, uint32_t otherwise) {
    add(filter, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 5);
    load(filter, argument(index));
    add(filter, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
    add(filter, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    end(filter, verdict);
    end(filter, otherwise);
}

static void allow_masked(filter *filter, int call, int index, uint32_t mask, uint32_t value, uint32_t otherwise) {
    answer_masked(filter, call, index, mask, value, SECCOMP_RET_ALLOW, otherwise);
}

static void fail_masked(
    filter *filter, int call, int index, uint32_t mask, uint32_t value, int error, uint32_t otherwise) {
    answer_masked(filter, call, index, mask, value, SECCOMP_RET_ERRNO | (uint32_t)error, otherwise);
}

static void allow_computing(filter *filter) {
    static const int calls[] = {
        SYS_read, SYS_write, SYS_writev, SYS_close, SYS_futex, SYS_munmap, SYS_mremap, SYS_brk, SYS_madvise,
        SYS_clock_gettime, SYS_gettimeofday, SYS_getrandom, SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_rt_sigaction,
        SYS_sigaltstack, SYS_setitimer, SYS_sched_yield, SYS_restart_syscall, SYS_getpid, SYS_gettid, SYS_fstat,
        SYS_exit, SYS_exit_group,
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) allow(filter, calls[i]);
    // Memory never becomes executable.
    allow_masked(filter, SYS_mmap, 2, PROT_EXEC, 0, SECCOMP_RET_KILL_PROCESS);
    allow_masked(filter, SYS_mprotect, 2, PROT_EXEC, 0, SECCOMP_RET_KILL_PROCESS);
    // abort() sends a signal to its own process, which the parent then learns of.
    allow_masked(filter, SYS_tgkill, 0, UINT32_MAX, (uint32_t)getpid(), SECCOMP_RET_KILL_PROCESS);
}

// No library needs these calls to make pixels from bytes. They are about other programs, other processes, the network,
// more rights, and the kernel itself.
static void kill_attacks(filter *filter) {
    static const int calls[] = {
        SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_process_madvise, SYS_kcmp,
        SYS_kill, SYS_tkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_pidfd_open, SYS_pidfd_getfd,
        SYS_pidfd_send_signal, SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4,
        SYS_sendto, SYS_sendmsg, SYS_sendmmsg, SYS_recvfrom, SYS_recvmsg, SYS_recvmmsg, SYS_setsockopt,
        SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd,
        SYS_keyctl, SYS_add_key, SYS_request_key, SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid,
        SYS_setresgid, SYS_setgroups, SYS_setfsuid, SYS_setfsgid, SYS_capset, SYS_personality, SYS_unshare, SYS_setns,
        SYS_chroot, SYS_pivot_root, SYS_mount, SYS_umount2, SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fsmount,
        SYS_open_by_handle_at, SYS_fanotify_init, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load,
        SYS_reboot, SYS_swapon, SYS_swapoff, SYS_acct, SYS_quotactl, SYS_clock_settime, SYS_settimeofday,
        SYS_sethostname, SYS_setdomainname, SYS_syslog, SYS_vhangup,
#ifdef SYS_fork
        SYS_fork, SYS_vfork, SYS_creat, SYS_modify_ldt, SYS_iopl, SYS_ioperm,
#endif
#ifdef SYS_kexec_file_load
        SYS_kexec_file_load,
#endif
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) kill_for(filter, calls[i]);
}

// Without drawing no file is opened for writing and no thread is started. Opening for reading fails, because a library
// may try to learn about the processor or the time zone.
static void decline_opening(filter *filter) {
    const uint32_t writing = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;
    fail_masked(filter, SYS_openat, 2, writing, 0, EACCES, SECCOMP_RET_KILL_PROCESS);
#ifdef SYS_open
    fail_masked(filter, SYS_open, 1, writing, 0, EACCES, SECCOMP_RET_KILL_PROCESS);
#endif
    kill_for(filter, SYS_clone);
}

static void allow_drawing(filter *filter) {
    static const int calls[] = {
        SYS_pread64, SYS_lseek, SYS_getdents64, SYS_fstatfs, SYS_statfs, SYS_newfstatat, SYS_statx, SYS_ppoll,
        SYS_clock_nanosleep, SYS_clock_getres, SYS_sched_getaffinity, SYS_set_robust_list, SYS_rseq, SYS_uname,
        SYS_sysinfo, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_fadvise64,
        SYS_faccessat,
#ifdef SYS_poll
        SYS_access, SYS_poll,
#endif
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) allow(filter, calls[i]);
    // Files may be opened for reading only; Landlock decides which.
    const uint32_t writing = O_ACCMODE | O_CREAT | O_TRUNC | O_TMPFILE | O_APPEND;
    allow_masked(filter, SYS_openat, 2, writing & ~(uint32_t)O_DIRECTORY, 0, SECCOMP_RET_ERRNO | EACCES);
    // Threads may be started, but no processes. clone3 fails, so that glibc falls back to clone, whose flags a filter
    // can read.
    const uint32_t thread = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND;
    allow_masked(filter, SYS_clone, 0, thread, thread, SECCOMP_RET_KILL_PROCESS);
    fail(filter, SYS_clone3, ENOSYS);
    allow_masked(filter, SYS_prctl, 0, UINT32_MAX, PR_SET_NAME, SECCOMP_RET_ERRNO | EPERM);
    // Commands 0 to 3 of fcntl are about descriptors and their flags. The others include locks and signals to other
    // processes.
    allow_masked(filter, SYS_fcntl, 1, ~(uint32_t)3, 0, SECCOMP_RET_ERRNO | EPERM);
    // Libraries make these calls, and cope when they fail.
    static const int declined[] = {
        SYS_readlinkat, SYS_mkdirat, SYS_unlinkat, SYS_ioctl, SYS_prlimit64, SYS_getcwd, SYS_dup,
        SYS_getpeername,
#ifdef SYS_readlink
        SYS_readlink, SYS_mkdir, SYS_unlink,
#endif
    };
    for (size_t i = 0; i < sizeof declined / sizeof *declined; i++) fail(filter, declined[i], EACCES);
}

static bool filter_calls(cimage_confinement confinement) {
    filter filter = {.count = 0};
    load(&filter, offsetof(struct seccomp_data, arch));
    add(&filter, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    end(&filter, SECCOMP_RET_KILL_PROCESS);
    load(&filter, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
    // The x32 ABI has the same architecture, and other numbers for the same calls.
    add(&filter, BPF_JMP | BPF_JSET | BPF_K, 0x40000000, 0, 1);
    end(&filter, SECCOMP_RET_KILL_PROCESS);
#endif
    allow_computing(&filter);
    if (confinement == cimage_confinement_drawing) allow_drawing(&filter);
    else decline_opening(&filter);
    kill_attacks(&filter);
    end(&filter, SECCOMP_RET_ERRNO | ENOSYS);
    if (filter.count == capacity) return false;
    const struct sock_fprog program = {.len = filter.count, .filter = filter.code};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}

// MARK: The whole

static GLogWriterOutput keep_silent(GLogLevelFlags level, const GLogField *fields, gsize count, gpointer data) {
    (void)level, (void)fields, (void)count, (void)data;
    return G_LOG_WRITER_HANDLED;
}

void cimage_prepare_decoder(const char *name) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, name);
    // malloc would otherwise reserve address space for an arena of each thread, and keep it.
    mallopt(M_ARENA_MAX, 1);
    // With a fixed threshold large blocks are returned to the system whenever they are freed. malloc would otherwise
    // raise the threshold.
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    // GLib would otherwise look for a journal to log its complaints about a drawing.
    g_log_set_writer_func(keep_silent, NULL, NULL);
}

uint32_t cimage_confinement_gaps(void) {
    const uint32_t verdict = SECCOMP_RET_KILL_PROCESS;
    uint32_t gaps = 0;
    if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &verdict) != 0) gaps |= cimage_gap_seccomp;
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 1) gaps |= cimage_gap_landlock;
    return gaps;
}

uint32_t cimage_confine(cimage_confinement confinement, size_t memory) {
    uint32_t gaps = 0;
    set_limit(RLIMIT_CORE, 0);
    set_limit(RLIMIT_FSIZE, 0);
    limit_memory(memory);
    // The kernel requires this of processes without root's rights before they install a filter.
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    // For computing the filter below forbids opening files. Landlock does it as well where the kernel refuses the
    // filter.
    if (!restrict_files(confinement)) gaps |= cimage_gap_landlock;
    // A font is open while it is read. This comes after the memory limit and the rules about files, which need a
    // descriptor.
    set_limit(RLIMIT_NOFILE, confinement == cimage_confinement_drawing ? 64 : 1);
    if (!filter_calls(confinement)) gaps |= cimage_gap_seccomp;
    return gaps;
}

int cimage_try_call(const long words[7]) {
    return syscall(words[0], words[1], words[2], words[3], words[4], words[5], words[6]) < 0 ? errno : 0;
}

int64_t cimage_processor_time(pid_t process) {
    clockid_t clock;
    struct timespec time;
    if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &time) != 0) return 0;
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

void cimage_limit_processor_time(uint32_t milliseconds) {
    const struct itimerval timer = {
        .it_value = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000}};
    setitimer(ITIMER_PROF, &timer, NULL);
}

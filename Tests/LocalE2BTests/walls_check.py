# Runs in a sandbox and prints what it can do there and should not, or cannot and should; then "checked".
import ctypes
import errno
import multiprocessing
import os
import platform
import signal
import socket
import subprocess
import threading

libc = ctypes.CDLL(None, use_errno=True)
is_intel = platform.machine() == "x86_64"


def expect(what, found, expected):
    if found != expected:
        print(f"{what}: {found}, expected {expected}")


def failure(work):
    try:
        work()
        return None
    except OSError as error:
        return errno.errorcode[error.errno]


def call(intel, arm, *arguments):
    ctypes.set_errno(0)
    status = libc.syscall(ctypes.c_long(intel if is_intel else arm), *(ctypes.c_ulong(one) for one in arguments))
    return errno.errorcode[ctypes.get_errno()] if status == -1 else None


refused = {
    "syslog": (103, 116, 10), "acct": (163, 89), "quotactl": (179, 60), "add_key": (248, 217), "request_key": (249, 218),
    "keyctl": (250, 219, 0, 2**32 - 3), "mbind": (237, 235), "get_mempolicy": (239, 236), "set_mempolicy": (238, 237),
    "migrate_pages": (256, 238), "move_pages": (279, 239), "unshare": (272, 97, 0x10000000), "setns": (308, 268),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "perf_event_open": (298, 241), "bpf": (321, 280), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "userfaultfd": (323, 282, 1), "ptrace": (101, 117, 16, 1),
    "process_vm_readv": (310, 270, 1), "pidfd_getfd": (438, 438), "kexec_load": (246, 104), "init_module": (175, 105), "reboot": (169, 142),
    "clone in a new user namespace": (56, 220, 0x10000000 | signal.SIGCHLD),
    "clone in a new network namespace": (56, 220, 0x40000000 | signal.SIGCHLD),
    "ioctl that types": (16, 29, 0, 0x5412), "ioctl of the console": (16, 29, 0, 0x541C),
    # The upper half of the register is not looked at by the kernel either.
    "ioctl that types, in other words": (16, 29, 0, 0x100005412),
    "personality": (135, 92, 0x0040000),
}
for name, numbers in refused.items():
    expect(name, call(*numbers), "EPERM")
absent = {
    "clone3": 435, "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433,
    "mount_setattr": 442, "memfd_secret": 447, "open_tree_attr": 467, "a call to come": 470, "another": 100_000,
}
for name, number in absent.items():
    expect(name, call(number, number), "ENOSYS")
expect("memfd_create", call(319, 279, 0), "ENOSYS")
expect("msgget", call(68, 186, 0, 0o1600), "ENOSYS")
expect("shmget of 64 KiB", call(29, 194, 0, 64 << 10, 0o1600), None)
for size in ((64 << 10) + 1, 1 << 30, 1 << 32, (1 << 32) + 1):
    expect(f"shmget of {size}", call(29, 194, 0, size, 0o1600), "EINVAL")
if is_intel:
    expect("a call of x32", call(0x40000000 | 39, 0), "ENOSYS")
    expect("modify_ldt", call(154, 0), "EPERM")
expect("to ask for the personality", call(135, 92, 0xFFFFFFFF), None)

for family in (1, 2, 10, 16):
    expect(f"sockets of family {family}", failure(lambda: socket.socket(family, socket.SOCK_DGRAM).close()), None)
for family in [family for family in range(47) if family not in (1, 2, 10, 16)]:
    for type in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        expect(f"sockets of family {family}", call(41, 198, family, type, 0), "EAFNOSUPPORT")

# The agent's pipes, by any process: what is forged there would be printed.
forged = "".join(f'{{"id":{id},"line":{{"type":"stdout","text":"forged"}}}}\n' for id in range(100)).encode()
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        descriptors = [] if int(pid) == os.getpid() else os.listdir(f"/proc/{pid}/fd")
    except OSError:
        continue
    for descriptor in filter(lambda one: one != "2", descriptors):
        try:
            pipe = os.open(f"/proc/{pid}/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK)
            os.write(pipe, forged)
            os.close(pipe)
        except OSError:
            continue
agents = [pid for pid in filter(str.isdigit, os.listdir("/proc"))
          if b"agent.py" in open(f"/proc/{pid}/cmdline", "rb").read()]
expect("the agent and its server of kernels", len(agents), 2)
for pid in agents:
    expect("the agent's descriptors", failure(lambda: os.listdir(f"/proc/{pid}/fd")), "EACCES")
    expect("the agent's memory", failure(lambda: open(f"/proc/{pid}/mem", "rb")), "EACCES")

expect("keys", failure(lambda: open("/proc/keys").read()), "EACCES")
expect("a score below the floor", failure(lambda: open("/proc/self/oom_score_adj", "w").write("0")), "EROFS")
expect("the score", open("/proc/self/oom_score_adj").read(), "500\n")

# What programs need.
expect("a child", subprocess.run(["sh", "-c", "echo $((6 * 7))"], capture_output=True, text=True).stdout, "42\n")
expect("a forked one", multiprocessing.get_context("fork").Pool(2).map(abs, [-1, -2]), [1, 2])
thread = threading.Thread(target=lambda: None)
thread.start()
thread.join()
one, other = socket.socketpair()
one.send(b"x")
expect("a pair", other.recv(1), b"x")
print("checked")

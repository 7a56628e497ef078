"""How a process that was forked outside comes into a sandbox that bubblewrap has made, with no more rights than one of its own."""

from __future__ import annotations

import base64
import ctypes
import errno
import os
import resource
from typing import Any

from processtools import LIBC, prctl

# Of setns(2), by name in /proc/PID/ns.
NAMESPACES = {
    "user": 0x10000000, "mnt": 0x00020000, "pid": 0x20000000, "ipc": 0x08000000, "uts": 0x04000000,
    "cgroup": 0x02000000, "net": 0x40000000,
}

# Of prctl(2).
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4

# Of keyctl(2), which has a number and no function in libc.
KEYCTL_JOIN_SESSION_KEYRING = 1
KEYCTL = {"x86_64": 250, "aarch64": 219}

CAPABILITY_VERSION_3 = 0x20080522


def join(process: int, named: dict[str, int]) -> None:
    """Joins all namespaces of `process` that are not ours already. The pid namespace is that of the next child.

    `named` is what bubblewrap says that they are: should the process be gone, and another have its number, it is refused.
    As the account that owns the user namespace one may join it, and has all rights inside until `confine` gives them up.
    """
    descriptor = os.pidfd_open(process)
    flags = 0
    for name, flag in NAMESPACES.items():
        try:
            theirs = os.stat(f"/proc/{process}/ns/{name}").st_ino
        except FileNotFoundError:
            # A kernel without this kind, or the process is gone, which setns() finds out.
            continue
        if named.get(f"{name}-namespace", theirs) != theirs:
            raise ProcessLookupError(errno.ESRCH, "the sandbox is gone")
        if theirs != os.stat(f"/proc/self/ns/{name}").st_ino:
            flags |= flag
    missing = {"user", "mnt", "pid", "ipc", "uts"} - {name for name, flag in NAMESPACES.items() if flags & flag}
    if missing:
        raise PermissionError(errno.EPERM, f"the sandbox shares the machine's namespaces: {', '.join(sorted(missing))}")
    # Both arguments are ints, as setns(2) has them.
    if LIBC.setns(descriptor, flags) != 0:
        raise OSError(ctypes.get_errno(), f"setns: {os.strerror(ctypes.get_errno())}")
    os.close(descriptor)


def confine(order: dict[str, Any]) -> None:
    """Gives up what a process of the sandbox does not have. In the process that stays, once all namespaces are joined.

    Whatever else is to hold for a sandbox's processes and is not a namespace belongs here: bubblewrap and the programs
    that it starts do not see this one.
    """
    os.setsid()
    os.umask(0o022)
    os.chdir(order["folder"])
    for name, value in order["limits"].items():
        limit = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(limit)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))
    leave_session_keyring()
    drop_capabilities()
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    filter_calls(base64.b64decode(order["filter"]))


def leave_session_keyring() -> None:
    """Takes a new, empty one. Where the call is forbidden or unknown, there is no keyring to read either."""
    if number := KEYCTL.get(os.uname().machine):
        LIBC.syscall(number, KEYCTL_JOIN_SESSION_KEYRING, None)


class FilterProgram(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = [("count", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


def filter_calls(program: bytes) -> None:
    """What the kernel may not be asked from now on."""
    instructions = ctypes.create_string_buffer(program, len(program))
    filter = FilterProgram(len(program) // 8, ctypes.addressof(instructions))
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(filter))


def drop_capabilities() -> None:
    capability = 0
    try:
        while True:
            prctl(PR_CAPBSET_DROP, capability)
            capability += 1
    except OSError as error:
        # After the last one that the kernel knows.
        if error.errno != errno.EINVAL or capability == 0:
            raise
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if LIBC.capset(header, nothing) != 0:
        raise OSError(ctypes.get_errno(), f"capset: {os.strerror(ctypes.get_errno())}")

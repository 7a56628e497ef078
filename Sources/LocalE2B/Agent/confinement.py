"""Moves a process forked outside into a sandbox of bubblewrap's, with no more rights than the processes there."""

from __future__ import annotations

import base64
import ctypes
import errno
import os
import resource
from typing import Any

from processtools import LIBC, prctl

# The flags of setns(2), by the names in /proc/PID/ns.
NAMESPACES = {
    "user": 0x10000000, "mnt": 0x00020000, "pid": 0x20000000, "ipc": 0x08000000, "uts": 0x04000000,
    "cgroup": 0x02000000, "net": 0x40000000,
}

# Constants of prctl(2).
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4

# Constants of keyctl(2), for which libc has no function.
KEYCTL_JOIN_SESSION_KEYRING = 1
KEYCTL = {"x86_64": 250, "aarch64": 219}

CAPABILITY_VERSION_3 = 0x20080522


def join(process: int, named: dict[str, int]) -> None:
    """Joins all namespaces of `process` that this process is not in. The pid namespace holds for the next child.

    `named` has the namespaces as bubblewrap reported them, which detects another process that has got the same number.
    The owner of a user namespace may join it, and has all rights inside until `confine` gives them up.
    """
    descriptor = os.pidfd_open(process)
    flags = 0
    for name, flag in NAMESPACES.items():
        try:
            theirs = os.stat(f"/proc/{process}/ns/{name}").st_ino
        except FileNotFoundError:
            # The kernel lacks this kind of namespace, or the process is gone, which setns() finds out.
            continue
        if named.get(f"{name}-namespace", theirs) != theirs:
            raise ProcessLookupError(errno.ESRCH, "the sandbox is gone")
        if theirs != os.stat(f"/proc/self/ns/{name}").st_ino:
            flags |= flag
    missing = {"user", "mnt", "pid", "ipc", "uts"} - {name for name, flag in NAMESPACES.items() if flags & flag}
    if missing:
        raise PermissionError(errno.EPERM, f"the sandbox shares the machine's namespaces: {', '.join(sorted(missing))}")
    # setns(2) takes two ints.
    if LIBC.setns(descriptor, flags) != 0:
        raise OSError(ctypes.get_errno(), f"setns: {os.strerror(ctypes.get_errno())}")
    os.close(descriptor)


def confine(request: dict[str, Any]) -> None:
    """Gives up all rights that a process of the sandbox does not have.

    Call it in the process that stays, once all namespaces are joined. Every restriction that is not a namespace belongs
    here, because what bubblewrap and the programs that it starts do has no effect on this process.
    """
    os.setsid()
    os.umask(0o022)
    os.chdir(request["folder"])
    for name, value in request["limits"].items():
        limit = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(limit)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))
    leave_session_keyring()
    drop_capabilities()
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    filter_calls(base64.b64decode(request["filter"]))


def leave_session_keyring() -> None:
    """Joins a new, empty keyring. Where the call is forbidden or unknown, no keyring can be read either."""
    if number := KEYCTL.get(os.uname().machine):
        LIBC.syscall(number, KEYCTL_JOIN_SESSION_KEYRING, None)


class FilterProgram(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = [("count", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


def filter_calls(program: bytes) -> None:
    """Installs the filter on system calls."""
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
        # The kernel knows no further capabilities.
        if error.errno != errno.EINVAL or capability == 0:
            raise
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if LIBC.capset(header, nothing) != 0:
        raise OSError(ctypes.get_errno(), f"capset: {os.strerror(ctypes.get_errno())}")

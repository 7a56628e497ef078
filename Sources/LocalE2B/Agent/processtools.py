"""System calls that Python lacks, and that processes forked from a warm Python need."""

from __future__ import annotations

import ctypes
import os
import signal

LIBC = ctypes.CDLL(None, use_errno=True)

# Constants of prctl(2).
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4


def prctl(option: int, *arguments: int) -> None:
    padded = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]]
    if LIBC.prctl(option, *padded) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}: {os.strerror(ctypes.get_errno())}")


def end_with(parent: int) -> None:
    """Makes the kernel kill this process when its parent ends."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def set_dumpable(is_dumpable: bool) -> None:
    """Sets whether processes of the same user may attach to this one and open its descriptors in /proc."""
    prctl(PR_SET_DUMPABLE, int(is_dumpable))


def rename(arguments: list[str]) -> None:
    """Replaces the command line by `arguments`, and hides the environment, that the forked program was started with."""
    with open("/proc/self/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    # arg_start, arg_end, env_start, env_end are the fields 48 to 51; the first of these is the third.
    start, end, environment, environment_end = (int(field) for field in fields[45:49])
    text = b"".join(argument.encode() + b"\0" for argument in arguments)
    # A NUL at the end makes the kernel show it as a command line of the original length.
    ctypes.memmove(start, text[: end - start - 1].ljust(end - start, b"\0"), end - start)
    ctypes.memset(environment, 0, environment_end - environment)


def close_all_but(*kept: int) -> None:
    """Closes all descriptors after stderr except those given."""
    first = 3
    for descriptor in sorted(kept):
        os.closerange(first, descriptor)
        first = max(first, descriptor + 1)
    os.closerange(first, 1 << 20)

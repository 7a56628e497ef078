"""What the processes that are forked from a warm Python have to do to themselves, by system calls that Python lacks."""

from __future__ import annotations

import ctypes
import os
import signal

LIBC = ctypes.CDLL(None, use_errno=True)

# Of prctl(2).
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4


def prctl(option: int, *arguments: int) -> None:
    padded = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]]
    if LIBC.prctl(option, *padded) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}: {os.strerror(ctypes.get_errno())}")


def end_with(parent: int) -> None:
    """Ends this process with its parent, however that ends."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def set_dumpable(is_dumpable: bool) -> None:
    """Whether processes of the same account may attach to this one and open its descriptors in /proc."""
    prctl(PR_SET_DUMPABLE, int(is_dumpable))


def rename(arguments: list[str]) -> None:
    """Shows `arguments` as the command line and no environment, in the place of what the forked program was started with."""
    with open("/proc/self/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    # arg_start, arg_end, env_start, env_end are the fields 48 to 51; the first of these is the third.
    start, end, environment, environment_end = (int(field) for field in fields[45:49])
    text = b"".join(argument.encode() + b"\0" for argument in arguments)
    # With a NUL at the end the kernel takes it for a command line that is as long as it was.
    ctypes.memmove(start, text[: end - start - 1].ljust(end - start, b"\0"), end - start)
    ctypes.memset(environment, 0, environment_end - environment)


def close_all_but(*kept: int) -> None:
    """Closes all descriptors after stderr but those."""
    first = 3
    for descriptor in sorted(kept):
        os.closerange(first, descriptor)
        first = max(first, descriptor + 1)
    os.closerange(first, 1 << 20)

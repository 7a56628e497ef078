"""The kernel server: a process next to the agent that has imported what Python kernels need, and forks them.

It has no threads. The agent asks over a socket; the answer is the new kernel's process id and a process descriptor.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import socket
import sys
from typing import Any

from processtools import close_all_but, end_with, rename, set_dumpable

# The timeout in seconds for forking a kernel, on a busy machine and with packages still to be imported.
FORK_TIMEOUT = 60.0
LONGEST_MESSAGE = 1 << 18


class KernelProcess:
    """A forked kernel. It is not a child of the agent, but can be awaited like one."""

    def __init__(self, pid: int, descriptor: int) -> None:
        self.pid = pid
        self._descriptor = descriptor
        self._ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(descriptor, self._end)

    async def wait(self) -> None:
        await self._ended.wait()

    def _end(self) -> None:
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._ended.set()


class KernelServer:
    """The agent's end."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel: socket.socket | None = channel
        self._turn = asyncio.Lock()

    @classmethod
    def fork(cls, *, is_preloaded: bool, preloads: bool) -> KernelServer:
        """Call it before there are threads. With `preloads` the server first loads what kernels may need."""
        channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        agent = os.getpid()
        if os.fork() == 0:
            end_with(agent)
            channel.detach()
            close_all_but(theirs.fileno())
            serve(theirs, preloads and not is_preloaded)
            os._exit(0)
        theirs.close()
        channel.setblocking(False)
        return cls(channel)

    async def start(self, arguments: list[str], cwd: str, environment: dict[str, str]) -> KernelProcess:
        """Forks a kernel. Raises ConnectionError if the server is gone, which code in the sandbox can cause."""
        request = json.dumps({"arguments": arguments, "folder": cwd, "environment": environment}).encode()
        async with self._turn:
            if self._channel is None:
                raise ConnectionError("there is no server")
            try:
                await asyncio.get_running_loop().sock_sendall(self._channel, request)
                answer, descriptors = await asyncio.wait_for(self._receive(self._channel), FORK_TIMEOUT)
            except (OSError, asyncio.TimeoutError, asyncio.CancelledError) as error:
                # A late answer to this request must not be taken for the answer to the next.
                self._channel.close()
                self._channel = None
                if isinstance(error, asyncio.CancelledError):
                    raise
                raise ConnectionError("the server is gone") from error
        if not descriptors:
            raise ChildProcessError(answer.decode())
        return KernelProcess(int(answer), descriptors[0])

    @staticmethod
    async def _receive(channel: socket.socket) -> tuple[bytes, list[int]]:
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(channel, readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(channel)
        answer, descriptors, _, _ = socket.recv_fds(channel, 4096, 1, socket.MSG_CMSG_CLOEXEC)
        if not answer:
            raise ConnectionError("the server has ended")
        return answer, descriptors


def serve(channel: socket.socket, preloads: bool) -> None:
    """Serves until the agent is gone. In the processes that become kernels it does not return either."""
    import startup

    if preloads:
        startup.preload()
    gc.collect()
    gc.freeze()
    # Kernels are reaped automatically; the agent notices their end by their descriptors.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    server = os.getpid()
    while request := channel.recv(LONGEST_MESSAGE):
        try:
            pid = os.fork()
        except OSError as error:
            channel.send(f"fork: {error}".encode())
            continue
        if pid == 0:
            become(channel, server, **json.loads(request))
            startup.run()
            # The process ends as a script does, with its exit handlers.
            sys.exit()


def become(
    channel: socket.socket, server: int, arguments: list[str], folder: str, environment: dict[str, str]
) -> None:
    """Makes this fork the same as `python3 startup.py` would be."""
    end_with(server)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # It needs a process group first, by which the agent can kill it.
    os.setsid()
    socket.send_fds(channel, [str(os.getpid()).encode()], [os.pidfd_open(os.getpid())])
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    channel.detach()
    close_all_but()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = list(arguments)
    sys.orig_argv = [sys.executable, *arguments]
    rename([sys.executable, arguments[0]])
    # This is the user's process, which may be debugged, and may open its descriptors in /proc.
    set_dumpable(True)

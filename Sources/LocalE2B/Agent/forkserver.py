"""The fork server: a Python outside the sandboxes with all that agents and kernels import, from which they are forked.

Importing takes seconds and a fork takes milliseconds. The server is a script with a Unix socket as stdin. Each message
describes a sandbox that bubblewrap is making, and carries the ends of the pipes of its agent. The fork enters that
sandbox and becomes the agent. The server writes `ready` to stdout when it can fork, and `warm` when its forks have the
packages for plots and tables as well.

It never has a second thread, which a fork would lose, and it never gets any data of a user.
"""

from __future__ import annotations

import errno
import gc
import json
import os
import pathlib
import select
import signal
import socket
import sys
from importlib import machinery, util
from typing import Any

# The folder of the agent's files inside a sandbox, if it is another one.
INSIDE = "/run/e2b"
HERE = str(pathlib.Path(__file__).resolve().parent)

sys.dont_write_bytecode = True


class Loader(machinery.SourceFileLoader):
    """Loads a module from here under its path inside a sandbox, so that tracebacks and paths are right there."""

    def get_data(self, path: str) -> bytes:
        return super().get_data(path.replace(INSIDE, HERE, 1))

    def path_stats(self, path: str) -> Any:
        raise FileNotFoundError(errno.ENOENT, "not compiled", path)


class Finder:
    """Finds the agent's modules, before any other module of the same name."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> machinery.ModuleSpec | None:
        if not os.path.exists(f"{HERE}/{name}.py"):
            return None
        file = f"{INSIDE}/{name}.py"
        return util.spec_from_file_location(name, file, loader=Loader(name, file))


# No module may be found in the folder in which the host was started.
os.chdir("/")
sys.path.remove(HERE)
sys.meta_path.insert(0, Finder)

import agent  # noqa: E402
import confinement  # noqa: E402
import kernelserver  # noqa: E402
import startup  # noqa: E402
from processtools import close_all_but, end_with, rename, set_dumpable  # noqa: E402


class ForkServer:
    def __init__(self, control: socket.socket) -> None:
        self._control = control

    def run(self) -> None:
        """Serves at once, while a fork of this server imports the other packages, and then replaces it."""
        print("ready", flush=True)
        told, successor = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            told.close()
            end_with(parent)
            startup.preload()
            self._check_threads()
            successor.send(b"warm")
            # The successor waits until the current server has stopped reading requests.
            if successor.recv(16):
                successor.close()
                print("warm", flush=True)
                self._serve(None)
            os._exit(0)
        successor.close()
        if self._serve(told):
            os.waitpid(pid, 0)

    def _serve(self, successor: socket.socket | None) -> bool:
        """Serves until the host is gone; true once a successor serves."""
        # Children are reaped automatically, because nobody asks for their status.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        self._check_threads()
        gc.collect()
        # The garbage collector must not touch existing objects again, because that would copy their pages in each fork.
        gc.freeze()
        while True:
            waiting = [self._control] if successor is None else [self._control, successor]
            readable, _, _ = select.select(waiting, [], [])
            if self._control in readable:
                message, descriptors, _, _ = socket.recv_fds(self._control, 1 << 16, 4, socket.MSG_CMSG_CLOEXEC)
                if not message:
                    return False
                self._make(json.loads(message), descriptors, waiting)
                for descriptor in descriptors:
                    os.close(descriptor)
            elif successor is not None:
                if successor.recv(16):
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    successor.send(b"go")
                    return True
                # The successor has failed, so this server goes on.
                successor.close()
                successor = None

    def _make(self, request: dict[str, Any], descriptors: list[int], ours: list[socket.socket]) -> None:
        requests, answers, log, started = descriptors
        try:
            if os.fork() != 0:
                return
        except OSError as error:
            os.write(log, f"fork: {error}\n".encode())
            return
        # From here on this is the forked process, which enters the sandbox or exits.
        try:
            os.dup2(log, 2)
            sandbox = self._await(started)
            if sandbox is None:
                # bubblewrap has reported why.
                os._exit(1)
            confinement.join(sandbox["child-pid"], sandbox)
            if os.fork() != 0:
                os._exit(0)
            confinement.confine(request)
            os.dup2(requests, 0)
            os.dup2(answers, 1)
            close_all_but()
            os.environ.clear()
            os.environ.update(request["environment"])
            rename([sys.executable, f"{INSIDE}/agent.py"])
            # The descriptors are closed already, and their numbers may be used for others.
            for one in ours:
                one.detach()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        except BaseException as error:
            os.write(2, f"cannot enter the sandbox: {error}\n".encode())
            os._exit(1)
        agent.start(is_preloaded=True)
        os._exit(0)

    @staticmethod
    def _await(started: int) -> dict[str, Any] | None:
        """Returns bubblewrap's information about its child once the sandbox is complete; None if it never is."""
        said = b""
        while not said.endswith(b"\nready\n"):
            chunk = os.read(started, 4096)
            if not chunk:
                return None
            said += chunk
        return json.loads(said.removesuffix(b"ready\n"))

    @staticmethod
    def _check_threads() -> None:
        if len(os.listdir("/proc/self/task")) != 1:
            raise RuntimeError("a package has started threads: it cannot be loaded before a fork")


def main() -> None:
    set_dumpable(False)
    confinement.leave_session_keyring()
    control = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    ForkServer(control).run()


if __name__ == "__main__":
    main()

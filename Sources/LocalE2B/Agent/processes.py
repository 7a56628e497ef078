"""Commands of the sandbox: started, attached to, fed and signalled."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import enum
import fcntl
import os
import signal
import struct
import termios
from typing import Any, Awaitable, Callable, Coroutine

import pipes
from files import Paths
from kernels import kill_session
from wire import Failure

Event = dict[str, Any]

CHUNK = 32 << 10
PTY_CHUNK = 16 << 10
# How long the end of a process is kept for late listeners.
RETENTION = 30.0

# Go's names of signals, which clients see in `status`.
SIGNALS = {
    signal.SIGHUP: "hangup", signal.SIGINT: "interrupt", signal.SIGQUIT: "quit", signal.SIGILL: "illegal instruction",
    signal.SIGTRAP: "trace/breakpoint trap", signal.SIGABRT: "aborted", signal.SIGBUS: "bus error",
    signal.SIGFPE: "floating point exception", signal.SIGKILL: "killed", signal.SIGUSR1: "user defined signal 1",
    signal.SIGSEGV: "segmentation fault", signal.SIGUSR2: "user defined signal 2", signal.SIGPIPE: "broken pipe",
    signal.SIGALRM: "alarm clock", signal.SIGTERM: "terminated", signal.SIGXCPU: "CPU time limit exceeded",
    signal.SIGXFSZ: "file size limit exceeded", signal.SIGSYS: "bad system call",
}


def end_event(code: int) -> Event:
    """The `end` of a process by its return code, with defaults left out."""
    if code < 0:
        name = SIGNALS.get(-code, f"signal {-code}")  # type: ignore[call-overload]
        return {"exitCode": -1, "status": f"signal: {name}", "error": f"signal: {name}"}
    status = f"exit status {code}"
    return {"exited": True, "status": status} if code == 0 else \
        {"exitCode": code, "exited": True, "status": status, "error": status}


class Leaving(enum.Enum):
    """Why a listener gets no more events."""

    END = enum.auto()
    DETACHED = enum.auto()
    DEADLINE = enum.auto()


class Listener:
    """One attached stream."""

    def __init__(self, send: Callable[[Event], Awaitable[None]]) -> None:
        self._send = send
        self.left: asyncio.Future[Leaving] = asyncio.get_running_loop().create_future()

    async def send(self, event: Event) -> None:
        if not self.left.done():
            await self._send(event)

    def leave(self, reason: Leaving) -> None:
        if not self.left.done():
            self.left.set_result(reason)


@dataclasses.dataclass
class Command:
    """What is to be run."""

    cmd: str
    args: list[str]
    envs: dict[str, str]
    cwd: str | None
    folder: str
    environment: dict[str, str]
    tag: str | None
    wants_stdin: bool
    pty: dict[str, int] | None


class Process:
    def __init__(self, command: Command) -> None:
        self.command = command
        self.listeners: list[Listener] = []
        self.end: Event | None = None
        self._terminal: int | None = None
        self._stdin: asyncio.StreamWriter | None = None
        self._outputs: dict[str, asyncio.StreamReader] = {}
        self._transports: list[asyncio.ReadTransport] = []
        self._signalled = asyncio.Event()

    async def start(self) -> None:
        command = self.command
        # Both ends of everything that is opened here: ours and the child's.
        ours: dict[str, int] = {}
        child: dict[str, int] = {}
        take_over: Callable[[], None] | None = None
        if command.pty is not None:
            ours["pty"], child["pty"] = os.openpty()
            self._terminal = ours["pty"]
            self.resize(command.pty)
            stdin = stdout = stderr = child["pty"]
            take_over = take_terminal
        else:
            ours["stdout"], child["stdout"] = os.pipe()
            ours["stderr"], child["stderr"] = os.pipe()
            stdin, stdout, stderr = asyncio.subprocess.DEVNULL, child["stdout"], child["stderr"]
            if command.wants_stdin:
                child["stdin"], ours["stdin"] = os.pipe()
                stdin = child["stdin"]
        try:
            self._process = await asyncio.create_subprocess_exec(
                command.cmd, *command.args, stdin=stdin, stdout=stdout, stderr=stderr, cwd=command.folder,
                env=command.environment, start_new_session=True, preexec_fn=take_over)
        except (OSError, ValueError) as error:
            for fd in ours.values():
                os.close(fd)
            reason = os.strerror(error.errno).lower() if isinstance(error, OSError) and error.errno else "bad argument"
            raise Failure.rpc("invalid_argument", f"error starting process '{command.cmd}': {reason}") from error
        finally:
            for fd in child.values():
                os.close(fd)
        if command.wants_stdin and command.pty is None:
            self._stdin = await pipes.writer(ours["stdin"])
        for name in ("stdout", "stderr"):
            if name in ours:
                stream, transport = await pipes.reader(ours[name], CHUNK)
                self._outputs[name] = stream
                self._transports.append(transport)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def watch(self) -> None:
        """Waits until the process has ended and all of its output is passed on; the end comes last.

        If the process exits by itself, a child in the background keeps the output open. If it was signalled, the
        output ends with it.
        """
        readers = [asyncio.create_task(reader) for reader in self._readers()]
        reading = asyncio.create_task(asyncio.wait(readers))
        signalled = asyncio.create_task(self._signalled.wait())
        await asyncio.wait({reading, signalled}, return_when=asyncio.FIRST_COMPLETED)
        code = await self._process.wait()
        if not reading.done():
            await asyncio.wait(readers, timeout=0.1)
        for task in (signalled, reading, *readers):
            task.cancel()
        self.end = end_event(code)
        for listener in self.listeners:
            await listener.send({"end": self.end})
            listener.leave(Leaving.END)
        self.listeners.clear()
        self._close()

    async def exited(self) -> None:
        await self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        if self._process.returncode is None:
            self._signalled.set()
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kills the process and its whole session."""
        self._signalled.set()
        kill_session(self.pid)

    async def write(self, bytes: bytes, *, terminal: bool) -> None:
        if terminal != (self._terminal is not None):
            raise Failure.rpc("failed_precondition", "the process has no such input")
        try:
            if self._terminal is not None:
                await self._write_terminal(bytes)
            elif self._stdin is None or self._stdin.is_closing():
                raise Failure.rpc("internal", "error writing to stdin: stdin not enabled or closed")
            else:
                self._stdin.write(bytes)
                await self._stdin.drain()
        except OSError as error:
            raise Failure.rpc("internal", "error writing to stdin: broken pipe") from error

    def close_stdin(self) -> None:
        if self._terminal is not None:
            raise Failure.rpc("failed_precondition", "a terminal's input cannot be closed")
        if self._stdin is not None:
            self._stdin.close()

    def resize(self, size: dict[str, int]) -> None:
        if self._terminal is None:
            raise Failure.rpc("failed_precondition", "the process has no terminal")
        rows, columns = (min(max(int(size.get(name) or 0), 0), 65535) for name in ("rows", "cols"))
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _readers(self) -> list[Coroutine[Any, Any, None]]:
        if self._terminal is not None:
            return [self._read_terminal(self._terminal)]
        return [self._read(stream, name) for name, stream in self._outputs.items()]

    async def _publish(self, kind: str, chunk: bytes) -> None:
        # Output is discarded if nobody listens. A slow listener stops the reading, and with it the process.
        for listener in list(self.listeners):
            await listener.send({"data": {kind: base64.b64encode(chunk).decode()}})

    async def _read(self, stream: asyncio.StreamReader, kind: str) -> None:
        while chunk := await stream.read(CHUNK):
            await self._publish(kind, chunk)

    async def _read_terminal(self, terminal: int) -> None:
        loop = asyncio.get_running_loop()
        os.set_blocking(terminal, False)
        readable = asyncio.Event()
        while True:
            loop.add_reader(terminal, readable.set)
            await readable.wait()
            loop.remove_reader(terminal)
            readable.clear()
            try:
                chunk = os.read(terminal, PTY_CHUNK)
            except BlockingIOError:
                continue
            except OSError:
                # EIO means that no process has the terminal open any more.
                return
            if not chunk:
                return
            await self._publish("pty", chunk)

    async def _write_terminal(self, bytes: bytes) -> None:
        while bytes and self._terminal is not None:
            try:
                bytes = bytes[os.write(self._terminal, bytes):]
            except BlockingIOError:
                await asyncio.sleep(0.01)

    def _close(self) -> None:
        for transport in self._transports:
            transport.close()
        if self._stdin is not None:
            self._stdin.close()
        if self._terminal is not None:
            asyncio.get_running_loop().remove_reader(self._terminal)
            os.close(self._terminal)
            self._terminal = None


def take_terminal() -> None:
    """In the child: makes the terminal the controlling one of its new session."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Processes:
    def __init__(self, paths: Paths, environment: dict[str, str]) -> None:
        self._paths = paths
        self._environment = environment
        self._processes: dict[int, Process] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.global_variables: dict[str, str] = {}

    async def start(self, request: dict[str, Any], listener: Listener) -> None:
        """Passes events on until the process ends, its deadline passes, or the listener leaves."""
        process = Process(self._command(request))
        await process.start()
        self._processes[process.pid] = process
        process.listeners.append(listener)
        await listener.send({"start": {"pid": process.pid}})
        keeping = self._spawn(self._keep(process))
        if timeout := request.get("timeout_ms"):
            # The deadline ends the process even if the listener has left before.
            expiry = self._spawn(self._expire(process, timeout / 1000, listener))
            keeping.add_done_callback(lambda _: expiry.cancel())
        if await listener.left is Leaving.DEADLINE:
            raise Failure.rpc("deadline_exceeded", "context deadline exceeded")

    async def connect(self, request: dict[str, Any], listener: Listener) -> None:
        process = self._find(request, running=False)
        await listener.send({"start": {"pid": process.pid}})
        if process.end is not None:
            await listener.send({"end": process.end})
            listener.leave(Leaving.END)
            return
        process.listeners.append(listener)
        await listener.left

    def list(self) -> list[dict[str, Any]]:
        return [
            {"config": {"cmd": process.command.cmd, "args": process.command.args, "envs": process.command.envs,
                        **({"cwd": process.command.cwd} if process.command.cwd else {})},
             "pid": pid, **({"tag": process.command.tag} if process.command.tag is not None else {})}
            for pid, process in self._processes.items() if process.end is None
        ]

    def signal(self, request: dict[str, Any]) -> None:
        process = self._find(request)
        number = request["signal"]
        if number not in (signal.SIGKILL, signal.SIGTERM):
            raise Failure.rpc("unimplemented", "invalid signal: SIGNAL_UNSPECIFIED")
        process.signal(signal.Signals(number))

    async def input(self, request: dict[str, Any]) -> None:
        process = self._find(request)
        terminal = request.get("pty") is not None
        await process.write(base64.b64decode(request["pty" if terminal else "stdin"]), terminal=terminal)

    def close_stdin(self, request: dict[str, Any]) -> None:
        self._find(request).close_stdin()

    def resize(self, request: dict[str, Any]) -> None:
        self._find(request).resize(request)

    async def stop(self) -> None:
        running = [process for process in self._processes.values() if process.end is None]
        for process in running:
            process.kill()
        await asyncio.gather(*(process.exited() for process in running))

    def _command(self, request: dict[str, Any]) -> Command:
        home = self._paths.check_user(request.get("user"))
        envs = {str(name): str(value) for name, value in (request.get("envs") or {}).items()}
        folder = self._paths.resolve(request.get("cwd"), request.get("user"))
        if not os.path.isdir(folder):
            raise Failure.rpc("invalid_argument", f"cwd '{folder}' does not exist")
        environment = {name: value for name, value in self._environment.items()
                       if name in ("PATH", "HOME", "USER", "LOGNAME") or name.startswith(("PIP_", "npm_"))}
        environment |= {"HOME": home, **self.global_variables, **envs}
        wants_stdin = request.get("stdin")
        return Command(
            cmd=request["cmd"], args=list(request.get("args") or []), envs=envs, cwd=request.get("cwd"),
            folder=folder, environment=environment, tag=request.get("tag"),
            wants_stdin=wants_stdin is None or bool(wants_stdin), pty=request.get("pty"))

    async def _keep(self, process: Process) -> None:
        await process.watch()
        await asyncio.sleep(RETENTION)
        if self._processes.get(process.pid) is process:
            del self._processes[process.pid]

    async def _expire(self, process: Process, seconds: float, listener: Listener) -> None:
        await asyncio.sleep(seconds)
        if process.end is None:
            listener.leave(Leaving.DEADLINE)
            process.kill()

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _find(self, request: dict[str, Any], *, running: bool = True) -> Process:
        pid, tag = request.get("pid"), request.get("tag")
        if pid is not None:
            process = self._processes.get(pid)
            missing = f"process with pid {pid} not found"
        else:
            # If a tag was used twice, the youngest process counts.
            process = next((one for one in reversed(self._processes.values()) if one.command.tag == tag), None)
            missing = f"process with tag {tag} not found"
        if process is None or (running and process.end is not None):
            raise Failure.rpc("not_found", missing)
        return process

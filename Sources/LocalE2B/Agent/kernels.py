"""Kernels, which run cells: the interface, and Python's, which is a Jupyter kernel."""

from __future__ import annotations

import asyncio
import datetime
import enum
import json
import os
import pathlib
import signal
import sys
import tempfile
from typing import Any, Awaitable, Callable, Protocol

import zmq
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.connect import write_connection_file

from kernelserver import KernelProcess, KernelServer

Line = dict[str, Any]
# A function that takes one line of an execution's stream, and waits while the reader is behind.
Emit = Callable[[Line], Awaitable[None]]

# How many seconds a line may wait for its reader before the cell is stopped.
READER_TIMEOUT = 0.2

# The delimiter between a message's addressing and its content.
DELIMITER = b"<IDS|MSG>"

# The longest message in bytes. The kernel limits its own to less; a longer one is not read into memory.
LONGEST_MESSAGE = 320 << 20

HERE = pathlib.Path(__file__).resolve().parent


class CellResult(enum.Enum):
    FINISHED = enum.auto()
    DIED = enum.auto()
    """The kernel ended by itself while the cell ran."""
    RENEWED = enum.auto()
    """The cell ended the kernel, which is valid; the next cell gets a new kernel."""
    CLOSED = enum.auto()
    """We ended the kernel while the cell ran."""


class Kernel(Protocol):
    """Runs one cell at a time and keeps the state between them."""

    async def start(self) -> None: ...

    async def run(self, code: str, emit: Emit, *, hidden: bool = False) -> CellResult: ...

    def interrupt(self) -> None: ...

    async def stop(self) -> None: ...


# The field of a result for each MIME type. Every other type goes into `extra`.
FIELDS = {
    "text": "text/plain", "html": "text/html", "markdown": "text/markdown", "svg": "image/svg+xml",
    "png": "image/png", "jpeg": "image/jpeg", "pdf": "application/pdf", "latex": "text/latex",
    "json": "application/json", "javascript": "application/javascript", "data": "e2b/data", "chart": "e2b/chart",
}


def result_line(data: dict[str, Any], *, is_main: bool) -> Line:
    extra = dict(data)
    line: Line = {"type": "result"}
    for field, mime in FIELDS.items():
        value = extra.pop(mime, None)
        if value is not None:
            line[field] = value
    text = line.get("text")
    if isinstance(text, str) and len(text) > 1 and text[0] in ("'", '"') and text[-1] == text[0]:
        line["text"] = text[1:-1]
    for image in ("png", "jpeg", "pdf"):
        if image in line:
            line[image] = line[image].replace("\n", "")
    line["extra"] = extra
    line["is_main_result"] = is_main
    return line


def error_line(name: str, value: str, traceback: str = "") -> Line:
    return {"type": "error", "name": name, "value": value, "traceback": traceback}


def stream_line(name: str, text: str, date: datetime.datetime | None = None) -> Line:
    date = date or datetime.datetime.now(datetime.timezone.utc)
    return {"type": name, "text": text, "timestamp": date.isoformat(timespec="microseconds")}


def signal_group(pid: int, number: signal.Signals) -> None:
    """Signals a process group that may be gone already."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def kill_session(leader: int) -> None:
    """Kills all processes of a session: a shell with job control gives its children groups of their own."""
    signal_group(leader, signal.SIGKILL)
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and os.getsid(int(entry)) == leader:
                os.kill(int(entry), signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


class PythonKernel:
    """ipykernel behind Unix sockets in a folder of its own."""

    def __init__(self, cwd: str, environment: dict[str, str], server: KernelServer) -> None:
        self._cwd = cwd
        self._environment = environment
        self._server = server
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._process: KernelProcess | asyncio.subprocess.Process | None = None
        self._client: AsyncKernelClient | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._cell: Cell | None = None
        self._closed = False
        self._is_held = False
        self._dead = asyncio.Event()

    async def start(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix=".kernel-", ignore_cleanup_errors=True)
        file = f"{self._folder.name}/connection.json"
        write_connection_file(file, transport="ipc", ip=f"{self._folder.name}/k")
        self._process = await self._launch(str(HERE / "startup.py"), "-f", file)
        if self._closed:
            # It was stopped before there was a process.
            await self.stop()
            raise ChildProcessError("the kernel was stopped")
        self._client = AsyncKernelClient(connection_file=file)
        self._client.load_connection_file()
        # The number of messages that wait here. Further ones wait in the kernel.
        self._client.context.setsockopt(zmq.RCVHWM, 2)
        self._client.context.setsockopt(zmq.MAXMSGSIZE, LONGEST_MESSAGE)
        self._client.start_channels(shell=True, iopub=True, stdin=False, hb=False, control=False)
        self._tasks.append(asyncio.create_task(self._watch(self._process)))
        ready = asyncio.create_task(self._handshake(self._client))
        death = asyncio.create_task(self._dead.wait())
        done, pending = await asyncio.wait({ready, death}, return_when=asyncio.FIRST_COMPLETED, timeout=120)
        for task in pending:
            task.cancel()
        if ready not in done:
            await self.stop()
            raise ChildProcessError("the kernel did not start")
        ready.result()
        self._tasks.append(asyncio.create_task(self._pump_shell(self._client)))
        self._tasks.append(asyncio.create_task(self._pump_iopub(self._client)))

    async def _launch(self, script: str, *arguments: str) -> KernelProcess | asyncio.subprocess.Process:
        try:
            return await self._server.start([script, *arguments], self._cwd, self._environment)
        except ConnectionError:
            # User code has ended the server, which runs as the same user. Each kernel is a new Python from now on.
            return await asyncio.create_subprocess_exec(
                sys.executable, script, str(os.getpid()), *arguments,
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
                cwd=self._cwd, env=self._environment, start_new_session=True)

    async def run(self, code: str, emit: Emit, *, hidden: bool = False) -> CellResult:
        if self._dead.is_set() or self._closed or self._client is None:
            return CellResult.CLOSED if self._closed else CellResult.DIED
        cell = self._cell = Cell(emit, hidden)
        # An error must not abort later requests: the agent sends one at a time, and the next may be its own.
        cell.message = self._client.execute(
            code, silent=hidden, store_history=not hidden, allow_stdin=False, stop_on_error=False)
        try:
            return await cell.ended
        finally:
            self._cell = None

    def interrupt(self) -> None:
        if self._process is not None and self._cell is not None:
            # The signal goes to the process group, so that a program that the cell waits for ends as well.
            signal_group(self._process.pid, signal.SIGINT)
            self._release()

    async def stop(self) -> None:
        self._closed = True
        if self._cell is not None:
            self._cell.finish(CellResult.CLOSED)
        if self._process is not None:
            signal_group(self._process.pid, signal.SIGKILL)
            await self._process.wait()
        self._dispose()

    def _dispose(self) -> None:
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        self._tasks.clear()
        if self._client is not None:
            self._client.stop_channels()
            self._client = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    @staticmethod
    async def _handshake(client: AsyncKernelClient) -> None:
        """Waits until the kernel answers on the shell channel *and* its messages arrive on the publishing one.

        A subscription takes effect some time after connecting; what is published before that is lost.
        """
        client.kernel_info()
        await client.get_shell_msg()
        while True:
            try:
                await client.get_iopub_msg(timeout=0.02)
                break
            except Exception as error:  # queue.Empty
                if type(error).__name__ != "Empty":
                    raise
                client.kernel_info()

    async def _watch(self, process: KernelProcess | asyncio.subprocess.Process) -> None:
        await process.wait()
        self._dead.set()
        # Messages that the kernel has sent before its end may still be in the socket.
        await asyncio.sleep(0.05)
        if self._cell is not None:
            self._cell.finish(CellResult.DIED)
        signal_group(process.pid, signal.SIGKILL)

    @staticmethod
    async def _pump_shell(client: AsyncKernelClient) -> None:
        # The publishing channel has everything. Replies are received, but not parsed: user code can send any bytes.
        while True:
            await client.shell_channel.socket.recv_multipart()

    async def _pump_iopub(self, client: AsyncKernelClient) -> None:
        loop = asyncio.get_running_loop()
        while True:
            # Session.deserialize() is avoided: it looks for dates in every string, at five times the cost of the rest.
            frames = await client.iopub_channel.socket.recv_multipart()
            cell = self._cell
            holding = loop.call_later(READER_TIMEOUT, self._hold)
            try:
                _, header, parent, _, content, *_ = frames[frames.index(DELIMITER) + 1:]
                del frames
                # Anything else is the late output of an earlier cell.
                if cell is not None and json.loads(parent).get("msg_id") == cell.message:
                    await self._handle(json.loads(header), json.loads(content), cell)
            except Exception as error:
                # Code in the kernel can send anything, and more than fits into our memory. The next messages are read
                # all the same, because the cell's reader waits for the one that ends the cell.
                print(f"a kernel's message: {type(error).__name__}", file=sys.stderr)
                if cell is not None:
                    await cell.emit(error_line("UnreadableOutput", "A part of the output could not be read"))
            finally:
                holding.cancel()
                self._release()

    def _hold(self) -> None:
        """Stops the cell when the host does not read its lines, because more of them would fill the memory."""
        if self._process is not None and not self._dead.is_set():
            self._is_held = True
            signal_group(self._process.pid, signal.SIGSTOP)

    def _release(self) -> None:
        if self._is_held and self._process is not None:
            self._is_held = False
            signal_group(self._process.pid, signal.SIGCONT)

    async def _handle(self, header: dict[str, Any], content: dict[str, Any], cell: Cell) -> None:
        match header["msg_type"]:
            case "execute_input":
                await cell.emit({"type": "number_of_executions", "execution_count": content["execution_count"]})
            case "stream":
                date = datetime.datetime.fromisoformat(header["date"])
                await cell.emit(stream_line(content["name"], content["text"], date))
            case "execute_result":
                await cell.emit(result_line(content["data"], is_main=True))
            case "display_data":
                await cell.emit(result_line(content["data"], is_main=False))
            case "error":
                await cell.emit(error_line(content["ename"], content["evalue"], "".join(content["traceback"])))
            case "status" if content["execution_state"] == "idle":
                cell.finish(CellResult.FINISHED)


class Cell:
    """A running cell."""

    def __init__(self, emit: Emit, hidden: bool) -> None:
        self.message = ""
        self.ended: asyncio.Future[CellResult] = asyncio.get_running_loop().create_future()
        self._emit = emit
        self._hidden = hidden

    async def emit(self, line: Line) -> None:
        if not self._hidden and not self.ended.done():
            await self._emit(line)

    def finish(self, result: CellResult) -> None:
        if not self.ended.done():
            self.ended.set_result(result)

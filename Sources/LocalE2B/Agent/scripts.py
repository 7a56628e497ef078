"""Kernels that are an interpreter with two additional pipes: Bash and Node."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import json
import os
import pathlib
import signal
from typing import Any

import pipes
from kernels import HERE, Cell, CellResult, Emit, error_line, result_line, signal_group, stream_line

# If more lines than this arrive at a time, the rest is passed on in one piece.
FEW_LINES = 100

# The longest message of Node's kernel in bytes. The kernel limits its own to less.
LONGEST_MESSAGE = 320 << 20


class Pipe:
    """Reads a file descriptor of a child as text, until nothing is left for now."""

    def __init__(self) -> None:
        self.fd, self.child = os.pipe()
        os.set_blocking(self.fd, False)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._readable = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def opened(self) -> None:
        """Closes our copy of the end that the child has."""
        os.close(self.child)
        self._watch()

    def _watch(self) -> None:
        self._loop.add_reader(self.fd, self._wake)

    def _wake(self) -> None:
        # Not watched again until it is read: the loop must not spin while the reader waits for the host.
        self._loop.remove_reader(self.fd)
        self._readable.set()

    def take(self) -> str | None:
        """Returns what has arrived, which may be empty; None at the end."""
        try:
            chunk = os.read(self.fd, 1 << 20)
        except BlockingIOError:
            return ""
        return self._decoder.decode(chunk) if chunk else None

    def rest(self) -> str:
        """Returns the replacement for an incomplete character at the end."""
        return self._decoder.decode(b"", True)

    async def wait(self) -> None:
        await self._readable.wait()
        self._readable.clear()

    def again(self) -> None:
        self._watch()

    def close(self) -> None:
        self._loop.remove_reader(self.fd)
        os.close(self.fd)


class ScriptKernel:
    """Runs a child process that gets cells by one pipe and reports their end by another.

    `_command`, `_request` and `_reply` are what the languages differ in.
    """

    def __init__(self, cwd: str, environment: dict[str, str]) -> None:
        self._cwd = cwd
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None
        self._requests: asyncio.StreamWriter | None = None
        self._replies: asyncio.StreamReader | None = None
        self._output: Pipe | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._cell: Cell | None = None
        self._closed = False
        self._count = 0
        self._partial = ""
        # From here on a signal ends the cell, and not the kernel.
        self._is_computing = False

    async def start(self) -> None:
        requests, request_end = os.pipe()
        reply_end, replies = os.pipe()
        self._output = Pipe()
        self._process = await asyncio.create_subprocess_exec(
            *self._command(requests, replies), stdin=asyncio.subprocess.PIPE,
            stdout=self._output.child, stderr=self._output.child, pass_fds=(requests, replies), cwd=self._cwd,
            env=self._environment, start_new_session=True)
        os.close(requests)
        os.close(replies)
        self._output.opened()
        self._requests = await pipes.writer(request_end)
        self._replies, _ = await pipes.reader(reply_end, limit=1 << 16)
        if self._closed:
            # It was stopped before there was a process.
            await self.stop()
            raise ChildProcessError("the kernel was stopped")
        await self._greet()
        self._tasks.append(asyncio.create_task(self._pump(self._output)))

    async def run(self, code: str, emit: Emit, *, hidden: bool = False) -> CellResult:
        if self._closed or self._process is None or self._replies is None:
            return CellResult.CLOSED
        cell = self._cell = Cell(emit, hidden)
        if not hidden:
            self._count += 1
            await cell.emit({"type": "number_of_executions", "execution_count": self._count})
        work = asyncio.create_task(self._work(code, cell, self._replies))
        await asyncio.wait({work, cell.ended}, return_when=asyncio.FIRST_COMPLETED)
        try:
            if not work.done():
                work.cancel()
                return cell.ended.result()
            result = work.result()
            return CellResult.CLOSED if self._closed else result
        finally:
            self._cell = None

    def interrupt(self) -> None:
        if self._process is not None and self._is_computing:
            signal_group(self._process.pid, signal.SIGINT)

    async def stop(self) -> None:
        self._closed = True
        if self._cell is not None:
            self._cell.finish(CellResult.CLOSED)
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        if self._process is not None:
            signal_group(self._process.pid, signal.SIGKILL)
            await self._process.wait()
        if self._output is not None:
            self._output.close()
            self._output = None
        if self._requests is not None:
            self._requests.close()

    def _command(self, requests: int, replies: int) -> list[str]:
        raise NotImplementedError

    async def _greet(self) -> None:
        raise NotImplementedError

    async def _work(self, code: str, cell: Cell, replies: asyncio.StreamReader) -> CellResult:
        raise NotImplementedError

    async def _pump(self, output: Pipe) -> None:
        while True:
            await output.wait()
            if not await self._drain(output):
                return
            output.again()

    async def _drain(self, output: Pipe) -> bool:
        """Passes on what the child has written so far; false at its end. Output between cells is dropped."""
        while text := output.take():
            if self._cell is not None:
                await self._emit_output(text, self._cell)
        return text is not None

    async def _emit_output(self, text: str, cell: Cell) -> None:
        await cell.emit(stream_line("stdout", text))


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


class BashKernel(ScriptKernel):
    """An interactive Bash without a terminal.

    It is interactive, because only then an interrupt ends the cell and not the shell with all its state. The command
    line goes through stdin, and the cell's text through a pipe of its own, so that nothing in the text can end the
    command early. A second command reports the status, which also works if the first was interrupted.
    """

    def _command(self, requests: int, replies: int) -> list[str]:
        self._fds = requests, replies
        self._environment = {**self._environment, "PS1": "", "PS2": "", "TERM": "dumb"}
        return ["bash", "--noprofile", "--norc", "--noediting", "-i"]

    def interrupt(self) -> None:
        if self._is_computing:
            return super().interrupt()
        # A program that was just being started may have missed the signal, and the shell waits for it.
        if self._process is not None:
            for pid in children(self._process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGINT)

    async def _greet(self) -> None:
        assert self._output is not None and self._replies is not None
        # Bash first complains about the missing terminal.
        await self._send("set +o history; PS1=; PS2=")
        await self._replies.readline()
        await self._replies.readline()
        while self._output.take():
            pass

    async def _send(self, code: str) -> None:
        assert self._process is not None and self._process.stdin is not None and self._requests is not None
        requests, replies = self._fds
        self._process.stdin.write(
            f"IFS= read -r -d '' -u {requests} __cell && echo >&{replies} && "
            f"eval \"$__cell\" </dev/null {requests}<&- {replies}>&-\n"
            f"printf '%s\\n' \"$?\" >&{replies}\n".encode())
        self._requests.write(code.replace("\0", "").encode("utf-8", "surrogatepass") + b"\0")
        await self._requests.drain()

    async def _work(self, code: str, cell: Cell, replies: asyncio.StreamReader) -> CellResult:
        assert self._process is not None and self._output is not None
        try:
            await self._send(code)
        except ConnectionError:
            pass
        # From here on an interrupt ends the cell; before, it would end reading it.
        await self._line(replies)
        self._is_computing = True
        status = await self._line(replies)
        self._is_computing = False
        await self._drain(self._output)
        if partial := self._partial + self._output.rest():
            await cell.emit(stream_line("stdout", partial))
            self._partial = ""
        result = CellResult.FINISHED
        if status == "":
            # The cell has called `exit`, which is valid; the next cell gets a new shell.
            status = str(await self._process.wait())
            result = CellResult.RENEWED
            await self._renew()
        if status != "0":
            await cell.emit(error_line("", status))
        return result

    @staticmethod
    async def _line(replies: asyncio.StreamReader) -> str:
        """Reads a status; empty at the end. A cell can open the pipe in /proc, and spoil only its own status."""
        while True:
            try:
                return (await replies.readline()).decode(errors="replace").strip()[:20]
            except ValueError:
                continue  # A line without an end; what there was of it is dropped.

    async def _renew(self) -> None:
        if self._closed:
            return
        count = self._count
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        if self._output is not None:
            self._output.close()
        if self._requests is not None:
            self._requests.close()
        await self.start()
        self._count = count

    async def _emit_output(self, text: str, cell: Cell) -> None:
        """Passes output on line by line, as E2B's kernel does, and in bulk if there is much."""
        text = self._partial + text
        self._partial = ""
        if text.count("\n") > FEW_LINES or len(text) > 1 << 20:
            return await cell.emit(stream_line("stdout", text))
        *lines, self._partial = text.split("\n")
        for line in lines:
            await cell.emit(stream_line("stdout", line + "\n"))


class JavaScriptKernel(ScriptKernel):
    """Node, with esbuild to compile TypeScript."""

    def __init__(self, cwd: str, environment: dict[str, str], *, is_typescript: bool) -> None:
        super().__init__(cwd, environment)
        self._is_typescript = is_typescript

    def _command(self, requests: int, replies: int) -> list[str]:
        return ["node", str(HERE / "kernel.js"), str(requests), str(replies)]

    def interrupt(self) -> None:
        if self._is_computing:
            super().interrupt()
        elif self._requests is not None and self._cell is not None:
            self._requests.write(b'{"interrupt": true}\n')

    async def _greet(self) -> None:
        assert self._replies is not None
        if await self._receive(self._replies) is None:
            raise ChildProcessError("node did not start")

    @staticmethod
    async def _receive(replies: asyncio.StreamReader) -> dict[str, Any] | None:
        """Reads the next message; None at the end, and for anything else that a cell has written to the pipe."""
        try:
            # The size in front allows messages of any size with a small buffer.
            size = int(await replies.readline())
            if not 0 <= size <= LONGEST_MESSAGE:
                return None
            message = json.loads(await replies.readexactly(size))
        except (asyncio.IncompleteReadError, ValueError, MemoryError, RecursionError):
            return None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            return None
        return message

    async def _work(self, code: str, cell: Cell, replies: asyncio.StreamReader) -> CellResult:
        assert self._requests is not None and self._output is not None
        if self._is_typescript:
            code, complaint = await self._transformed(code)
            if complaint:
                await cell.emit(error_line("SyntaxError", complaint.splitlines()[0], complaint))
                return CellResult.FINISHED
        try:
            self._requests.write(json.dumps({"code": code}).encode() + b"\n")
            await self._requests.drain()
        except ConnectionError:
            return CellResult.DIED
        while message := await self._receive(replies):
            match message["type"]:
                case "computing" | "waiting" as state:
                    self._is_computing = state == "computing"
                case "stream":
                    name = "stderr" if message.get("name") == "stderr" else "stdout"
                    await cell.emit(stream_line(name, str(message.get("text", ""))))
                case "value":
                    await cell.emit(result_line({"text/plain": str(message.get("text", ""))}, is_main=True))
                case "error":
                    await cell.emit(error_line(*(str(message.get(key, "")) for key in ("name", "value", "traceback"))))
                case "end":
                    # Child processes of the cell write to the process's own stdout.
                    await self._drain(self._output)
                    if rest := self._output.rest():
                        await cell.emit(stream_line("stdout", rest))
                    return CellResult.FINISHED
        return CellResult.DIED

    async def _transformed(self, code: str) -> tuple[str, str]:
        """Compiles TypeScript to JavaScript, or returns the errors in it."""
        process = await asyncio.create_subprocess_exec(
            "esbuild", "--loader=ts", "--target=esnext", "--log-level=error", "--color=false",
            '--tsconfig-raw={"compilerOptions":{"preserveValueImports":true}}',
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            cwd="/", env=self._environment)
        script, complaint = await process.communicate(code.encode("utf-8", "replace"))
        if process.returncode == 0:
            return script.decode("utf-8", "replace"), ""
        return "", complaint.decode("utf-8", "replace").replace("✘ [ERROR] ", "").strip() or "esbuild failed"

"""Ports of the sandbox, reached from outside through the pipe to the host."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

from wire import Failure, Reply

CHUNK = 64 << 10
# How many bytes are read ahead of what the client outside has taken.
WINDOW = 1 << 20
# A refused connection is tried again for about a second, because a server may just be starting.
TRIES = 6
PAUSE = 0.2
# The timeout for a server that listens and does not accept.
CONNECT_TIMEOUT = 10.0


class Dial:
    """One connection to a port."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._untaken = 0
        self._room = asyncio.Event()
        self._room.set()

    async def run(self, port: int) -> None:
        """Connects, and passes on what comes until the server has finished."""
        self._reader, self._writer = await self._connect(port)
        # A write waits until the socket has taken all of it.
        self._writer.transport.set_write_buffer_limits(0)
        self._reply.result({})
        try:
            while chunk := await self._reader.read(CHUNK):
                self._untaken += len(chunk)
                if self._untaken >= WINDOW:
                    self._room.clear()
                await self._reply.room()
                self._reply.data(base64.b64encode(chunk).decode())
                await self._room.wait()
        except OSError as error:
            raise Failure.rpc("aborted", "the connection broke") from error
        self._reply.end()

    def taken(self, count: int) -> None:
        self._untaken -= count
        if self._untaken < WINDOW:
            self._room.set()

    async def write(self, data: str) -> None:
        writer = self._open()
        try:
            writer.write(base64.b64decode(data))
            await writer.drain()
        except OSError as error:
            raise Failure.rpc("aborted", "the connection broke") from error

    def end(self) -> None:
        writer = self._open()
        try:
            if writer.can_write_eof() and not writer.is_closing():
                writer.write_eof()
        except OSError as error:
            raise Failure.rpc("aborted", "the connection broke") from error

    def hang_up(self) -> None:
        if self._writer is not None:
            self._writer.transport.abort()

    def _open(self) -> asyncio.StreamWriter:
        if self._writer is None:
            raise Failure.rpc("failed_precondition", "the connection is not open")
        return self._writer

    @staticmethod
    async def _connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(PAUSE)
            # Some servers listen on one of the two only.
            for address in ("127.0.0.1", "::1"):
                try:
                    return await asyncio.wait_for(asyncio.open_connection(address, port, limit=CHUNK), CONNECT_TIMEOUT)
                except (OSError, asyncio.TimeoutError):
                    continue
        raise Failure.rpc("unavailable", f"nothing listens on port {port}")


class Dials:
    def __init__(self) -> None:
        self._dials: dict[int, Dial] = {}
        self._tasks: dict[int, asyncio.Task[Any]] = {}

    async def dial(self, request: dict[str, Any], reply: Reply) -> None:
        id = request["id"]
        dial = self._dials[id] = Dial(reply)
        # Nobody else awaits this task, and hanging up cancels it at any point.
        task = self._tasks[id] = asyncio.ensure_future(dial.run(int(request["port"])))
        await asyncio.wait({task})
        if task.cancelled():
            return
        task.result()

    async def write(self, request: dict[str, Any]) -> None:
        await self._find(request).write(request["data"])

    def end(self, request: dict[str, Any]) -> None:
        self._find(request).end()

    def taken(self, request: dict[str, Any]) -> None:
        # It is no error if it was hung up meanwhile, because the two messages may have crossed.
        if dial := self._dials.get(request["target"]):
            dial.taken(request["count"])

    def hang_up(self, request: dict[str, Any]) -> None:
        if dial := self._dials.pop(request["target"], None):
            dial.hang_up()
        if task := self._tasks.pop(request["target"], None):
            task.cancel()

    def _find(self, request: dict[str, Any]) -> Dial:
        dial = self._dials.get(request["target"])
        if dial is None:
            raise Failure.rpc("not_found", "there is no such connection")
        return dial

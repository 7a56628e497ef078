"""The protocol with the host: one JSON object a line, both ways."""

from __future__ import annotations

import asyncio
import collections
import json
import os
from typing import Any

# The largest part of an execution's line in a frame, in bytes.
PART = 1 << 20
# The largest other answer in bytes. The host reads frames of up to 64 MiB.
LONGEST_ANSWER = 60 << 20


class Failure(Exception):
    """An answer that is an error. `fields` is what the host reads."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(fields)
        self.fields = fields

    @classmethod
    def rpc(cls, code: str, message: str) -> Failure:
        """An error of processes and files: a Connect code and a sentence."""
        return cls(code=code, message=message)

    @classmethod
    def http(cls, status: int, text: str) -> Failure:
        """An error of the code interpreter: an HTTP status and a plain text."""
        return cls(status=status, text=text)


class Outbox:
    """The queue of lines to the host.

    Producers of unlimited output call `room()` first. It waits while more than `limit` bytes are unread, so that a slow
    host slows the programs down, and the agent stays small. A single line may be larger than the limit.
    """

    def __init__(self, fd: int, limit: int = 8 << 20) -> None:
        self._fd = fd
        self._limit = limit
        self._queue: collections.deque[memoryview] = collections.deque()
        self._size = 0
        self._room = asyncio.Event()
        self._room.set()
        self._loop = asyncio.get_running_loop()
        self.broken: asyncio.Future[None] = self._loop.create_future()
        os.set_blocking(fd, False)

    @property
    def is_full(self) -> bool:
        return not self._room.is_set()

    async def room(self) -> None:
        await self._room.wait()

    def post(self, *pieces: bytes | memoryview) -> None:
        if self.broken.done():
            return
        idle = not self._queue
        for piece in pieces:
            # An empty write would look like a pipe that takes nothing.
            if piece:
                self._queue.append(memoryview(piece))
                self._size += len(piece)
        if self._size > self._limit:
            self._room.clear()
        if idle:
            self._write()
            if self._queue:
                self._loop.add_writer(self._fd, self._write)

    def _write(self) -> None:
        try:
            while self._queue:
                head = self._queue[0]
                count = os.write(self._fd, head[: 1 << 20])
                self._size -= count
                if count == len(head):
                    self._queue.popleft()
                else:
                    self._queue[0] = head[count:]
        except BlockingIOError:
            pass
        except OSError:
            # The host is gone, so nobody will read the rest.
            self._queue.clear()
            self._size = 0
            if not self.broken.done():
                self.broken.set_result(None)
        if not self._queue:
            self._loop.remove_writer(self._fd)
        if self._size <= self._limit // 2:
            self._room.set()


class Reply:
    """The answers to one request.

    Every line starts with `{"id":<n>,"<kind>":` in exactly these bytes, and its value reaches to the closing brace, so
    that the host can pass an execution's line on without parsing it. A long line, which may have hundreds of megabytes,
    is sent as frames of the kind `part`, each with a piece of it in brackets, and then an empty one of the kind `line`.
    """

    def __init__(self, outbox: Outbox, request: int) -> None:
        self._outbox = outbox
        self._request = request

    @property
    def outbox(self) -> Outbox:
        return self._outbox

    def accepted(self) -> None:
        self._post("accepted", True)

    def result(self, value: Any) -> None:
        self._post("result", value)

    def error(self, fields: dict[str, Any]) -> None:
        self._post("error", fields)

    def line(self, value: dict[str, Any]) -> None:
        data = encoded(value)
        if len(data) <= PART:
            return self._outbox.post(self._head("line") + data + b"}\n")
        view = memoryview(data)
        for start in range(0, len(data), PART):
            self._outbox.post(self._head("part") + b"[", view[start:start + PART], b"]}\n")
        self._outbox.post(self._head("line") + b"}\n")

    def event(self, value: dict[str, Any]) -> None:
        self._post("event", value)

    def data(self, base64: str) -> None:
        self._post("data", base64)

    def end(self) -> None:
        self._post("end", True)

    async def room(self) -> None:
        await self._outbox.room()

    def _post(self, kind: str, value: Any) -> None:
        data = encoded(value)
        if len(data) > LONGEST_ANSWER:
            kind, data = "error", encoded({"code": "resource_exhausted", "message": "the answer is too large"})
        self._outbox.post(self._head(kind) + data + b"}\n")

    def _head(self, kind: str) -> bytes:
        return f'{{"id":{self._request},"{kind}":'.encode("ascii")


def encoded(value: Any) -> bytes:
    """Encodes as ASCII. Lone surrogates, by which Python keeps bytes that are not UTF-8, become U+FFFD, because strict
    readers of JSON refuse them."""
    text = json.dumps(value)
    if "\\ud" in text:
        plain = json.dumps(value, ensure_ascii=False)
        try:
            plain.encode()
        except UnicodeEncodeError:
            text = json.dumps(json.loads(plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")))
    return text.encode("ascii")

"""An E2B without machines, for the soak: its control API, and a code interpreter, commands and files that do what the
soak's few programs say. It counts what it makes and kills, and fails as it is told.

    e2b.py PORT-FILE

PUT /soak/faults takes `STEP:KIND` pairs separated by spaces, each of which strikes every other time; GET /soak/stats
tells the counts. Steps: create list connect kill execute process file. Kinds: 429, 500, 503 and their kin; reset; cut,
in the middle of a stream; lost, for create: the sandbox is made, and the answer is not sent.
"""

import asyncio
import base64
import hashlib
import json
import os
import random
import re
import struct
import sys
import time
import urllib.parse
import zlib

HIDDEN = "a-hidden-value-of-the-soak"
# What stands in the code that a fresh kernel gets before the first program (Language+Variables.swift).
PREPARATION = "Variables of the sandbox"

sandboxes = {}  # by id: metadata, started, ends, files
stats = {"created": 0, "killed": 0, "lost": 0}
faults = {}  # by step: kinds


class Reset(Exception):
    """The connection is closed without an answer."""


class Refusal(Exception):
    """An answer with this status."""


def strike(step, kind=None):
    """Whether a fault of this kind strikes now; without a kind: raises one that strikes before anything is done."""
    kinds = faults.get(step, ())
    if kind:
        return kind in kinds and random.random() < 0.5
    for kind in kinds:
        if random.random() < 0.5:
            if kind == "reset":
                raise Reset
            if kind.isdigit():
                raise Refusal(int(kind))
    return False


def picture(nonce, width=64, height=48):
    """A PNG whose pixels are the nonce's own."""
    pixels = random.Random(nonce).randbytes(3 * width * height)
    rows = b"".join(b"\0" + pixels[3 * width * y : 3 * width * (y + 1)] for y in range(height))

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def told(sandbox_id, sandbox):
    def date(seconds):
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + ".%06dZ" % (seconds % 1 * 1e6)

    return {
        "templateID": "soak", "sandboxID": sandbox_id, "clientID": "6532622b", "envdVersion": "0.6.13",
        "envdAccessToken": "0" * 64, "metadata": sandbox["metadata"], "state": "running", "cpuCount": 2,
        "memoryMB": 512, "diskSizeMB": 1024, "startedAt": date(sandbox["started"]), "endAt": date(sandbox["ends"]),
    }


class Connection:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def serve(self):
        try:
            while head := await self.reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                method, target, _ = lines[0].split(" ")
                fields = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
                if fields.get("expect"):
                    self.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = await self.reader.readexactly(int(fields.get("content-length", 0)))
                try:
                    await self.answer(method, target, fields, body)
                except Refusal as refusal:
                    status = refusal.args[0]
                    self.send(status, {"code": status, "message": f"The soak's E2B says {status}"})
                await self.writer.drain()
        except (Reset, asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.writer.transport.abort()

    def send(self, status, value=None, kind="application/json"):
        body = value if isinstance(value, bytes) else b"" if value is None else json.dumps(value).encode()
        head = f"HTTP/1.1 {status} Soak\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)

    async def answer(self, method, target, fields, body):
        url = urllib.parse.urlsplit(target)
        match (method, url.path.strip("/").split("/")):
            case ("PUT", ["soak", "faults"]):
                faults.clear()
                for rule in body.decode().split():
                    step, kind = rule.split(":")
                    faults.setdefault(step, []).append(kind)
                self.send(200, {})
            case ("GET", ["soak", "stats"]):
                self.send(200, stats | {"alive": len(sandboxes)})
            case ("POST", ["sandboxes"]):
                await self.create(json.loads(body))
            case ("GET", ["v2", "sandboxes"]):
                strike("list")
                self.list(urllib.parse.parse_qs(url.query))
            case ("DELETE", ["sandboxes", sandbox_id]):
                strike("kill")
                if sandboxes.pop(sandbox_id, None) is None:
                    raise Refusal(404)
                stats["killed"] += 1
                self.send(204)
            case (_, ["sandboxes", sandbox_id, *_]):
                strike("connect")
                if sandbox_id not in sandboxes:
                    raise Refusal(404)
                self.send(200, told(sandbox_id, sandboxes[sandbox_id]))
            case _:
                sandbox = sandboxes.get(fields.get("e2b-sandbox-id"))
                if sandbox is None:
                    self.send(502, {"sandboxId": "", "message": "The sandbox was not found", "code": 502})
                elif url.path == "/execute":
                    strike("execute")
                    await self.execute(json.loads(body)["code"])
                elif url.path == "/files":
                    strike("file")
                    self.file(method, sandbox["files"], urllib.parse.parse_qs(url.query)["path"][0], body)
                else:
                    strike("process")
                    await self.process(sandbox["files"], json.loads(body[5:]))

    async def create(self, order):
        await asyncio.sleep(random.uniform(0.02, 0.2))
        strike("create")
        sandbox_id = "i" + os.urandom(10).hex()[:19]
        now = time.time()
        sandboxes[sandbox_id] = {
            "metadata": order.get("metadata", {}), "started": now, "ends": now + order["timeout"], "files": {}
        }
        stats["created"] += 1
        if strike("create", "lost"):
            stats["lost"] += 1
            raise Reset
        self.send(201, told(sandbox_id, sandboxes[sandbox_id]))

    def list(self, query):
        # Escaped as a parameter, as a whole and in parts.
        pairs = urllib.parse.unquote(query.get("metadata", [""])[0]).split("&")
        wanted = [tuple(map(urllib.parse.unquote, pair.split("="))) for pair in pairs if pair]
        found = [(k, v) for k, v in sandboxes.items() if all(v["metadata"].get(name) == it for name, it in wanted)]
        self.send(200, [told(*sandbox) for sandbox in found])

    # What runs in a sandbox

    def chunk(self, data):
        self.writer.write(b"%x\r\n%s\r\n" % (len(data), data))

    async def execute(self, code):
        """`text N`, `hidden N`, `plot N`, `album N`, `slow N`, `fail N` and `hang N`, where N is to come back; and what runs before."""
        verb, nonce = ("prepare", "") if PREPARATION in code else code.split()
        self.writer.write(b"HTTP/1.1 200 Soak\r\nTransfer-Encoding: chunked\r\n\r\n")

        def line(**members):
            self.chunk(json.dumps(members).encode() + b"\n")

        line(type="number_of_executions", execution_count=1)
        if verb == "prepare":
            line(type="end_of_execution")
            self.chunk(b"")
            return
        if verb not in ("plot", "album"):
            line(type="stdout", text=nonce + (f" {HIDDEN}" if verb == "hidden" else "") + "\n", timestamp="t")
        if verb == "hang":
            # Until the responder hangs up.
            await self.reader.read()
            raise Reset
        await asyncio.sleep(5 if verb == "slow" else random.uniform(0.2, 2))
        if strike("execute", "cut"):
            raise Reset
        if verb == "plot":
            line(type="result", text="<Figure>", png=base64.b64encode(picture(nonce)).decode(), is_main_result=True)
        # Ten pictures that nothing makes smaller, 8.8 MB in base64.
        for i in range(10 if verb == "album" else 0):
            line(type="result", text="<Figure>", png=base64.b64encode(picture(f"{nonce}{i}", 470, 470)).decode())
        if verb == "fail":
            line(type="error", name="ValueError", value=nonce, traceback=f"ValueError: {nonce}")
        line(type="end_of_execution")
        self.chunk(b"")

    def file(self, method, files, path, body):
        if method == "POST":
            files[path] = body
            self.send(200, [{"path": path, "name": path, "type": "file"}])
        elif path in files:
            self.send(200, files[path], "application/octet-stream")
        else:
            raise Refusal(404)

    async def process(self, files, order):
        """`echo N`, `sha256sum PATH` and `exit N`; and what a creation asks for."""
        command = order["process"]["args"][-1]
        head = "HTTP/1.1 200 Soak\r\nContent-Type: application/connect+json\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.writer.write(head.encode())

        def message(value, flags=0):
            data = json.dumps(value).encode()
            self.chunk(struct.pack(">BI", flags, len(data)) + data)

        message({"event": {"start": {"pid": 7}}})
        await asyncio.sleep(random.uniform(0.01, 0.3))
        if strike("process", "cut"):
            raise Reset
        output, code = "", 0
        if command == "whoami; pwd":
            output = "user\n/home/user\n"
        elif echo := re.fullmatch(r"echo (\w+)", command):
            output = echo[1] + "\n"
        elif path := re.fullmatch(r"sha256sum (\S+)", command):
            output = hashlib.sha256(files.get(path[1], b"")).hexdigest() + "\n"
        elif status := re.fullmatch(r"exit (\d+)", command):
            code = int(status[1])
        if output:
            message({"event": {"data": {"stdout": base64.b64encode(output.encode()).decode()}}})
        message({"event": {"end": {"exitCode": code, "exited": True, "status": f"exit status {code}"}}})
        message({}, flags=2)
        self.chunk(b"")


async def main():
    server = await asyncio.start_server(
        lambda reader, writer: Connection(reader, writer).serve(), "127.0.0.1", 0, backlog=4096, limit=1 << 20)
    with open(sys.argv[1] + ".new", "w") as file:
        file.write(str(server.sockets[0].getsockname()[1]))
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

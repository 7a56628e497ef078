"""What the soak's clients ask, and what they take for an answer: exactly their own content, or, while E2B fails, a
failure that says so."""

import asyncio
import base64
import collections
import hashlib
import io
import json
import os
import random
import re
import time

from PIL import Image

KEY = "soak-of-the-responder-0123456789"
# In all that is asked and answered; nobody may see another's.
NONCE = re.compile(r"nonce[0-9a-f]{16}")


class Wrong(Exception):
    """An answer that is not what was asked for."""


class Failed(Exception):
    """An answer that honestly says that it did not work."""


class Answer:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body

    @property
    def json(self):
        return json.loads(self.body)


class Traffic:
    def __init__(self, port):
        self.port = port
        self.is_stopping = False
        self.counts = collections.Counter()
        self.wrong = []
        self.in_flight = self.most_in_flight = 0
        self.faults = []  # of [begin, end]: when E2B failed

    async def ask(self, method, path, body=None, key=KEY, hang_up=None):
        """One request on a connection of its own. `hang_up`: seconds after which the client is gone."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 24)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
            head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json"
            head += f"\r\nAuthorization: Bearer {key}\r\nContent-Length: {len(data)}\r\n\r\n"
            writer.write(head.encode() + data)
            if hang_up is not None:
                await asyncio.sleep(hang_up)
                return None
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            fields = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
            # Longer than anything here may take.
            async with asyncio.timeout(120):
                if "content-length" in fields:
                    content = await reader.readexactly(int(fields["content-length"]))
                else:
                    content = b""
                    while size := int(await reader.readline(), 16):
                        content += await reader.readexactly(size)
                        await reader.readline()
            return Answer(int(lines[0].split(" ")[1]), fields, content)
        finally:
            self.in_flight -= 1
            writer.transport.abort()

    # Who asks

    async def client(self):
        kinds = {
            self.text: 30, self.hidden: 5, self.plot: 10, self.failure: 8, self.time_limit: 4, self.session: 8,
            self.refusal: 8, self.hang_up: 6,
        }
        while not self.is_stopping:
            kind = random.choices(list(kinds), list(kinds.values()))[0]
            begin = time.monotonic()
            nonce = "nonce" + os.urandom(8).hex()
            try:
                await kind(nonce)
                self.counts[kind.__name__] += 1
            except Failed as failure:
                if self.was_failing(begin):
                    self.counts["failed"] += 1
                else:
                    self.wrong.append(f"{kind.__name__}: failed though E2B did not: {failure}")
            except Wrong as wrong:
                self.wrong.append(f"{kind.__name__}: {wrong}")
            except (OSError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
                self.wrong.append(f"{kind.__name__}: {type(error).__name__} {error}")

    def was_failing(self, begin):
        # A call that was hit may be answered a little later.
        return any(end is None or end + 2 > begin for _, end in self.faults)

    def check(self, answer, nonce):
        for other in NONCE.findall(answer.body.decode()):
            if other != nonce:
                raise Wrong(f"another's {other} in the answer for {nonce}")

    # POST /execute

    async def run(self, code, nonce, **more):
        answer = await self.ask("POST", "/execute", {"code": code} | more)
        self.check(answer, nonce)
        [[text], images] = answer.json
        if answer.status in (429, 502, 503, 504):
            raise Failed(f"{answer.status} {text['text'][:300]}")
        if answer.status != 200:
            raise Wrong(f"status {answer.status}: {text}")
        return text["text"], images["content"]

    def expect(self, found, expected):
        if found != expected:
            raise Wrong(f"{found!r:.500} in place of {expected!r:.500}")

    async def text(self, nonce):
        code = f"text {nonce}"
        expected = f"**Console Output:**\n```\n{nonce}\n```\n\n**Executed Code:**\n```python\n{code}\n```"
        self.expect(await self.run(code, nonce), (expected, []))

    async def hidden(self, nonce):
        code = f"hidden {nonce}"
        shown = f"{nonce} [hidden:TOKEN]"
        expected = f"**Console Output:**\n```\n{shown}\n```\n\n**Executed Code:**\n```python\n{code}\n```"
        self.expect(await self.run(code, nonce), (expected, []))

    async def plot(self, nonce):
        code = f"plot {nonce}"
        text, images = await self.run(code, nonce)
        self.expect(text, f"**Executed Code:**\n```python\n{code}\n```")
        [image] = images
        prefix, _, data = image["image_url"]["url"].partition(",")
        self.expect(prefix, "data:image/png;base64")
        pixels = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")
        self.expect(pixels.size, (64, 48))
        if pixels.tobytes() != random.Random(nonce).randbytes(3 * 64 * 48):
            raise Wrong("another picture")

    async def failure(self, nonce):
        text, images = await self.run(f"fail {nonce}", nonce)
        if f"ValueError: {nonce}" not in text or images:
            raise Wrong(text[:300])

    async def time_limit(self, nonce):
        text, images = await self.run(f"hang {nonce}", nonce, timeout=1)
        if "time limit of 1 second" not in text or f"```\n{nonce}\n```" not in text or images:
            raise Wrong(text[:300])

    # POST /e2bcode

    async def act(self, action, session, nonce, **parameters):
        answer = await self.ask("POST", "/e2bcode", {"action": action, "sessionId": session} | parameters)
        self.check(answer, nonce)
        reply = answer.json
        if answer.status != 200 or not reply["success"] and action != "shell":
            raise Failed(f"{action} {answer.status} {reply['error']!s:.300}")
        return reply

    async def session(self, nonce):
        session = f"session {os.urandom(8).hex()}"
        try:
            await self.act("create", session, nonce)
            reply = await self.act("execute", session, nonce, code=f"text {nonce}")
            self.expect((reply["logs"]["stdout"], reply["success"]), (nonce + "\n", True))
            data = os.urandom(random.randint(1, 300_000))
            reply = await self.act(
                "write_file", session, nonce, filePath="/tmp/data", encoding="base64",
                fileContent=base64.b64encode(data).decode())
            self.expect(reply["bytes"], len(data))
            await self.shell(session, nonce, "sha256sum /tmp/data", hashlib.sha256(data).hexdigest() + "\n")
            await self.act("write_file", session, nonce, filePath="/tmp/note", fileContent=nonce)
            reply = await self.act("read_file", session, nonce, filePath="/tmp/note")
            self.expect(reply["content"], nonce)
            await self.shell(session, nonce, f"echo {nonce}", nonce + "\n")
            reply = await self.act("shell", session, nonce, command="exit 3")
            if reply.get("exitCode") is None:
                raise Failed(reply["error"])
            self.expect((reply["success"], reply["exitCode"]), (False, 3))
        finally:
            await self.end(session, nonce)

    async def shell(self, session, nonce, command, output):
        reply = await self.act("shell", session, nonce, command=command)
        if not reply["success"]:
            raise Failed(reply["error"])
        self.expect(reply["output"], output)

    async def end(self, session, nonce):
        for attempt in range(60):
            try:
                return await self.act("kill", session, nonce)
            except Failed as failure:
                if not self.was_failing(time.monotonic() - 1):
                    raise Wrong(f"could not be killed: {failure}") from failure
                await asyncio.sleep(0.5)
        raise Wrong(f"could not be killed: {session}")

    # What is not done

    async def refusal(self, nonce):
        path, body, key, status = random.choice([
            ("/execute", {"code": nonce}, KEY + "x", 401), ("/e2bcode", {"action": nonce}, "", 401),
            ("/execute", b"{", KEY, 400), ("/execute", {"code": ""}, KEY, 400), ("/e2bcode", b"[]", KEY, 400),
            ("/e2bcode", {"action": "nothing"}, KEY, 200), ("/execute", {"code": nonce * 250_000}, KEY, 413),
            (f"/{nonce}", {}, KEY, 404),
        ])
        answer = await self.ask("POST", path, body, key)
        self.check(answer, nonce)
        self.expect(answer.status, status)
        reply = answer.json
        if path == "/e2bcode" and reply["success"]:
            raise Wrong(answer.body[:300])

    async def hang_up(self, nonce):
        code = random.choice(["text", "hang", "plot"])
        await self.ask("POST", "/execute", {"code": f"{code} {nonce}"}, hang_up=random.uniform(0, 1))

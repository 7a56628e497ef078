"""A soak: 200 clients ask for everything at once through the real nginx, while an E2B that costs nothing fails in every
way and recovers, over and over. Every answer is checked for exactly its own content.

    soak.py      SOAK_SECONDS=300   of traffic, after a warm-up
                 SOAK_CLIENTS=200   requests in flight
                 BIN=DIR            where e2b-fcgi is; default: the release build

Exit status 1, with the reasons, unless no answer was wrong, every sandbox that was made was killed, memory and
descriptors went back to where they were after the warm-up, /health answered in under 50 ms (the 99th percentile), the
log has a reason for every failure and nothing of what was asked, and the responder stops when it is told to.
"""

import asyncio
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from e2b import HIDDEN
from traffic import KEY, NONCE, Traffic

HERE = pathlib.Path(__file__).resolve().parent
SECONDS = float(os.environ.get("SOAK_SECONDS") or 300)
CLIENTS = int(os.environ.get("SOAK_CLIENTS") or 200)
BIN = pathlib.Path(os.environ.get("BIN") or HERE.parent.parent / ".build/release").resolve()
# One after the other, with a pause after each. A rule strikes every other time.
FAULTS = [
    "create:500", "execute:cut", "kill:500", "create:lost", "process:500 file:reset", "create:429", "execute:reset",
    "list:503", "execute:500 kill:503", "process:cut", "create:reset", "connect:500 list:reset", "kill:reset",
    "file:500", "create:503", "process:reset",
]


def say(text):
    print(f"soak: {text}", file=sys.stderr, flush=True)


class Service:
    """The responder, nginx before it and E2B behind it, in a folder of their own."""

    def __init__(self, folder):
        self.folder = folder
        self.processes = []

    async def start(self):
        e2b_port = self.folder / "e2b.port"
        self.spawn("e2b", sys.executable, HERE / "e2b.py", e2b_port)
        self.e2b_port = int(await self.content(e2b_port))
        url = f"http://127.0.0.1:{self.e2b_port}"
        socket = self.folder / "sock"
        self.responder = self.spawn("e2b-fcgi", BIN / "e2b-fcgi", "--listen", f"unix:{socket}", environment={
            "E2B_API_KEY": "e2b_" + "0" * 40, "E2B_API_URL": url, "E2B_SANDBOX_URL": url,
            "E2B_FCGI_KEYS": f"soak:{KEY}", "E2B_FCGI_EXECUTIONS": str(2 * CLIENTS), "E2B_CODE_EV_TOKEN": HIDDEN,
        })
        while "listening on" not in self.log("e2b-fcgi"):
            await self.wait()
        sources = HERE.parent.parent / "nginx"
        self.port = free_port()
        user = "user root;" if os.geteuid() == 0 else ""
        (self.folder / "temp").mkdir()
        (self.folder / "nginx.conf").write_text(
            (sources / "nginx.conf").read_text().replace("@PORT@", str(self.port)).replace("@USER@", user))
        (self.folder / "e2b-fcgi.conf").write_text(
            (sources / "e2b-fcgi.conf").read_text().replace("unix:/run/e2b-fcgi/e2b-fcgi.sock", f"unix:{socket}"))
        nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        if not nginx:
            sys.exit("soak: nginx is missing. `make deps` installs it.")
        self.spawn("nginx", nginx, "-e", "stderr", "-p", self.folder, "-c", self.folder / "nginx.conf")
        await self.content(self.folder / "nginx.pid")

    def spawn(self, name, *command, environment={}):
        """The kernel ends it when this process dies, however that comes about."""
        with open(self.folder / f"{name}.log", "w") as log:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *map(str, command)], cwd=self.folder, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=log, start_new_session=True,
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8"} | environment)
        self.processes.append((name, process))
        return process

    def log(self, name):
        return (self.folder / f"{name}.log").read_text()

    async def content(self, file):
        while not file.exists() or not file.read_text():
            await self.wait()
        return file.read_text()

    async def wait(self):
        for name, process in self.processes:
            if process.poll() is not None:
                sys.exit(f"soak: {name} ended with status {process.returncode}:\n{self.log(name)[-2000:]}")
        await asyncio.sleep(0.05)

    async def e2b(self, method, path, body=b""):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.e2b_port)
        writer.write(f"{method} {path} HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split()[0])
        content = await reader.readexactly(length)
        writer.close()
        return json.loads(content)

    def size(self):
        """Kilobytes and descriptors of the responder and of the processes that decode for it."""
        family = [self.responder.pid]
        for thread in pathlib.Path(f"/proc/{self.responder.pid}/task").iterdir():
            family += map(int, (thread / "children").read_text().split())
        memory = descriptors = 0
        for pid in family:
            try:
                status = pathlib.Path(f"/proc/{pid}/status").read_text()
                memory += int(status.split("VmRSS:")[1].split()[0])
                descriptors += len(os.listdir(f"/proc/{pid}/fd"))
            except (OSError, IndexError):
                pass  # It ended meanwhile.
        return memory, descriptors

    def stop(self):
        for _, process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        for _, process in reversed(self.processes):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port():
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


async def run(service, traffic, seconds):
    """Traffic for so long, with every fault in its turn. Returns when all of it has been answered."""
    traffic.is_stopping = False
    clients = [asyncio.create_task(traffic.client()) for _ in range(CLIENTS)]
    end = time.monotonic() + seconds
    # Each strikes at least once, if there is a second for each.
    each = min(3, max(0.5, seconds / 2 / len(FAULTS)))
    turn = 0
    while (left := end - time.monotonic()) > 0:
        await asyncio.sleep(min(each, left))
        if time.monotonic() + each + 1 > end:
            continue
        await service.e2b("PUT", "/soak/faults", FAULTS[turn % len(FAULTS)].encode())
        traffic.faults.append([time.monotonic(), None])
        await asyncio.sleep(each)
        await service.e2b("PUT", "/soak/faults")
        traffic.faults[-1][1] = time.monotonic()
        turn += 1
        if service.responder.poll() is not None:
            break
    traffic.is_stopping = True
    await asyncio.gather(*clients)
    # The responder goes on to kill what is lost or could not be killed at once.
    deadline = time.monotonic() + 60
    while (await service.e2b("GET", "/soak/stats"))["alive"] and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
    await asyncio.sleep(2)


async def soak(service):
    reasons = []
    await service.start()
    traffic = Traffic(service.port)
    say(f"warming up; {CLIENTS} clients, {os.cpu_count()} cores, {BIN}/e2b-fcgi")
    await run(service, traffic, min(30, max(20, SECONDS / 5)))
    memory, descriptors = service.size()

    say(f"{SECONDS:.0f} s of traffic")
    health = service.spawn("health", sys.executable, HERE / "health.py", service.port)
    begin = time.monotonic()
    answered = sum(traffic.counts.values())
    await run(service, traffic, SECONDS)
    health.send_signal(signal.SIGTERM)
    pulse = json.loads(await asyncio.to_thread(health.stdout.read))
    service.processes.remove(("health", health))
    memory_now, descriptors_now = service.size()
    stats = await service.e2b("GET", "/soak/stats")

    counts = ", ".join(f"{name} {count}" for name, count in sorted(traffic.counts.items()))
    say(f"{sum(traffic.counts.values()) - answered} answers in {time.monotonic() - begin:.0f} s; in all: {counts}")
    say(f"at most {traffic.most_in_flight} in flight; {len(traffic.faults)} spells of faults; "
        f"wrong: {len(traffic.wrong)}")
    say(f"sandboxes made {stats['created']} ({stats['lost']} of them unheard of), killed {stats['killed']}")
    say(f"memory {memory} -> {memory_now} kB, descriptors {descriptors} -> {descriptors_now}")
    say(f"/health: {pulse['count']} asked, p50 {pulse['p50']} ms, p99 {pulse['p99']} ms, max {pulse['max']} ms; "
        f"nginx alone {pulse['floor']} ms (p99); load average {os.getloadavg()[0]:.1f}")

    if traffic.wrong:
        reasons.append(f"{len(traffic.wrong)} wrong answers, the first: " + "; ".join(traffic.wrong[:3]))
    if stats["created"] != stats["killed"] or stats["alive"]:
        reasons.append(f"{stats['created']} sandboxes were made and {stats['killed']} killed; {stats['alive']} live")
    if memory_now > 1.25 * memory + 16_384:
        reasons.append(f"memory went from {memory} to {memory_now} kB")
    if descriptors_now > descriptors + 32:
        reasons.append(f"descriptors went from {descriptors} to {descriptors_now}")
    if pulse["wrong"]:
        reasons.append(f"/health was wrong {pulse['wrong']} times")
    if pulse["p99"] >= 50:
        busy = "; the machine is busy with something else" if pulse["floor"] >= 50 else ""
        reasons.append(f"/health took {pulse['p99']} ms (p99), nginx alone {pulse['floor']} ms{busy}")

    service.responder.terminate()
    try:
        if status := await asyncio.to_thread(service.responder.wait, 60):
            reasons.append(f"the responder ended with status {status}")
    except subprocess.TimeoutExpired:
        reasons.append("the responder did not stop within 60 s")
    reasons += complaints(service.log("e2b-fcgi"))
    return reasons


def complaints(log):
    """Of the log: what it should not have, and what it lacks."""
    for secret in [KEY, HIDDEN, "e2b_0000"]:
        if secret in log:
            yield "the log has a secret"
    # A path is logged as it was asked for; those of the soak are answered by nginx.
    if found := NONCE.search(log):
        yield f"the log has what was asked: {found[0]}"
    for text in log.splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            yield f"a line of the log is no JSON: {text[:300]}"
            return
        if "notice" not in line and line["success"] == ("error" in line):
            yield f"a line of the log lacks its reason: {text[:300]}"
            return


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard != resource.RLIM_INFINITY else max(soft, 65536), hard))
    if not (BIN / "e2b-fcgi").exists():
        sys.exit(f"soak: {BIN}/e2b-fcgi is missing. Run `make build` first.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="e2b-soak.") as folder:
        service = Service(pathlib.Path(folder))
        try:
            reasons = asyncio.run(soak(service))
        finally:
            service.stop()
    for reason in reasons:
        say(f"failed: {reason}")
    if not reasons:
        say("passed")
    sys.exit(bool(reasons))


if __name__ == "__main__":
    main()

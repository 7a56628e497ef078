"""The agent of a local sandbox: runs inside it and carries out the requests of the host on stdin.

It needs only Debian's python3 and its packages. The sandbox ends when stdin does.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import resource
import signal
import sys
from typing import Any, Awaitable, Callable

# Importing must not write compiled files next to the agent's.
sys.dont_write_bytecode = True

import pipes  # noqa: E402
from contexts import Contexts, Execution  # noqa: E402
from dials import Dials  # noqa: E402
from files import Files, Paths, Upload  # noqa: E402
from kernelserver import KernelServer  # noqa: E402
from processes import Leaving, Listener, Processes  # noqa: E402
from processtools import set_dumpable  # noqa: E402
from wire import Failure, Outbox, Reply  # noqa: E402

Request = dict[str, Any]
Handler = Callable[[Request, Reply], Awaitable[None]]

# The largest line from the host: code, of which a request may have 64 MiB, or a chunk of an upload.
LINE_LIMIT = 65 << 20


class Agent:
    def __init__(self, outbox: Outbox, home: str, environment: dict[str, str], kernels: KernelServer) -> None:
        self._outbox = outbox
        self._contexts = Contexts(home, environment, kernels)
        self._dials = Dials()
        self._files = Files(Paths(home))
        self._processes = Processes(Paths(home), environment)
        self._executions: dict[int, Execution] = {}
        self._listeners: dict[int, Listener] = {}
        self._uploads: dict[int, Upload] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._handlers: dict[str, Handler] = {
            "init": self._init,
            "execute": self._execute,
            "cancel": self._cancel,
            "contexts_create": self._contexts_create,
            "contexts_list": self._contexts_list,
            "contexts_restart": self._contexts_restart,
            "contexts_delete": self._contexts_delete,
            "start": self._start,
            "connect": self._connect,
            "detach": self._detach,
            "list": self._list,
            "signal": self._signal,
            "kill": self._kill,
            "input": self._input,
            "close_stdin": self._close_stdin,
            "resize": self._resize,
            "stat": self._file_call(self._files.stat),
            "list_dir": self._file_call(self._files.list_dir),
            "make_dir": self._file_call(self._files.make_dir),
            "move": self._file_call(self._files.move),
            "remove": self._file_call(self._files.remove),
            "read_file": self._read_file,
            "dial": self._dials.dial,
            "dial_write": self._dial_write,
            "dial_end": self._dial_end,
            "dial_taken": self._dial_taken,
            "hang_up": self._hang_up,
        }

    async def serve(self, requests: asyncio.StreamReader) -> None:
        """Serves until the host closes stdin, or asks for the end."""
        await self._contexts.warm()
        self._outbox.post(json.dumps({"ready": True, "languages": self._contexts.languages}).encode() + b"\n")
        while line := await requests.readline():
            request = json.loads(line)
            match request["op"]:
                case "shutdown":
                    return
                case "write_file" | "write_chunk" | "write_end":
                    # Chunks are written at once, so that they stay in order, and so that the host waits for the disk.
                    self._write(request)
                    continue
            # Tasks start in the order in which they are made, so requests reach the queues in the host's order.
            task = asyncio.create_task(self._answer(request))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        await asyncio.gather(self._processes.stop(), self._contexts.stop())

    async def _answer(self, request: Request) -> None:
        reply = Reply(self._outbox, int(request.get("id", 0)))
        try:
            handler = self._handlers.get(request["op"])
            if handler is None:
                raise Failure.rpc("unimplemented", f"there is no {request['op']}")
            await handler(request, reply)
        except Failure as failure:
            reply.error(failure.fields)
        except Exception as error:
            # This is a bug of ours or the host's. The request is still answered, and the log has no data of the user.
            print(f"{request.get('op')}: {type(error).__name__}", file=sys.stderr)
            reply.error({"code": "internal", "message": type(error).__name__, "status": 500,
                         "text": "Internal Server Error"})

    async def _init(self, request: Request, reply: Reply) -> None:
        variables = {
            "E2B_SANDBOX": "true", "E2B_SANDBOX_ID": request["sandbox_id"], "E2B_TEMPLATE_ID": request["template_id"],
            **(request.get("envs") or {}),
        }
        # They are sorted, as E2B's server gets them.
        self._contexts.global_variables = dict(sorted(variables.items()))
        self._processes.global_variables = variables
        reply.result({})

    async def _execute(self, request: Request, reply: Reply) -> None:
        async def emit(line: dict[str, Any]) -> None:
            await reply.room()
            reply.line(line)

        execution = self._executions[request["id"]] = Execution(reply.accepted, emit)
        try:
            await self._contexts.execute(
                request["code"], request.get("language"), request.get("context"), request.get("env_vars") or {},
                execution)
            reply.end()
        finally:
            del self._executions[request["id"]]

    async def _cancel(self, request: Request, reply: Reply) -> None:
        # It is no error if the request has ended already, because the two messages may have crossed.
        if execution := self._executions.get(request["target"]):
            execution.cancel()
        reply.result({})

    async def _contexts_create(self, request: Request, reply: Reply) -> None:
        context = await self._contexts.create(request.get("language"), request.get("cwd"))
        reply.result(context.description)

    async def _contexts_list(self, request: Request, reply: Reply) -> None:
        reply.result(self._contexts.list())

    async def _contexts_restart(self, request: Request, reply: Reply) -> None:
        await self._contexts.restart(request["context"])
        reply.result(None)

    async def _contexts_delete(self, request: Request, reply: Reply) -> None:
        await self._contexts.delete(request["context"])
        reply.result(None)

    async def _start(self, request: Request, reply: Reply) -> None:
        await self._listen(self._processes.start, request, reply)

    async def _connect(self, request: Request, reply: Reply) -> None:
        await self._listen(self._processes.connect, request, reply)

    async def _listen(
        self, attach: Callable[[Request, Listener], Awaitable[None]], request: Request, reply: Reply
    ) -> None:
        async def send(event: dict[str, Any]) -> None:
            await reply.room()
            reply.event(event)

        listener = self._listeners[request["id"]] = Listener(send)
        try:
            await attach(request, listener)
        finally:
            del self._listeners[request["id"]]
        if listener.left.result() is not Leaving.DETACHED:
            reply.end()

    async def _detach(self, request: Request, reply: Reply) -> None:
        if listener := self._listeners.get(request["target"]):
            listener.leave(Leaving.DETACHED)
        reply.result({})

    async def _list(self, request: Request, reply: Reply) -> None:
        reply.result(self._processes.list())

    async def _signal(self, request: Request, reply: Reply) -> None:
        self._processes.signal(request)
        reply.result({})

    async def _kill(self, request: Request, reply: Reply) -> None:
        for pid in request["pids"]:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        reply.result({})

    async def _input(self, request: Request, reply: Reply) -> None:
        await self._processes.input(request)
        reply.result({})

    async def _close_stdin(self, request: Request, reply: Reply) -> None:
        self._processes.close_stdin(request)
        reply.result({})

    async def _resize(self, request: Request, reply: Reply) -> None:
        self._processes.resize(request)
        reply.result({})

    def _file_call(self, call: Callable[[Request], dict[str, Any]]) -> Handler:
        async def handler(request: Request, reply: Reply) -> None:
            # This runs in a thread, because removing or listing a large tree takes a while.
            reply.result(await asyncio.to_thread(call, request))

        return handler

    async def _read_file(self, request: Request, reply: Reply) -> None:
        download = self._files.download(request)
        reply.result(download.description)
        for chunk in download.chunks():
            await reply.room()
            reply.data(chunk)
        reply.end()

    async def _dial_write(self, request: Request, reply: Reply) -> None:
        await self._dials.write(request)
        reply.result({})

    async def _dial_end(self, request: Request, reply: Reply) -> None:
        self._dials.end(request)
        reply.result({})

    async def _dial_taken(self, request: Request, reply: Reply) -> None:
        self._dials.taken(request)

    async def _hang_up(self, request: Request, reply: Reply) -> None:
        self._dials.hang_up(request)

    def _write(self, request: Request) -> None:
        """Answers an upload at its end, or at once if it cannot begin; then the rest of it is dropped."""
        target = int(request.get("target", request.get("id", 0)))
        reply = Reply(self._outbox, target)
        try:
            match request["op"]:
                case "write_file":
                    self._uploads[target] = self._files.upload(request)
                case "write_chunk" if upload := self._uploads.get(target):
                    upload.write(base64.b64decode(request["data"]))
                case "write_end" if upload := self._uploads.pop(target, None):
                    reply.result(upload.finish())
        except Failure as failure:
            reply.error(failure.fields)
        except Exception as error:
            # An exception here would end the agent, and the sandbox with it.
            print(f"{request['op']}: {type(error).__name__}", file=sys.stderr)
            reply.error({"code": "internal", "message": type(error).__name__})


def take_streams() -> tuple[int, int]:
    """Moves the protocol away from 0 and 1, which children would inherit, and where any print would break it."""
    requests, answers = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return requests, answers


def set_limits() -> None:
    """Sets limits for each child process. The host limits what all of them take together."""
    for limit, value in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, 4096), (resource.RLIMIT_FSIZE, 1 << 30)):
        hard = resource.getrlimit(limit)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))


def reset_signals() -> None:
    """Resets signals that the host ignores or blocks. Shells and kernels would inherit that, and need their signals."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGPIPE, signal.SIGXFSZ}:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def start(*, is_preloaded: bool = False, preloads: bool = False) -> None:
    """Runs the agent until the host is gone. In the processes that become kernels it does not return."""
    # User code runs as the same user, and must not open our pipes in /proc, or attach to this process.
    set_dumpable(False)
    reset_signals()
    requests, answers = take_streams()
    set_limits()
    # The server has to be forked while there is only one thread.
    kernels = KernelServer.fork(is_preloaded=is_preloaded, preloads=preloads)
    asyncio.run(serve(requests, answers, kernels))


async def serve(requests: int, answers: int, kernels: KernelServer) -> None:
    loop = asyncio.get_running_loop()
    if sys.version_info < (3, 12):
        # Later ones have no other where the kernel has pidfds, and at last nothing to set it with.
        watcher = asyncio.PidfdChildWatcher()
        watcher.attach_loop(loop)
        asyncio.get_event_loop_policy().set_child_watcher(watcher)
    reader, _ = await pipes.reader(requests, LINE_LIMIT)
    outbox = Outbox(answers)
    home = os.environ.get("HOME", "/home/user")
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin", "HOME": home, "USER": "user", "LOGNAME": "user", "LANG": "C.UTF-8",
        **os.environ,
    }
    agent = Agent(outbox, home, environment, kernels)
    serving = asyncio.create_task(agent.serve(reader))
    await asyncio.wait({serving, outbox.broken}, return_when=asyncio.FIRST_COMPLETED)
    await agent.stop()
    if serving.done():
        serving.result()


if __name__ == "__main__":
    start(preloads="--preload" in sys.argv)

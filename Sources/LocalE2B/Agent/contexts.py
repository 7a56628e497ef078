"""Contexts: named kernels with a queue each, as the code interpreter's HTTP interface shows them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import uuid
from typing import Any, Callable

from kernels import CellResult, Emit, Kernel, Line, PythonKernel, error_line
from kernelserver import KernelServer
from scripts import BashKernel, JavaScriptKernel
from wire import Failure

# The code that sets and removes an environment variable, by language. Values are quoted without escaping: the
# E2B's server does the same, and clients have to be tested against that.
SET = {
    "python": "import os; os.environ['{0}'] = '{1}'",
    "javascript": "process.env['{0}'] = '{1}'",
    "typescript": "process.env['{0}'] = '{1}'",
    "bash": "export {0}='{1}'",
}
UNSET = {
    "python": "import os; del os.environ['{0}']",
    "javascript": "delete process.env['{0}']",
    "typescript": "delete process.env['{0}']",
    "bash": "unset {0}",
}

# If code ignores an interrupt for so long, its kernel is replaced, so that its queue does not wait for ever.
INTERRUPT_TIMEOUT = 5.0


def indentation(code: str) -> str:
    for line in code.split("\n"):
        if line.strip():
            return re.match(r"[ \t]*", line)[0]  # type: ignore[index]
    return ""


class Execution:
    """One request to run code; `cancel` may come at any time."""

    def __init__(self, accept: Callable[[], None], emit: Emit) -> None:
        # Called once the context is known to exist, which may be long before the first line.
        self.accept = accept
        self._emit = emit
        self.cancelled = asyncio.Event()

    async def emit(self, line: Line) -> None:
        if not self.cancelled.is_set():
            await self._emit(line)

    def cancel(self) -> None:
        self.cancelled.set()


class Context:
    def __init__(self, language: str, cwd: str, make_kernel: Callable[[], Kernel]) -> None:
        self.id = str(uuid.uuid4())
        self.language = language
        self.cwd = cwd
        self._make_kernel = make_kernel
        self._turn = asyncio.Lock()
        self._deleted = False
        self._boot()

    def _boot(self) -> None:
        self._kernel = self._make_kernel()
        self._knows_globals = False
        self._lost_globals = False
        self._started = asyncio.create_task(self._kernel.start())
        # If it is replaced before anybody waits for it, its exception is dropped.
        self._started.add_done_callback(lambda task: task.cancelled() or task.exception())

    @property
    def description(self) -> dict[str, str]:
        return {"id": self.id, "language": self.language, "cwd": self.cwd}

    async def ready(self) -> None:
        while True:
            started = self._started
            try:
                return await asyncio.shield(started)
            except Exception:
                # A kernel that was replaced while it started has not failed.
                if started is self._started:
                    raise

    async def restart(self) -> None:
        # The new kernel is set first, so that queued cells run on it, and only the running cell loses its kernel.
        old = self._kernel
        self._boot()
        await old.stop()
        await self.ready()

    async def delete(self) -> None:
        self._deleted = True
        await self._kernel.stop()

    async def execute(
        self, code: str, global_variables: dict[str, str], variables: dict[str, str], execution: Execution
    ) -> None:
        """Waits for its turn, runs, and emits everything up to `end_of_execution`."""
        turn = asyncio.create_task(self._turn.acquire())
        cancelled = asyncio.create_task(execution.cancelled.wait())
        await asyncio.wait({turn, cancelled}, return_when=asyncio.FIRST_COMPLETED)
        if not turn.done():
            cancelled.cancel()
            turn.cancel()
            return
        try:
            if not execution.cancelled.is_set():
                await self._run(code, global_variables, variables, execution, cancelled)
        finally:
            cancelled.cancel()
            self._turn.release()
        await execution.emit({"type": "end_of_execution"})

    async def _run(
        self, code: str, global_variables: dict[str, str], variables: dict[str, str], execution: Execution,
        cancelled: asyncio.Task[bool],
    ) -> None:
        kernel = self._kernel
        result = CellResult.CLOSED
        if not self._deleted:
            kernel, result = await self._run_on_kernel(code, global_variables, variables, execution, cancelled)
        match result:
            case CellResult.FINISHED if variables:
                await kernel.run(self._without_variables(global_variables, variables), _discard, hidden=True)
            case CellResult.FINISHED:
                pass
            case CellResult.RENEWED:
                self._lost_globals = True
            case CellResult.DIED:
                await execution.emit(error_line("ContextRestarting", "Context was restarted"))
                await self._replace(kernel)
            case CellResult.CLOSED:
                await execution.emit(error_line(
                    "WebSocketError", "The connections was lost, rerun the code to get the results"))
                await execution.emit(error_line(
                    "UnexpectedEndOfExecution",
                    "Connection to the execution was closed before the execution was finished"))

    async def _run_on_kernel(
        self, code: str, global_variables: dict[str, str], variables: dict[str, str], execution: Execution,
        cancelled: asyncio.Task[bool],
    ) -> tuple[Kernel, CellResult]:
        try:
            await self.ready()
        except Exception:
            return self._kernel, CellResult.CLOSED if self._deleted else CellResult.DIED
        kernel = self._kernel
        if self._lost_globals:
            # The cell has ended its own kernel, for which the client has done nothing that it should do again.
            self._lost_globals = False
            await kernel.run(self._assignments(global_variables), _discard, hidden=True)
        code = self._with_variables(code, global_variables, variables)
        running = asyncio.create_task(kernel.run(code, execution.emit))
        await asyncio.wait({running, cancelled}, return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            await self._interrupt(kernel, running)
        return kernel, running.result()

    async def _interrupt(self, kernel: Kernel, running: asyncio.Task[CellResult]) -> None:
        kernel.interrupt()
        if await self._ends(kernel, running):
            # The last signal may have come too late for the cell. An empty cell takes it in place of the next one.
            await self._ends(kernel, asyncio.create_task(kernel.run("", _discard, hidden=True)))

    async def _ends(self, kernel: Kernel, running: asyncio.Task[CellResult]) -> bool:
        """Whether the cell ends after interrupts. If it does not, its kernel is replaced."""
        deadline = asyncio.get_running_loop().time() + INTERRUPT_TIMEOUT
        while asyncio.get_running_loop().time() < deadline:
            await asyncio.wait({running}, timeout=0.5)
            if running.done():
                return True
            kernel.interrupt()
        await self._replace(kernel)
        await running
        return False

    async def _replace(self, kernel: Kernel) -> None:
        await kernel.stop()
        # A restart may have replaced the kernel already.
        if kernel is self._kernel and not self._deleted:
            self._boot()

    def _with_variables(self, code: str, global_variables: dict[str, str], variables: dict[str, str]) -> str:
        if self._knows_globals and not variables:
            return code
        known = {} if self._knows_globals else global_variables
        self._knows_globals = True
        # This equals E2B's server byte for byte, including empty lines, which show in tracebacks and in the names of
        # cells, which are hashes of the code.
        margin = indentation(code)
        injected = f"{self._assignments(known)}\n{self._assignments(variables)}".split("\n")
        return "\n".join(margin + line if line else line for line in injected) + "\n" + code

    def _assignments(self, variables: dict[str, str]) -> str:
        return "\n".join(SET[self.language].format(name, value) for name, value in variables.items())

    def _without_variables(self, global_variables: dict[str, str], variables: dict[str, str]) -> str:
        removed = [UNSET[self.language].format(name) for name in variables if name not in global_variables]
        restored = {name: global_variables[name] for name in variables if name in global_variables}
        return "\n".join(filter(None, [*removed, self._assignments(restored)]))


async def _discard(line: Line) -> None:
    pass


class Contexts:
    """All contexts of the sandbox, with one default for each language."""

    def __init__(self, home: str, environment: dict[str, str], kernels: KernelServer) -> None:
        self._home = home
        self._environment = environment
        self._kernels = kernels
        self._contexts: dict[str, Context] = {}
        # None means that it has been deleted, after which E2B's server cannot run code in it any more.
        self._defaults: dict[str, Context | None] = {}
        self.global_variables: dict[str, str] = {}

    @property
    def languages(self) -> list[str]:
        found = ["python"]
        if shutil.which("bash"):
            found.append("bash")
        if shutil.which("node"):
            found.append("javascript")
            if shutil.which("esbuild"):
                found.append("typescript")
        return found

    async def warm(self) -> None:
        await self._default("python").ready()

    async def create(self, language: str | None, cwd: str | None) -> Context:
        context = self._make(language or "python", cwd or self._home)
        await self._boot(context)
        self._contexts[context.id] = context
        return context

    def list(self) -> list[dict[str, str]]:
        return [context.description for context in self._contexts.values()]

    async def restart(self, id: str) -> None:
        await self._get(id).restart()

    async def delete(self, id: str) -> None:
        context = self._get(id)
        del self._contexts[id]
        for language, default in self._defaults.items():
            if default is context:
                self._defaults[language] = None
        await context.delete()

    async def execute(
        self, code: str, language: str | None, id: str | None, variables: dict[str, str], execution: Execution
    ) -> None:
        if id is not None:
            context = self._get(id)
        else:
            found = self._default(language or "python")
            if found is None and language is None:
                # E2B's server, after its default context was deleted, sends keepalives until the client disconnects.
                execution.accept()
                await execution.cancelled.wait()
                return
            if found is None:
                raise Failure.http(404, "Context None not found")
            context = found
            await self._boot(context)
        execution.accept()
        await context.execute(code, self.global_variables, variables, execution)

    async def stop(self) -> None:
        await asyncio.gather(*(context.delete() for context in self._contexts.values()), return_exceptions=True)

    async def _boot(self, context: Context) -> None:
        try:
            await context.ready()
        except Exception as error:
            self._forget(context)
            raise Failure.http(500, f"Failed to create context: {type(error).__name__}") from error

    def _forget(self, context: Context) -> None:
        self._contexts.pop(context.id, None)
        self._defaults = {language: one for language, one in self._defaults.items() if one is not context}

    def _get(self, id: str) -> Context:
        if id not in self._contexts:
            raise Failure.http(404, f"Context {id} not found")
        return self._contexts[id]

    def _default(self, language: str) -> Context | None:
        # TypeScript runs on JavaScript's kernel, in a context of its own.
        if language not in self._defaults:
            context = self._make(language, self._home)
            self._defaults[language] = context
            self._contexts[context.id] = context
        return self._defaults[language]

    def _make(self, language: str, cwd: str) -> Context:
        if language not in self.languages:
            message = f"The '{language}' kernel is not available. Please pick another suitable kernel instead, " \
                      "or install that kernel."
            raise Failure.http(500, "Failed to create context: " + json.dumps(
                {"message": message, "short_message": f"{language} not found"}))
        # A missing folder is silently accepted.
        folder = cwd if os.path.isdir(cwd) else self._home
        return Context(language, cwd, lambda: self._kernel(language, folder))

    def _kernel(self, language: str, cwd: str) -> Kernel:
        match language:
            case "python":
                return PythonKernel(cwd, self._environment, self._kernels)
            case "bash":
                return BashKernel(cwd, self._environment)
            case _:
                return JavaScriptKernel(cwd, self._environment, is_typescript=language == "typescript")

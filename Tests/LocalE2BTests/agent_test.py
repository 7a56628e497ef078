"""Drives the agent as its host does, without walls around it. Run by AgentTests.swift, or by itself:

    /usr/bin/python3 -B agent_test.py
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import pathlib
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[2]
AGENT = ROOT / "Sources/LocalE2B/Agent/agent.py"
SUPPORT = ROOT / "Tests/TestSupport"
PATIENCE = 60


class Sandbox:
    """An agent and its pipes."""

    def __init__(self) -> None:
        self.home = tempfile.mkdtemp()
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": self.home, "LANG": "C.UTF-8"}
        self._process = subprocess.Popen(
            [sys.executable, str(AGENT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=self.home,
            env=environment)
        self._ids = itertools.count(1)
        self._answers: dict[int, queue.Queue[dict[str, Any]]] = {}
        # Bytes of a frame.
        self.longest = 0
        self.is_read = threading.Event()
        self.is_read.set()
        self.greeting = json.loads(self._process.stdout.readline())
        threading.Thread(target=self._read, daemon=True).start()
        self.call("init", sandbox_id="i1", template_id="t1", envs={"GREETING": "hello"})

    def _read(self) -> None:
        parts: dict[int, list[bytes]] = {}
        for line in self._process.stdout:
            self.is_read.wait()
            self.longest = max(self.longest, len(line))
            head, _, rest = line.partition(b',"part":[')
            if rest and len(head) < 20:
                parts.setdefault(int(head.removeprefix(b'{"id":')), []).append(rest.removesuffix(b"]}\n"))
                continue
            head, _, rest = line.partition(b',"line":}')
            if rest:
                id = int(head.removeprefix(b'{"id":'))
                self._answers[id].put({"id": id, "line": json.loads(b"".join(parts.pop(id)))})
                continue
            answer = json.loads(line)
            self._answers[answer["id"]].put(answer)

    def send(self, op: str, **fields: Any) -> int:
        id = next(self._ids)
        self._answers[id] = queue.Queue()
        self.post(id=id, op=op, **fields)
        return id

    def post(self, **fields: Any) -> None:
        self._process.stdin.write(json.dumps(fields).encode() + b"\n")
        self._process.stdin.flush()

    def next(self, id: int) -> dict[str, Any]:
        return self._answers[id].get(timeout=PATIENCE)

    def call(self, op: str, **fields: Any) -> dict[str, Any]:
        return self.next(self.send(op, **fields))

    def code_of(self, op: str, **fields: Any) -> str:
        return self.call(op, **fields)["error"]["code"]

    # Executions

    def execute(self, code: str, language: str | None = None, context: str | None = None,
                env_vars: dict[str, str] | None = None) -> int:
        return self.send("execute", code=code, language=language, context=context, env_vars=env_vars)

    def until(self, id: int, type: str) -> dict[str, Any]:
        while (line := self.next(id).get("line")) is None or line["type"] != type:
            pass
        return line

    def lines(self, id: int) -> list[dict[str, Any]]:
        lines = []
        while "end" not in (answer := self.next(id)):
            if "error" in answer:
                return [answer]
            if "line" in answer:
                lines.append(answer["line"])
        return lines

    def run(self, code: str, *rest: Any, **fields: Any) -> list[dict[str, Any]]:
        return self.lines(self.execute(code, *rest, **fields))

    def text(self, code: str, *rest: Any, **fields: Any) -> str:
        """Output and results."""
        return "".join(line["text"] for line in self.run(code, *rest, **fields) if "text" in line)

    # Processes

    def start(self, command: str, **fields: Any) -> int:
        return self.send("start", cmd="/bin/bash", args=["-c", command], **fields)

    def pid(self, id: int) -> int:
        return self.next(id)["event"]["start"]["pid"]

    def rest(self, id: int) -> tuple[dict[str, bytes], dict[str, Any]]:
        """All output by stream, and the end or the error."""
        output = {"stdout": b"", "stderr": b"", "pty": b""}
        end: dict[str, Any] = {}
        while "end" not in (answer := self.next(id)):
            if "error" in answer:
                return output, answer["error"]
            event = answer["event"]
            for stream, data in event.get("data", {}).items():
                output[stream] += base64.b64decode(data)
            end = event.get("end", end)
        return output, end

    # Files

    def write(self, path: str, content: bytes) -> dict[str, Any]:
        id = self.send("write_file", path=path, user=None)
        for start in range(0, len(content), 100_000):
            chunk = base64.b64encode(content[start:start + 100_000]).decode()
            self.post(op="write_chunk", target=id, data=chunk)
        self.post(op="write_end", target=id)
        return self.next(id)

    def read(self, path: str) -> bytes:
        id = self.send("read_file", path=path, user=None)
        size = self.next(id)["result"]["size"]
        content = b""
        while "data" in (answer := self.next(id)):
            content += base64.b64decode(answer["data"])
        assert len(content) == size
        return content

    def close(self) -> int:
        self._process.stdin.close()
        status = self._process.wait(PATIENCE)
        self._process.stdout.close()
        shutil.rmtree(self.home, ignore_errors=True)
        return status

    def memory(self) -> int:
        """MiB."""
        status = pathlib.Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) // 1024


class AgentTest(unittest.TestCase):
    sandbox: Sandbox

    @classmethod
    def setUpClass(cls) -> None:
        cls.sandbox = Sandbox()

    @classmethod
    def tearDownClass(cls) -> None:
        assert cls.sandbox.close() == 0

    def types(self, lines: list[dict[str, Any]]) -> list[str]:
        return [line["type"] for line in lines]


class Recordings(AgentTest):
    def test_every_recorded_program_has_the_recorded_shape(self) -> None:
        for program in json.loads((SUPPORT / "Programs.json").read_text()):
            request = program["request"]
            if "code" not in program or {"language", "context_id"} <= request.keys():
                continue  # Refused by the host.
            language = request.get("language")
            code = program["code"].replace("/home/user", self.sandbox.home)
            lines = self.sandbox.run(code, language.lower() if language else None,
                                     request.get("context_id"), request.get("env_vars"))
            with self.subTest(program["name"]):
                if "recorded" not in program:
                    error = {"status": program["status"], "text": program["body"]}
                    self.assertEqual(lines[0].get("error"), error)
                    continue
                recorded = (SUPPORT / "Recordings" / program["recorded"]).read_text().splitlines()
                self.assertEqual(self.shape(lines), self.shape([json.loads(line) for line in recorded]))

    @staticmethod
    def shape(lines: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
        """Types and fields; where a stream is cut is a matter of time, and so is the count of a kernel that dies."""
        shape: list[tuple[str, list[str]]] = []
        for line in lines:
            one = line["type"], sorted(line.keys() - {"chart", "data"})
            if line["type"] != "keepalive" and (line["type"] not in ("stdout", "stderr") or shape[-1:] != [one]):
                shape.append(one)
        if any(line.get("name") == "ContextRestarting" for line in lines):
            shape = [one for one in shape if one[0] != "number_of_executions"]
        return shape


class Text(AgentTest):
    """Wherever bytes become text, what is not UTF-8 becomes U+FFFD, and the sandbox goes on."""

    def check(self, language: str | None, programs: list[tuple[str, str]]) -> None:
        for code, expected in programs:
            with self.subTest(code):
                lines = self.sandbox.run(code, language)
                text = "".join(line.get("text", "") + line.get("value", "") for line in lines)
                self.assertEqual(text, expected)
                self.assertEqual(lines[-1], {"type": "end_of_execution"})
                # What strict readers of JSON take.
                json.dumps(lines, ensure_ascii=False).encode()

    def test_python(self) -> None:
        self.sandbox.run("import os, subprocess, sys\nfrom IPython.display import display, HTML\n"
                         "open(b'/tmp/\\xff' + str(os.getpid()).encode(), 'w').close()\nkept = 'kept'")
        self.check(None, [
            ("print(b'a\\xffb'.decode(errors='surrogateescape'))", "a\ufffdb\n"),
            ("print('\\ud800', '\\udfff', '\\ud83d\\ude00', '\U0001f600')", "\ufffd \ufffd \U0001f600 \U0001f600\n"),
            ("print('\\udcff', file=sys.stderr)", "\ufffd\n"),
            ("print([n for n in os.listdir('/tmp') if n.endswith(str(os.getpid()))][0][0])", "\ufffd\n"),
            ("_ = os.write(1, b'a\\xffb\\n')", "a\ufffdb\n"),
            ("_ = subprocess.run(['printf', 'a\\\\377b\\\\n'])", "a\ufffdb\n"),
            ("_ = subprocess.run(['printf', 'a\\\\303'])", "a\ufffd"),
            (r"""_ = subprocess.run(['sh', '-c', r'printf "\303"; sleep 0.2; printf "\251"'])""", "é"),
            ("!printf 'a\\377b\\n'", "a\ufffdb\r\n"),
            ("class A:\n    def __repr__(self): return '\\udcff\\ud800'\nA()", "\ufffd\ufffd"),
            ("raise ValueError('\\udcff\\ud800')", "\ufffd\ufffd"),
            ("get_ipython().kernel.iopub_socket.send(b'junk'); print(kept)",
             "A part of the output could not be readkept\n"),
            ("print(kept)", "kept\n"),
        ])
        self.assertEqual(self.sandbox.run("HTML('\\udcff')")[1]["html"], "\ufffd")
        self.assertEqual(self.sandbox.run("display({'a/b': '\\ud800', 'text/plain': 't'}, raw=True)")[1]["extra"]["a/b"], "\ufffd")
        self.assertEqual(self.sandbox.run("{'\\udcff': ['\\ud800']}")[1]["json"], {"\ufffd": ["\ufffd"]})

    def test_bash(self) -> None:
        self.sandbox.run("kept=kept", "bash")
        self.check("bash", [
            ("printf 'a\\377b\\n'; printf 'c\\377' >&2", "a\ufffdb\nc\ufffd"),
            ("printf 'a\\303'", "a\ufffd"), ("printf '\\303'; sleep 0.2; printf '\\251'", "é"),
            ("echo $kept", "kept\n"),
        ])

    @unittest.skipUnless(shutil.which("node"), "no node")
    def test_javascript(self) -> None:
        self.sandbox.run("let kept = 'kept'", "javascript")
        self.check("javascript", [
            ("console.log('\\ud800', '\\ud83d\\ude00')", "\ufffd \U0001f600\n"),
            ("process.stdout.write(Buffer.from([0x61, 0xff, 0x62])); undefined", "a\ufffdb"),
            ("process.stdout.write(Buffer.from([0xc3])); process.stdout.write(Buffer.from([0xa9])); undefined", "é"),
            ("process.stdout.write(Buffer.from([0xc3])); undefined", "\ufffd"),
            ("process.stdout.write('ff41', 'hex'); undefined", "\ufffdA"),
            ("require('child_process').execSync('printf \"a\\\\377b\"', { stdio: 'inherit' }); undefined", "a\ufffdb"),
            ("throw new Error('\\udc00')", "\ufffd"), ("kept", "kept"),
        ])

    def test_files(self) -> None:
        folder = f"{self.sandbox.home}/folder".encode()
        os.mkdir(folder)
        open(folder + b"/\xffname", "w").close()
        os.symlink(b"\xfe", folder + b"/link")
        entries = self.sandbox.call("list_dir", path="folder")["result"]["entries"]
        self.assertEqual({entry["name"] for entry in entries}, {"\ufffdname", "link"})
        json.dumps(entries, ensure_ascii=False).encode()

    def test_a_line_of_any_size_in_frames_of_a_bounded_one(self) -> None:
        for code in ("'\\n' * 100_000_000", "'é' * 30_000_000", "' ' * 70_000_000"):
            with self.subTest(code):
                lines = self.sandbox.run(f"text = {code}\nprint(end=text)\nassert len(text) > 1e7; text[:9_000_000]")
                printed = [line["text"] for line in lines if line["type"] == "stdout"]
                self.assertEqual(self.types(lines)[-2:], ["result", "end_of_execution"])
                self.assertEqual("".join(printed), eval(code))
        self.assertLess(self.sandbox.longest, 64 << 20)
        error = self.sandbox.run("get_ipython().display_pub.publish({'text/plain': 'x' * 300_000_000})")[-2]
        self.assertEqual((error["type"], error["name"]), ("error", "ValueError"))
        self.assertEqual(self.sandbox.text("print('alive')"), "alive\n")

    @unittest.skipUnless(shutil.which("node"), "no node")
    def test_a_long_line_of_javascript(self) -> None:
        code = "console.log('😀'.repeat(20_000_001)); process.stderr.write('x'.repeat(300_000_000)); 1"
        lines = self.sandbox.run(code, "javascript")
        output = {name: sum(len(line["text"]) for line in lines if line["type"] == name) for name in ("stdout", "stderr")}
        self.assertEqual(output, {"stdout": 20_000_002, "stderr": 300_000_000})
        self.assertFalse(any("\ufffd" in line.get("text", "") for line in lines))
        self.assertLess(self.sandbox.longest, 64 << 20)


class Python(AgentTest):
    def test_names_stay_and_nothing_of_ours_is_among_them(self) -> None:
        context = self.sandbox.call("contexts_create", language="python", cwd="/")["result"]["id"]
        self.sandbox.run("mine = 1", context=context)
        names = self.sandbox.run("[name for name in dir() if not name.startswith('_')]", context=context)[1]["json"]
        # IPython's own names are not the same in all versions. An `os` comes with the variables of the sandbox.
        ask = ("from IPython.core.interactiveshell import InteractiveShell\n"
               "print(*(name for name in InteractiveShell().user_ns if not name.startswith('_')))")
        theirs = subprocess.run([sys.executable, "-c", ask], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
        self.assertLessEqual({"In", "Out", "exit", "get_ipython", "quit"}, set(theirs))
        self.assertEqual(names, sorted([*theirs, "mine", "os"]))

    def test_variables_of_the_sandbox_and_of_one_request(self) -> None:
        code = "import os; print([os.environ.get(name) for name in ('GREETING', 'E2B_SANDBOX_ID', 'ONE')])"
        self.assertEqual(self.sandbox.text(code, env_vars={"ONE": "1", "GREETING": "bye"}), "['bye', 'i1', '1']\n")
        self.assertEqual(self.sandbox.text(code), "['hello', 'i1', None]\n")

    def test_injected_lines_have_the_margin_of_the_code(self) -> None:
        self.assertEqual(self.sandbox.text("    print(1)\n    print(2)", env_vars={"A": "b"}), "1\n2\n")

    def test_cells_of_one_context_wait_for_each_other(self) -> None:
        first = self.sandbox.execute("import time; time.sleep(0.5); order = ['first']")
        second = self.sandbox.execute("order.append('second'); order")
        self.assertEqual(self.sandbox.lines(second)[1]["json"], ["first", "second"])
        self.sandbox.lines(first)

    def test_a_cancelled_cell_is_interrupted(self) -> None:
        for code in ("import time; time.sleep(60)", "while True: pass", "import asyncio; await asyncio.sleep(60)",
                     "!sleep 60", "import subprocess; subprocess.run(['sleep', '60'])", "%%bash\nsleep 60"):
            with self.subTest(code):
                id = self.sandbox.execute(code)
                self.sandbox.until(id, "number_of_executions")
                self.sandbox.call("cancel", target=id)
                self.assertEqual(self.sandbox.lines(id), [])
                self.assertEqual(self.sandbox.text("print('alive')"), "alive\n")

    def test_a_cell_that_ignores_interrupts_loses_its_kernel(self) -> None:
        id = self.sandbox.execute(
            "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(60)")
        # Before it says so it would still hear.
        self.sandbox.until(id, "stdout")
        self.sandbox.call("cancel", target=id)
        self.assertEqual(self.sandbox.lines(id), [])
        self.assertEqual(self.sandbox.run("print('alive')")[0]["execution_count"], 1)

    def test_a_cancelled_cell_that_waits_never_runs(self) -> None:
        first = self.sandbox.execute("import time; time.sleep(0.5); ran = False")
        second = self.sandbox.execute("ran = True")
        self.sandbox.call("cancel", target=second)
        self.assertEqual(self.sandbox.lines(second), [])
        self.sandbox.lines(first)
        self.assertEqual(self.sandbox.text("ran"), "False")

    def test_what_a_dying_kernel_said_is_heard(self) -> None:
        lines = self.sandbox.run("import os, time; print('last words', flush=True); time.sleep(0.2); os.kill(os.getpid(), 9)")
        self.assertEqual(self.types(lines), ["number_of_executions", "stdout", "error", "end_of_execution"])
        self.assertEqual(self.sandbox.text("print('alive')"), "alive\n")

    def test_without_its_server_a_kernel_is_a_python_of_its_own(self) -> None:
        sandbox = Sandbox()
        lines = sandbox.run("import os; os.kill(os.getppid(), 9); import time; time.sleep(60)")
        self.assertEqual(lines[-2]["name"], "ContextRestarting")
        self.assertEqual(sandbox.text("print('alive')"), "alive\n")
        context = sandbox.call("contexts_create", language="python", cwd="/tmp")["result"]["id"]
        self.assertEqual(sandbox.text("import os; print(os.getcwd(), __import__('sys').argv[0].split('/')[-1])",
                                      context=context), "/tmp startup.py\n")
        sandbox.run("os.kill(os.getpid(), 9)", context=context)
        self.assertEqual(sandbox.text("print('again')", context=context), "again\n")
        self.assertEqual(sandbox.close(), 0)

    def test_kernels_share_no_random_numbers(self) -> None:
        code = ("import random, uuid, secrets, tempfile, multiprocessing, numpy\n"
                "print(random.random()); print(numpy.random.rand()); print(numpy.random.default_rng().random())\n"
                "print(uuid.uuid4()); print(secrets.token_hex()); print(next(tempfile._get_candidate_names()))\n"
                "print(bytes(multiprocessing.current_process().authkey)); import ssl; print(ssl.RAND_bytes(8))\n"
                "print(get_ipython().kernel.session.key, get_ipython().kernel.session.session)")
        drawn: list[str] = []
        for _ in range(3):
            context = self.sandbox.call("contexts_create", language="python", cwd="/")["result"]["id"]
            drawn += self.sandbox.text(code, context=context).splitlines()
        self.assertEqual((len(drawn), len(set(drawn))), (27, 27))

    def test_a_kernel_is_what_a_python_of_its_own_would_be(self) -> None:
        code = ("import sys, os, threading, signal, json\n"
                "print(json.dumps([sys.argv[1:2], sys.path, list(sys.flags), sys.dont_write_bytecode,"
                " [str(signal.getsignal(one)) for one in signal.Signals], threading.Thread().name,"
                " sorted(os.environ), sorted(name for name in sys.modules if '__main__' in name)]))")
        forked = self.sandbox.text(code)
        sandbox = Sandbox()
        sandbox.run("import os; os.kill(os.getppid(), 9); import time; time.sleep(60)")
        alone = sandbox.text(code)
        sandbox.close()
        self.assertEqual(forked.replace(self.sandbox.home, "~"), alone.replace(sandbox.home, "~"))

    def test_the_agents_modules_are_not_the_users(self) -> None:
        self.sandbox.write("wire.py", b"mine = True")
        names = ["agent", "contexts", "dials", "files", "kernels", "kernelserver", "processes", "processtools", "scripts",
                 "startup", "afterfork", "confinement", "forkserver"]
        code = f"import importlib.util, wire\nprint(wire.mine, [n for n in {names} if importlib.util.find_spec(n)])"
        self.assertEqual(self.sandbox.text(code), "True []\n")

    def test_output_of_children_is_whole_and_in_its_place(self) -> None:
        text = self.sandbox.text("import subprocess\nsubprocess.run(['/usr/bin/python3', '-c', 'print(\"日本語\" * 100000)'])\nprint('after')")
        self.assertTrue(text.startswith("日本語" * 100_000 + "\nafter\n"))

    def test_much_output_of_children_comes_without_a_pause(self) -> None:
        # More than is kept before it is sent: in all, and at once.
        self.sandbox.run("for _ in range(20): print('x' * 1_000_000)")
        for count in (10, 150_000_000):
            code = f"import subprocess\n_ = subprocess.run(['sh', '-c', 'yes 0123456789abcde | head -c {count}'])"
            with self.subTest(count):
                text = self.sandbox.text(code)
                # Not with assertEqual, which would look for the difference for minutes.
                self.assertTrue(text == ("0123456789abcde\n" * (count // 16 + 1))[:count], f"{len(text)}: {text[-200:]}")

    def test_a_large_line_passes_whole(self) -> None:
        lines = self.sandbox.run("print('z' * 8_000_000)")
        self.assertEqual([len(line["text"]) for line in lines if line["type"] == "stdout"], [8_000_001])

    def test_a_slow_host_does_not_make_the_agent_large(self) -> None:
        self.sandbox.is_read.clear()
        id = self.sandbox.execute("for i in range(2000): print('x' * 200_000)")
        # What is measured is a bound: it cannot be waited for.
        time.sleep(4)
        memory = self.sandbox.memory()
        self.sandbox.is_read.set()
        total = sum(len(line.get("text", "")) for line in self.sandbox.lines(id))
        self.assertEqual(total, 2000 * 200_001)
        self.assertLess(memory, 250)

    def test_what_a_thread_prints_after_its_cell_is_nobodys(self) -> None:
        self.sandbox.run("import threading, time\nt = threading.Thread(target=lambda: (time.sleep(0.2), print('late')))\nt.start()")
        self.assertEqual(self.sandbox.text("t.join(); print('next')"), "next\n")

    def test_values_that_json_does_not_have(self) -> None:
        self.assertEqual(self.sandbox.run("[float('nan'), float('inf'), (1, 2)]")[1]["json"], [None, None, [1, 2]])
        self.assertNotIn("json", self.sandbox.run("[object()]")[1])
        self.assertNotIn("json", self.sandbox.run("loop = []; loop.append(loop); loop")[1])

    def test_a_data_frame_by_columns(self) -> None:
        lines = self.sandbox.run("import pandas as pd\npd.DataFrame({'a': [1.5, None], 't': pd.to_datetime(['2024-01-01', None])})")
        self.assertEqual(lines[1]["data"], {"a": [1.5, None], "t": ["2024-01-01T00:00:00", "NaT"]})

    def test_tracebacks_show_the_lines_around(self) -> None:
        traceback = self.sandbox.run("a = 1\n\ndef f():\n    raise ValueError(a)\nf()")[1]["traceback"]
        self.assertIn("      1 a = 1\n      2 \n      3 def f():\n      4     raise ValueError(a)\n----> 5 f()\n", traceback)
        self.assertIn("----> 4     raise ValueError(a)\nValueError: 1", traceback)


class Contexts(AgentTest):
    def create(self, **fields: Any) -> str:
        return self.sandbox.call("contexts_create", **({"language": "python", "cwd": "/"} | fields))["result"]["id"]

    def test_contexts_share_nothing(self) -> None:
        id = self.create(cwd="/tmp")
        self.sandbox.run("x = 1", context=id)
        self.assertEqual(self.sandbox.text("import os; os.getcwd()", context=id), "/tmp")
        self.assertEqual(self.sandbox.run("x")[1]["name"], "NameError")

    def test_restart_ends_the_cell_and_runs_the_queue(self) -> None:
        id = self.create()
        running = self.sandbox.execute("import time; time.sleep(60)", context=id)
        waiting = self.sandbox.execute("print('queued')", context=id)
        self.sandbox.until(running, "number_of_executions")
        self.assertEqual(self.sandbox.call("contexts_restart", context=id)["result"], None)
        errors = [line["name"] for line in self.sandbox.lines(running) if line["type"] == "error"]
        self.assertEqual(errors, ["WebSocketError", "UnexpectedEndOfExecution"])
        lines = self.sandbox.lines(waiting)
        self.assertEqual((lines[0]["execution_count"], lines[1]["text"]), (1, "queued\n"))

    def test_restarts_at_once_leave_one_kernel(self) -> None:
        id = self.create()
        restarts = [self.sandbox.send("contexts_restart", context=id) for _ in range(3)]
        self.assertEqual([self.sandbox.next(restart)["result"] for restart in restarts], [None] * 3)
        self.assertEqual(self.sandbox.text("print(1)", context=id), "1\n")

    def test_delete_ends_the_cell(self) -> None:
        id = self.create()
        running = self.sandbox.execute("import time; time.sleep(60)", context=id)
        self.sandbox.until(running, "number_of_executions")
        self.sandbox.call("contexts_delete", context=id)
        self.assertEqual(self.types(self.sandbox.lines(running)), ["error", "error", "end_of_execution"])
        self.assertEqual(self.sandbox.run("1", context=id)[0]["error"], {"status": 404, "text": f"Context {id} not found"})

    def test_a_deleted_default_is_never_replaced(self) -> None:
        # As the real server has it; hence a sandbox of its own.
        sandbox = Sandbox()
        default = sandbox.call("contexts_list")["result"][0]["id"]
        sandbox.call("contexts_delete", context=default)
        self.assertEqual(sandbox.run("1", "python")[0]["error"]["text"], "Context None not found")
        id = sandbox.execute("1")
        self.assertTrue(sandbox.next(id)["accepted"])
        sandbox.call("cancel", target=id)
        self.assertEqual(sandbox.lines(id), [])
        sandbox.close()


class Scripts(AgentTest):
    def test_bash_keeps_its_state(self) -> None:
        self.sandbox.run("cd /tmp; x=1", "bash")
        self.assertEqual(self.sandbox.text("echo $PWD $x $GREETING; echo -n rest", "bash"), "/tmp 1 hello\nrest")

    def test_bash_errors_are_exit_codes(self) -> None:
        for code, value in (("false", "1"), ("for i in", "2"), ("exit 4", "4"), ("kill -9 $$", "-9")):
            lines = self.sandbox.run(code, "bash")
            self.assertEqual([line["value"] for line in lines if line["type"] == "error"], [value])
        self.assertEqual(self.sandbox.text("echo alive", "bash"), "alive\n")

    def test_bash_is_interrupted_and_keeps_its_state(self) -> None:
        self.sandbox.run("y=2", "bash")
        for code in ("sleep 60; echo not reached", "while :; do :; done"):
            id = self.sandbox.execute(code, "bash")
            self.sandbox.until(id, "number_of_executions")
            self.sandbox.call("cancel", target=id)
            self.assertEqual(self.sandbox.lines(id), [])
        self.assertEqual(self.sandbox.text("echo $y", "bash"), "2\n")

    def test_bash_takes_any_text(self) -> None:
        self.assertEqual(self.sandbox.text("x='" + "y" * 300_000 + "'\necho ${#x} \"'\" é", "bash"), "300000 ' é\n")

    @unittest.skipUnless(shutil.which("node"), "no node")
    def test_javascript(self) -> None:
        for code, text in (
            ("const x = 1; console.log('out'); x + 1", "out\n2"), ("const x = 'two'; x", "two"),
            ("await new Promise((done) => setTimeout(() => done([1]), 10))", "[ 1 ]"), ("undefined", ""),
            ("process.env.GREETING", "hello"), ("require('fs').existsSync('/usr')", "true"),
            ("import fs, { existsSync as is } from 'fs';\n[fs.existsSync === is]", "[ true ]"),
            ("(await import('node:path')).sep", "/"), ("'x'.repeat(8_000_000).length", "8000000"),
        ):
            with self.subTest(code):
                self.assertEqual(self.sandbox.text(code, "javascript"), text)
        error = self.sandbox.run("function f() { throw new RangeError('far') }\nf()", "javascript")[1]
        self.assertEqual(error["traceback"], "RangeError: far\n    at f (<anonymous>:1:22)\n    at <anonymous>:2:1")

    @unittest.skipUnless(shutil.which("node"), "no node")
    def test_javascript_is_interrupted_and_restarted(self) -> None:
        self.sandbox.run("let kept = 'kept'", "javascript")
        for code in ("while (true) {}", "await new Promise(() => {})"):
            id = self.sandbox.execute(code, "javascript")
            self.sandbox.until(id, "number_of_executions")
            self.sandbox.call("cancel", target=id)
            self.assertEqual(self.sandbox.lines(id), [])
            self.assertEqual(self.sandbox.text("kept", "javascript"), "kept")
        self.assertEqual(self.sandbox.run("process.exit(1)", "javascript")[1]["name"], "ContextRestarting")
        self.assertEqual(self.sandbox.text("typeof kept", "javascript"), "undefined")

    @unittest.skipUnless(shutil.which("node") and shutil.which("esbuild"), "no esbuild")
    def test_typescript(self) -> None:
        code = "interface A { a: number }\nconst one: A = { a: 1 };\none.a as number"
        self.assertEqual(self.sandbox.text(code, "typescript"), "1")
        self.assertEqual(self.sandbox.run("let z: number = ;", "typescript")[1]["name"], "SyntaxError")


class Processes(AgentTest):
    def test_streams_environment_and_exit(self) -> None:
        id = self.sandbox.start("echo $A $GREETING $E2B_SANDBOX_ID $USER; echo err >&2; pwd; exit 3", envs={"A": "a"},
                                cwd="/tmp", stdin=False)
        self.sandbox.pid(id)
        output, end = self.sandbox.rest(id)
        self.assertEqual(output, {"stdout": b"a hello i1 user\n/tmp\n", "stderr": b"err\n", "pty": b""})
        self.assertEqual(end, {"exitCode": 3, "exited": True, "status": "exit status 3", "error": "exit status 3"})

    def test_ends(self) -> None:
        for command, end in (
            ("true", {"exited": True, "status": "exit status 0"}),
            ("kill -TERM $$", {"exitCode": -1, "status": "signal: terminated", "error": "signal: terminated"}),
        ):
            id = self.sandbox.start(command)
            self.sandbox.pid(id)
            self.assertEqual(self.sandbox.rest(id)[1], end)

    def test_refusals(self) -> None:
        for fields, code in (({"cwd": "/nope"}, "invalid_argument"), ({"user": "bob"}, "unauthenticated"),
                             ({"envs": {"A=B": "\0"}}, "invalid_argument")):
            self.assertEqual(self.sandbox.next(self.sandbox.start("true", **fields))["error"]["code"], code)
        self.assertEqual(self.sandbox.code_of("start", cmd="/nonexistent"), "invalid_argument")
        self.assertEqual(self.sandbox.code_of("signal", pid=1, signal=9), "not_found")

    def test_a_deadline_kills_the_group(self) -> None:
        id = self.sandbox.start("sleep 60 & sleep 60", timeout_ms=300)
        pid = self.sandbox.pid(id)
        self.assertEqual(self.sandbox.rest(id)[1]["code"], "deadline_exceeded")
        connection = self.sandbox.send("connect", pid=pid)
        self.sandbox.pid(connection)
        self.assertEqual(self.sandbox.rest(connection)[1]["status"], "signal: killed")

    def test_input_and_its_end(self) -> None:
        # It stays until the last check: of one that has ended there would be nothing to feed.
        id = self.sandbox.start("read x; echo got $x; cat; until [ -e checked ]; do sleep 0.01; done", stdin=True,
                                tag="reader")
        pid = self.sandbox.pid(id)
        self.assertEqual([one["pid"] for one in self.sandbox.call("list")["result"]], [pid])
        self.sandbox.call("input", pid=pid, stdin=base64.b64encode(b"line\nrest").decode())
        for _ in range(2):
            self.assertEqual(self.sandbox.call("close_stdin", tag="reader")["result"], {})
        self.assertEqual(self.sandbox.code_of("input", pid=pid, stdin="aGk="), "internal")
        self.sandbox.write("checked", b"")
        self.assertEqual(self.sandbox.rest(id)[0]["stdout"], b"got line\nrest")

    def test_detached_output_is_lost_and_the_process_goes_on(self) -> None:
        id = self.sandbox.start("read x; echo lost; read x; echo heard", stdin=True, tag="both")
        self.sandbox.pid(id)
        self.sandbox.call("detach", target=id)
        self.sandbox.call("input", tag="both", stdin="Cg==")
        time.sleep(0.3)
        connection = self.sandbox.send("connect", tag="both")
        self.sandbox.pid(connection)
        self.sandbox.call("input", tag="both", stdin="Cg==")
        self.assertEqual(self.sandbox.rest(connection)[0]["stdout"], b"heard\n")

    def test_a_killed_process_ends_although_a_child_holds_its_output(self) -> None:
        id = self.sandbox.start("sleep 60 & echo ready; wait")
        pid = self.sandbox.pid(id)
        self.sandbox.next(id)
        self.assertEqual(self.sandbox.code_of("signal", pid=pid, signal=2), "unimplemented")
        self.sandbox.call("signal", pid=pid, signal=9)
        self.assertEqual(self.sandbox.rest(id)[1]["status"], "signal: killed")

    def test_a_terminal(self) -> None:
        id = self.sandbox.start("read x; stty size; tty", pty={"cols": 80, "rows": 24})
        pid = self.sandbox.pid(id)
        self.sandbox.call("resize", pid=pid, cols=100, rows=30)
        self.sandbox.call("input", pid=pid, pty="Cg==")
        output, end = self.sandbox.rest(id)
        self.assertIn(b"30 100\r\n/dev/pts/", output["pty"])
        self.assertTrue(end["exited"])

    def test_much_output_comes_in_bounded_pieces(self) -> None:
        id = self.sandbox.start("head -c 3000000 /dev/zero")
        self.sandbox.pid(id)
        sizes = []
        while "event" in (answer := self.sandbox.next(id)):
            if data := answer["event"].get("data"):
                sizes.append(len(base64.b64decode(data["stdout"])))
        self.assertEqual(sum(sizes), 3_000_000)
        self.assertLessEqual(max(sizes), 32 << 10)


class Files(AgentTest):
    def test_content_goes_through_whole(self) -> None:
        content = os.urandom(1_000_000)
        result = self.sandbox.write("a/b/c.bin", content)["result"]
        self.assertEqual(result, {"path": f"{self.sandbox.home}/a/b/c.bin", "name": "c.bin", "type": "file"})
        self.assertEqual(self.sandbox.read("~/a/b/c.bin"), content)
        self.sandbox.write("a/b/c.bin", b"")
        self.assertEqual(self.sandbox.read("a/b/c.bin"), b"")

    def test_refusals(self) -> None:
        self.sandbox.call("make_dir", path="folder")
        os.mkfifo(f"{self.sandbox.home}/fifo")
        self.sandbox.write("file", b"x")
        for op, fields, code in (
            ("read_file", {"path": "folder"}, "invalid_argument"), ("read_file", {"path": "fifo"}, "invalid_argument"),
            ("read_file", {"path": "none"}, "not_found"), ("read_file", {"path": "x", "user": "bob"}, "unauthenticated"),
            ("stat", {"path": "none"}, "not_found"), ("stat", {"path": "file/x"}, "invalid_argument"),
            ("stat", {"path": "~bob/x"}, "invalid_argument"), ("stat", {"path": "a\0b"}, "invalid_argument"),
            ("list_dir", {"path": "file"}, "invalid_argument"), ("list_dir", {"path": "none"}, "not_found"),
            ("make_dir", {"path": "folder"}, "already_exists"), ("make_dir", {"path": "file"}, "invalid_argument"),
            ("move", {"source": "none", "destination": "x"}, "not_found"),
        ):
            with self.subTest(op, **fields):
                self.assertEqual(self.sandbox.code_of(op, **fields), code)
        for path in ("folder", "fifo"):
            self.assertEqual(self.sandbox.write(path, b"x")["error"]["code"], "invalid_argument")

    def test_an_entry(self) -> None:
        self.sandbox.write("entry", b"four")
        os.chmod(f"{self.sandbox.home}/entry", 0o640)
        os.symlink("entry", f"{self.sandbox.home}/link")
        entry = self.sandbox.call("stat", path="entry")["result"]
        self.assertEqual((entry["name"], entry["type"], entry["size"], entry["mode"], entry["permissions"]),
                         ("entry", "FILE_TYPE_FILE", "4", 0o640, "-rw-r-----"))
        self.assertRegex(entry["modifiedTime"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$")
        link = self.sandbox.call("stat", path="link")["result"]
        self.assertEqual(link["symlinkTarget"], os.path.realpath(f"{self.sandbox.home}/entry"))
        self.sandbox.write("empty", b"")
        self.assertNotIn("size", self.sandbox.call("stat", path="empty")["result"])

    def test_move_list_and_remove(self) -> None:
        self.sandbox.write("from/x", b"x")
        self.sandbox.call("move", source="from/x", destination="to/deep/y")
        for depth, names in ((0, ["deep"]), (1, ["deep"]), (2, ["deep", "y"])):
            entries = self.sandbox.call("list_dir", path="to", depth=depth)["result"]["entries"]
            self.assertEqual([entry["name"] for entry in entries], names)
        for _ in range(2):
            self.assertEqual(self.sandbox.call("remove", path="to")["result"], {})
        self.assertEqual(self.sandbox.code_of("stat", path="to"), "not_found")


if __name__ == "__main__":
    unittest.main()

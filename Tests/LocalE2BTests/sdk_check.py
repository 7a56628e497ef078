"""Drives a server with E2B's official Python SDKs; says what it checked and fails on the first difference.

E2B_API_URL, E2B_SANDBOX_URL and E2B_API_KEY say where.
"""

import http.client
import os
import time
import urllib.error
import urllib.request
import uuid

from e2b import (
    CommandExitException,
    FilesystemEventType,
    FileType,
    NotFoundException,
    SandboxException,
    SandboxQuery,
    SandboxState,
    TimeoutException,
)
from e2b_code_interpreter import Sandbox

PNG = b"\x89PNG\r\n\x1a\n"


def step(name):
    print(f"ok {name}", flush=True)


def check_code(sandbox):
    plot = sandbox.run_code("import matplotlib.pyplot as plt\nplt.plot([1, 2, 4])\nplt.title('t')\nplt.show()")
    assert plot.error is None, plot.error
    assert len(plot.results) == 1 and plot.results[0].png, plot
    import base64

    assert base64.b64decode(plot.results[0].png).startswith(PNG)
    step("run_code: a plot")

    lines = []
    both = sandbox.run_code(
        "import sys\nprint('out')\nprint('err', file=sys.stderr)\n6 * 7",
        on_stdout=lambda line: lines.append(("out", line.line)),
        on_stderr=lambda line: lines.append(("err", line.line)),
    )
    assert both.text == "42", both
    assert "".join(both.logs.stdout) == "out\n" and "".join(both.logs.stderr) == "err\n", both.logs
    assert ("out", "out\n") in lines and ("err", "err\n") in lines, lines
    step("run_code: text, stdout, stderr")

    error = sandbox.run_code("def f():\n    return 1 / 0\nf()").error
    assert error.name == "ZeroDivisionError" and error.value == "division by zero", error
    assert "f()" in error.traceback
    step("run_code: an error")

    sandbox.run_code("kept = 'value'")
    assert sandbox.run_code("kept").text == "value"
    assert sandbox.run_code("import os; os.environ['FROM_CREATE']").text == "two words"
    assert sandbox.run_code("import os; os.environ['ONCE']", envs={"ONCE": "1"}).text == "1"
    step("run_code: state and environment")

    context = sandbox.create_code_context(cwd="/tmp", language="python")
    assert sandbox.run_code("import os; os.getcwd()", context=context).text == "/tmp"
    assert context.id in [other.id for other in sandbox.list_code_contexts()]
    assert sandbox.run_code("kept", context=context).error.name == "NameError"
    sandbox.restart_code_context(context)
    assert sandbox.run_code("1", context=context).execution_count == 1
    sandbox.remove_code_context(context)
    try:
        sandbox.run_code("1", context=context)
        raise AssertionError("a removed context ran code")
    except NotFoundException:
        pass
    step("contexts")

    started = time.monotonic()
    try:
        sandbox.run_code("import time\nwhile True: time.sleep(0.1)", timeout=2)
        raise AssertionError("an endless loop ended")
    except TimeoutException:
        pass
    time.sleep(0.5)
    assert sandbox.run_code("'alive'", timeout=15).text == "alive"
    assert time.monotonic() - started < 20
    step("run_code: a timeout interrupts the kernel")


def check_commands(sandbox):
    result = sandbox.commands.run("echo out; echo err >&2; echo $A; pwd", envs={"A": "1"}, cwd="/tmp")
    assert result.stdout == "out\n1\n/tmp\n" and result.stderr == "err\n" and result.exit_code == 0, result
    try:
        sandbox.commands.run("exit 3")
        raise AssertionError("exit 3 was a success")
    except CommandExitException as exit:
        assert exit.exit_code == 3
    try:
        sandbox.commands.run("true", cwd="/nowhere")
        raise AssertionError("a missing folder was entered")
    except SandboxException as error:
        assert "cwd" in str(error), error
    step("commands: foreground")

    background = sandbox.commands.run("echo started; sleep 60", background=True)
    assert any(process.pid == background.pid for process in sandbox.commands.list())
    assert sandbox.commands.kill(background.pid) is True
    try:
        background.wait()
        raise AssertionError("a killed command succeeded")
    except CommandExitException as exit:
        assert exit.exit_code != 0
    assert sandbox.commands.kill(999_999) is False
    step("commands: background, list, kill")

    reader = sandbox.commands.run("cat; echo end", background=True, stdin=True)
    sandbox.commands.send_stdin(reader.pid, "typed\n")
    sandbox.commands.close_stdin(reader.pid)
    assert reader.wait().stdout == "typed\nend\n"
    step("commands: stdin")

    silent = sandbox.commands.run("sleep 0.5; echo late", background=True)
    again = sandbox.commands.connect(silent.pid)
    assert again.wait().stdout == "late\n"
    step("commands: connect")

    try:
        sandbox.commands.run("sleep 30", timeout=1)
        raise AssertionError("a command outlived its time")
    except TimeoutException:
        pass
    step("commands: timeout")

    terminal = sandbox.pty.create(size=__import__("e2b").PtySize(rows=24, cols=80))
    sandbox.pty.send_stdin(terminal.pid, b"stty size; exit\n")
    seen = []
    try:
        terminal.wait(on_pty=seen.append)
    except CommandExitException:
        pass
    assert b"24 80" in b"".join(seen), seen
    step("pty")


def check_files(sandbox):
    files = sandbox.files
    info = files.write("dir/a.txt", "h\u00e9llo")
    assert info.path == "/home/user/dir/a.txt" and info.name == "a.txt", info
    assert files.read("dir/a.txt") == "h\u00e9llo"
    binary = bytes(range(256)) * 4096
    files.write("/tmp/b.bin", binary)
    assert bytes(files.read("/tmp/b.bin", format="bytes")) == binary
    files.write("empty", "")
    assert files.read("empty") == ""
    several = files.write_files([{"path": "m/1", "data": "one"}, {"path": "m/2", "data": b"two"}])
    assert [entry.path for entry in several] == ["/home/user/m/1", "/home/user/m/2"]
    step("files: write and read")

    entries = {entry.name: entry for entry in files.list("/home/user", depth=1)}
    assert entries["dir"].type == FileType.DIR and entries["empty"].type == FileType.FILE, entries
    entry = files.get_info("dir/a.txt")
    assert entry.size == 6 and entry.owner == "user" and entry.permissions.startswith("-rw"), entry
    assert files.exists("dir") and not files.exists("nowhere")
    step("files: list, info, exists")

    assert files.make_dir("new/deep") is True
    assert files.make_dir("new/deep") is False
    moved = files.rename("dir/a.txt", "new/deep/c.txt")
    assert moved.path == "/home/user/new/deep/c.txt"
    assert files.exists("new/deep/c.txt") and not files.exists("dir/a.txt")
    files.remove("new")
    assert not files.exists("new/deep/c.txt")
    for missing in (lambda: files.read("nowhere"), lambda: files.list("nowhere")):
        try:
            missing()
            raise AssertionError("a missing file was found")
        except NotFoundException:
            pass
    step("files: make, rename, remove")

    files.make_dir("watched/inner")
    watcher = files.watch_dir("watched", recursive=True)
    assert watcher.get_new_events() == []
    files.write("watched/inner/new", "1")
    events = {(event.name, event.type) for event in watcher.get_new_events()}
    assert ("inner/new", FilesystemEventType.CREATE) in events, events
    files.write("watched/inner/new", "22")
    events = {(event.name, event.type) for event in watcher.get_new_events()}
    assert events == {("inner/new", FilesystemEventType.WRITE)}, events
    files.remove("watched/inner/new")
    events = {(event.name, event.type) for event in watcher.get_new_events()}
    assert events == {("inner/new", FilesystemEventType.REMOVE)}, events
    watcher.stop()
    step("files: watch")

    files.write("/home/user/a b.txt", "by url")
    with urllib.request.urlopen(sandbox.download_url("/home/user/a b.txt"), timeout=10) as answer:
        assert answer.read() == b"by url"
    url = sandbox.download_url("/home/user/a b.txt")
    try:
        urllib.request.urlopen(url.replace("a%20b", "a%20c"), timeout=10)
        raise AssertionError("a signature was good for another file")
    except urllib.error.HTTPError as error:
        assert error.code == 401
    old = sandbox.download_url("/home/user/a b.txt", use_signature_expiration=1)
    time.sleep(2.1)
    try:
        urllib.request.urlopen(old, timeout=10)
        raise AssertionError("an expired signature was good")
    except urllib.error.HTTPError as error:
        assert error.code == 401 and b"expired" in error.read()
    step("files: signed urls")


def by_host(host, method, path, body=None, headers={}):
    """As curl and browsers do it: what ends in .localhost is this machine. Python's resolver asks the system's."""
    name, port = host.split(":")
    assert name.endswith(".localhost"), host
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=20)
    connection.request(method, path, body, {"Host": host, **headers})
    answer = connection.getresponse()
    return answer.status, answer.read()


def check_hosts(sandbox):
    sandbox.files.write("site/page.txt", "served")
    server = sandbox.commands.run("python3 -m http.server 8000", cwd="/home/user/site", background=True, timeout=0)
    host = sandbox.get_host(8000)
    assert host.startswith(f"8000-{sandbox.sandbox_id}.localhost:"), host
    assert by_host(host, "GET", "/page.txt") == (200, b"served")
    assert sandbox.commands.kill(server.pid) is True
    status, body = by_host(host, "GET", "/page.txt")
    assert status == 502 and b"port is not open" in body, body
    step("get_host: a server in the sandbox")

    def path_of(url):
        return url[url.index("/files"):]

    # The same signed paths at the name of envd's port, without a token.
    envd = sandbox.get_host(49983)
    boundary = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nuploaded\r\n--x--\r\n"
    status, body = by_host(envd, "POST", path_of(sandbox.upload_url("up.txt")), boundary,
                           {"Content-Type": "multipart/form-data; boundary=x"})
    assert status == 200, body
    assert sandbox.files.read("up.txt") == "uploaded"
    assert by_host(envd, "GET", path_of(sandbox.download_url("up.txt"))) == (200, b"uploaded")
    assert by_host(envd, "GET", path_of(sandbox.download_url("up.txt")).replace("up.txt", "a.txt"))[0] == 401
    step("get_host: signed urls")


def check_control(sandbox, tag):
    listed = Sandbox.list(query=SandboxQuery(metadata={"tag": tag})).next_items()
    assert [info.sandbox_id for info in listed] == [sandbox.sandbox_id], listed
    assert listed[0].metadata == {"tag": tag, "other": "x y"}, listed
    assert Sandbox.list(query=SandboxQuery(metadata={"tag": "other"})).next_items() == []
    step("list by metadata")

    before = sandbox.get_info()
    assert before.sandbox_id == sandbox.sandbox_id and before.metadata["tag"] == tag
    sandbox.set_timeout(1000)
    left = (sandbox.get_info().end_at - sandbox.get_info().started_at).total_seconds()
    assert 1000 <= left < 1100, left
    step("get_info and set_timeout")

    again = Sandbox.connect(sandbox.sandbox_id)
    assert again.run_code("1 + 1").text == "2"
    assert again.is_running()
    step("connect")


def states_of(mark):
    """The states of the processes whose command line has this mark, as this machine sees them: T stands still."""
    states = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as line, open(f"/proc/{pid}/stat") as stat:
                if mark.encode() in line.read():
                    states.append(stat.read().rpartition(")")[2].split()[0])
        except OSError:
            pass
    return states


def wait_for(condition):
    end = time.monotonic() + 60
    while not (result := condition()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return result


def resumed(sandbox):
    """The sandbox, connected. While it is being paused or resumed E2B answers 409, and wants to be asked again."""

    def connected():
        try:
            return sandbox.connect(timeout=60)
        except SandboxException as error:
            if not str(error).startswith("409"):
                raise

    return wait_for(connected)


def check_pause(sandbox, tag):
    def listed(*states):
        query = SandboxQuery(metadata={"tag": tag}, state=list(states))
        return [info.sandbox_id for info in Sandbox.list(query=query).next_items()]

    mark = f"mark-{uuid.uuid4()}"
    # One that has left its family, too.
    sandbox.commands.run(f"setsid -f bash -c 'while true; do sleep 0.1; done' {mark} >/dev/null 2>&1")
    background = sandbox.commands.run(f"bash -c 'read line' {mark}", background=True, stdin=True, timeout=0)
    sandbox.run_code("paused = 'here'")
    sandbox.files.write("kept", "on disk")
    assert len(states_of(mark)) >= 2 and "T" not in states_of(mark), states_of(mark)
    assert sandbox.pause() is True
    assert sandbox.pause() is False
    # A process that is told to stop does so when it is its turn to run.
    wait_for(lambda: set(states_of(mark)) == {"T"})
    assert listed(SandboxState.PAUSED) == [sandbox.sandbox_id] and listed(SandboxState.RUNNING) == []
    assert listed() == [sandbox.sandbox_id]
    assert sandbox.get_info().state == SandboxState.PAUSED
    assert sandbox.is_running() is False
    again = Sandbox.connect(sandbox.sandbox_id, timeout=120)
    assert again.get_info().state == SandboxState.RUNNING
    assert again.run_code("paused").text == "here"
    assert again.files.read("kept") == "on disk"
    wait_for(lambda: "T" not in states_of(mark))
    assert background.pid in [process.pid for process in again.commands.list()]
    step("pause, list, resume")

    short = Sandbox.create(timeout=1, metadata={"tag": f"{tag} short"}, lifecycle={"on_timeout": "pause"})
    wait_for(lambda: short.get_info().state == SandboxState.PAUSED)
    assert short.get_info().lifecycle["on_timeout"] == "pause", short.get_info()
    assert resumed(short).run_code("1 + 1").text == "2"
    assert short.pause() is True
    assert short.kill() is True
    step("pause at the timeout, and kill while paused")


def main():
    tag = f"a b&c={uuid.uuid4()}"
    started = time.monotonic()
    sandbox = Sandbox.create(
        timeout=120, metadata={"tag": tag, "other": "x y"}, envs={"FROM_CREATE": "two words"}
    )
    created = time.monotonic()
    sandbox.run_code("import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()")
    print(f"create {created - started:.3f} s, first plot {time.monotonic() - created:.3f} s")
    check_code(sandbox)
    check_commands(sandbox)
    check_files(sandbox)
    check_hosts(sandbox)
    check_control(sandbox, tag)
    check_pause(sandbox, tag)
    assert sandbox.kill() is True
    assert sandbox.kill() is False
    try:
        sandbox.commands.run("true")
        raise AssertionError("a killed sandbox ran a command")
    except TimeoutException:
        pass
    try:
        sandbox.run_code("1")
        raise AssertionError("a killed sandbox ran code")
    except TimeoutException:
        pass
    step("kill")
    print("all ok")


main()
